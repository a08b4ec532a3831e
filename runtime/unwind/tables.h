// Rows for dw_ustack from the .eh_frame section of one object (System V ABI AMD64 3.7, DWARF 5 section 6.4). x86_64.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "image/unwind_tables.h"

namespace sonde::unwind {

// A segment with code, as the loader maps it.
struct CodeSegment {
  uint64_t file_offset = 0, file_size = 0, address = 0;
};

struct ObjectRows {
  uint64_t lowest_address = 0;         // of the loaded segments; row addresses count from here
  std::vector<CodeSegment> segments;   // in the order of the program headers
  std::vector<sonde_unwind_row> rows;  // by address, at most SONDE_UNWIND_OBJECT_ROWS
  bool cut = false;                    // there were more

  // Virtual address in the object of the first byte of an executable mapping that begins at `file_offset`, which is a whole
  // number of pages where the segment's own begin need not be. Nothing if no code lies there.
  std::optional<uint64_t> address_at(uint64_t file_offset) const;
};

// Reads the ELF file behind `fd`. Functions are found by .eh_frame_hdr. Fails if it is no ELF file or has neither.
Result<ObjectRows> read_rows(int fd);
// The same for an ELF image in memory (the vdso).
Result<ObjectRows> read_rows(std::vector<char>& bytes);

}  // namespace sonde::unwind
