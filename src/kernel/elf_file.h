// One ELF file as uprobes see it: functions and file offsets, and where its debug information lies. Reads through libelf.
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
};

// One function by name, from the file's own symbol tables only: a small part of the cost of read_elf(). Empty: not there.
Result<std::optional<BinarySymbol>> find_elf_function(const std::string& path, std::string_view name);

// Address of a symbol of any type by name, in the file or its separate debug file.
Result<uint64_t> find_elf_object(const std::string& path, std::string_view name,
                                 const std::vector<std::string>& debug_folders);

// Reads `path` and its separate debug file (elf/debug_file.h says where that is looked for). Fails when the file cannot be
// opened or is no ELF file.
Result<ElfFacts> read_elf(const std::string& path, const std::vector<std::string>& debug_folders);

// The file that holds the DWARF information about `path`: itself, or its debug file; empty: none has any.
Result<std::string> debug_info_file(const std::string& path, const std::vector<std::string>& debug_folders);

}  // namespace sonde::kernel
