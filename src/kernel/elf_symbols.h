// Symbols of any kind in ELF files, functions and data, for addresses that scripts ask for by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sonde::kernel {

struct ElfSymbol {
  uint64_t address = 0;  // virtual address in the file
  uint64_t size = 0;     // bytes; 0: unknown
};

// From the symbol table or the dynamic one of `path`. Fails when the file cannot be read or has no such symbol.
Result<ElfSymbol> find_elf_symbol(const std::string& path, std::string_view name);

// The virtual address of what lies at `offset` of the file, by its loadable segments.
Result<uint64_t> elf_address_of_offset(const std::string& path, uint64_t offset);

}  // namespace sonde::kernel
