// Maps keyed by stacks as what flame graphs are made of: a path of frames from the root, and a weight.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/value/value.h"

namespace sonde::print {

struct WeightedStack {
  std::vector<std::string> frames;  // the root first
  uint64_t weight = 0;
};

// The entries of `map` whose key holds a stack and whose value is a number (or counts something). Other parts of the key
// (comm, pid) come in front of the frames, user frames in front of kernel frames; frames are named without address, offset
// and file.
std::vector<WeightedStack> weighted_stacks(const value::MapValue& map);

}  // namespace sonde::print
