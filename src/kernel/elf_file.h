// One ELF file as uprobes see it: functions, file offsets, where its separate debug file lies. Reads through libelf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kernel/binary_view.h"

namespace sonde::kernel {

// What can be traced as `path`: "shared" objects (PIE included) need no permission, fixed-address executables must be
// executable by their owner.
bool is_traceable_binary(const std::string& path);

struct ElfFacts {
  std::vector<BinarySymbol> functions;  // sorted by name, then address
  std::vector<uint32_t> by_address;     // indices of the same, sorted by address
  bool has_dwarf = false;               // .debug_info here or in the debug file
  std::string debug_file;               // separate debug file, empty: none
};

// One function by name, from the file's own symbol tables only: a small part of the cost of read_elf(). Empty: not there.
Result<std::optional<BinarySymbol>> find_elf_function(const std::string& path, std::string_view name);

// Reads `path` and its separate debug file. Fails when the file cannot be opened or is no ELF file.
Result<ElfFacts> read_elf(const std::string& path);

}  // namespace sonde::kernel
