// Static linking of BPF objects: what scripts import from C becomes part of their own object before it is loaded.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace sonde::runtime {

struct ObjectFile {
  std::string name;  // for messages
  std::span<const std::byte> bytes;
};

// One object out of all. The sections of the first come first, so that offsets into them stay. Fails with the linker's own
// words: names defined twice, licences that differ, functions declared otherwise than defined.
Result<std::vector<std::byte>> link_objects(const std::vector<ObjectFile>& objects);

}  // namespace sonde::runtime
