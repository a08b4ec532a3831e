// ELF symbol tables: address to symbol, symbol to file offset, build id, separate debug files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace sonde::symbols {

struct ElfSymbol {
  uint64_t address = 0;   // virtual address in the file
  uint64_t size = 0;      // bytes, 0 if unknown
  std::string_view name;  // lives as long as the ElfFile
};

// One ELF file with its symbols (.symtab, or .dynsym plus the separate debug file). Opened cheaply; the symbols are read and
// sorted at the first question.
class ElfFile {
 public:
  // Fails if the file cannot be opened or is no ELF file. Separate debug files are searched in `debug_folders`, then as
  // elf/debug_file.h says.
  static Result<std::unique_ptr<ElfFile>> open(const std::string& path, std::vector<std::string> debug_folders = {});
  // An ELF image in memory (the vdso), copied.
  static Result<std::unique_ptr<ElfFile>> from_memory(std::vector<char> bytes);
  ~ElfFile();
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  // The function that contains virtual address `address`; one without a size reaches to its successor.
  std::optional<ElfSymbol> find(uint64_t address);
  // The symbol called `name`: functions first, also data. Versioned symbols are found by their bare names.
  std::optional<ElfSymbol> find(std::string_view name);

  // What holds the debug information about the file, itself or its separate debug file; an invalid descriptor if there is
  // none. To be asked before release().
  base::Fd debug_info() const;

  // Reads the functions now and closes the file; find(name) then knows functions only.
  void release();

  // Translations by program headers; nothing if no loaded segment covers the place.
  std::optional<uint64_t> file_offset(uint64_t address) const;
  std::optional<uint64_t> address_at(uint64_t file_offset) const;

  // Lower-case hex, empty if there is none.
  const std::string& build_id() const;

 private:
  struct State;
  explicit ElfFile(std::unique_ptr<State> state);
  void load_functions();
  std::unique_ptr<State> state_;
};

// File offset of `symbol` in `path`, as uprobes want it. Fails if the file is unreadable or has no such symbol.
Result<uint64_t> file_offset_of_symbol(const std::string& path, const std::string& symbol);

}  // namespace sonde::symbols
