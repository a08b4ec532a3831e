// Facts about user binaries for uprobe and usdt attach points: symbols, file offsets, notes. Reads ELF files; keeps what it
// read for the life of the view.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sonde::kernel {

struct BinarySymbol {
  std::string name;
  uint64_t address = 0;      // virtual address in the ELF file
  uint64_t size = 0;         // bytes; 0: unknown
  uint64_t file_offset = 0;  // by the program headers
};

class BinaryView {
 public:
  BinaryView();
  ~BinaryView();
  // Files a uprobe target text stands for: short library names by ld.so.cache, $PATH, globs. One file has one entry, however
  // many folders lead to it. Matches of a glob are sorted; else the working directory comes first, then $PATH in its order.
  // Fails with the message for the user when there is none.
  Result<std::vector<std::string>> resolve_path(std::string_view text, std::string_view provider) const;
  // Functions (FUNC, GNU_IFUNC) of the file's symbol tables and separate debug file, sorted by name.
  Result<const std::vector<BinarySymbol>*> functions(const std::string& path) const;
  Result<BinarySymbol> find_function(const std::string& path, std::string_view name) const;
  // The function that covers a virtual address.
  Result<BinarySymbol> find_address(const std::string& path, uint64_t address) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sonde::kernel
