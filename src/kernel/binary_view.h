// Facts about user binaries for uprobe and usdt attach points: symbols, file offsets, notes. Reads ELF files; keeps what it
// read for the life of the view.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "debuginfo/dwarf_file.h"
#include "kernel/usdt_notes.h"

namespace sonde::kernel {

struct BinarySymbol {
  std::string name;
  uint64_t address = 0;      // virtual address in the ELF file
  uint64_t size = 0;         // bytes; 0: unknown
  uint64_t file_offset = 0;  // by the program headers; counted from the start of the archive for an archive's member
};

class BinaryView {
 public:
  // `debug_folders`: searched first for separate debug files (--debuginfo).
  explicit BinaryView(std::vector<std::string> debug_folders = {});
  ~BinaryView();
  // Files a uprobe target text stands for: short library names by ld.so.cache, $PATH, globs, `*` for whatever is mapped. One
  // file has one entry, however many folders lead to it. Matches of a glob are sorted; else the working directory comes
  // first, then $PATH in its order. `pid`: the process whose libraries, $PATH and mount namespace count, 0 for none.
  // Fails with the message for the user when there is none.
  Result<std::vector<std::string>> resolve_path(std::string_view text, std::string_view provider, int pid = 0) const;
  // Functions (FUNC, GNU_IFUNC) of the file's symbol tables and separate debug file, sorted by name.
  Result<const std::vector<BinarySymbol>*> functions(const std::string& path) const;
  Result<BinarySymbol> find_function(const std::string& path, std::string_view name) const;
  // The function that covers a virtual address.
  Result<BinarySymbol> find_address(const std::string& path, uint64_t address) const;
  // Address of a symbol of any type, from the symbol tables and the separate debug file.
  Result<uint64_t> find_object(const std::string& path, std::string_view name) const;
  // The file to attach to: the archive when `path` names a member of one.
  static std::string file_of(const std::string& path);
  // Place in the file (or archive) of a virtual address.
  Result<uint64_t> file_offset(const std::string& path, uint64_t address) const;
  // Static probes.
  Result<const UsdtNotes*> usdt_notes(const std::string& path) const;
  // The file with the DWARF information about `path`, which may be itself; empty: there is none.
  const std::string& debug_info_file(const std::string& path) const;
  // What is in it; it stays with the view, and so do the types that it makes in `types`.
  Result<debuginfo::DwarfFile*> debug_info(const std::string& path, types::TypeContext& types) const;
  // `size` bytes of code at a virtual address, fewer at the end of the file's part of it.
  Result<std::vector<uint8_t>> code(const std::string& path, uint64_t address, uint64_t size) const;
  uint16_t machine(const std::string& path) const;  // EM_*
  // Whether the Go project's own compiler made it, stripped or not.
  bool is_go(const std::string& path) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sonde::kernel
