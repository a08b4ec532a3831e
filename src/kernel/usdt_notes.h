// Static probes that a binary declares in its section .note.stapsdt (the format of <sys/sdt.h>).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace sonde::kernel {

// One place in the code; the same provider and name occur once per place that the compiler made.
struct UsdtNote {
  std::string provider, name;
  std::string arguments;          // "-4@%edi 8@(%rsp)"
  uint64_t address = 0;           // virtual, corrected for prelinking
  uint64_t file_offset = 0;       // of the instruction
  uint64_t semaphore_offset = 0;  // of the counter in the file; 0: none
};

struct UsdtNotes {
  uint16_t machine = 0;         // EM_*: tells how arguments are written
  std::vector<UsdtNote> notes;  // by provider and name, then in the order of the section
};

// Fails when `path` is no ELF file; a file without such notes has an empty list.
Result<UsdtNotes> read_usdt_notes(const std::string& path);

}  // namespace sonde::kernel
