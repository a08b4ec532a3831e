// SONDE_CHECK: the channel for "we are wrong". A failed check is a bug in sonde, never a bad script or a hostile kernel,
// so it says where and stops the process at once.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace sonde::base {

// Prints the failed condition with its place and aborts.
[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "sonde: internal error: %s does not hold (%s:%d); please report this\n", condition, file, line);
  std::abort();
}

}  // namespace sonde::base

#define SONDE_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::sonde::base::check_failed(#condition, __FILE__, __LINE__))
#define SONDE_UNREACHABLE() ::sonde::base::check_failed("unreachable", __FILE__, __LINE__)
