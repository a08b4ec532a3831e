// Separate debug files: where distributions, users and debuginfod put what was stripped from a binary.
#pragma once

#include <string>
#include <vector>

#include "elf/open.h"

namespace sonde::elf {

// Lower-case hex; empty if there is none.
std::string build_id(const OpenElf& elf);

// The debug file of `elf`, which was opened as `path`; empty when none is found. Searched in this order: `folders` (those
// that begin with `+` accept a file found by its name only with the right checksum), by build id and by debug link, then
// the folder of the binary, .debug beside it, /usr/lib/debug, and what debuginfod has left in its cache.
std::string find_debug_file(const OpenElf& elf, const std::string& path, const std::vector<std::string>& folders);

}  // namespace sonde::elf
