// What a builtin may ask of the probe it stands in. Declared at the bottom of the include table because both sides of the
// question, providers and builtins, name it and neither may include the other.
#pragma once

#include <cstdint>

namespace sonde::types {

// One bit each; a provider offers a union of them and a builtin's row names those it needs.
enum Capability : uint32_t {
  kHasArgN = 1u << 0,
  kHasArgs = 1u << 1,
  kHasRetval = 1u << 2,
  kHasFunc = 1u << 3,
  kHasCtx = 1u << 4,
  kHasReg = 1u << 5,
  kUserContext = 1u << 6,  // func is a usym_t, pointers are user space
  kSleepable = 1u << 7,
  kKernelStack = 1u << 8,    // get_stack may be called
  kSignals = 1u << 9,        // signal() allowed
  kRunsInTracer = 1u << 10,  // begin, end, self
  kSequenceFile = 1u << 11,  // printf writes to the file through which the kernel's objects are read: iter
  kIsExercise = 1u << 12,    // test, bench: run by sonde on an invented packet
};

}  // namespace sonde::types
