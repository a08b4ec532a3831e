// Where a member lies in a ZIP archive (APPNOTE.TXT 6.3, without ZIP64): libraries of applications are run right out of them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace sonde::elf {

struct ZipMember {
  uint64_t offset = 0, size = 0;  // bytes of the archive
  bool stored = false;            // not compressed
};

// `archive` is the whole file. Fails when it is no archive or has no such member.
Result<ZipMember> find_zip_member(std::string_view archive, std::string_view name);

}  // namespace sonde::elf
