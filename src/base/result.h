// Result<T>: the channel for "the world refused" (a file, the kernel, the ELF at hand). A wrong script is a Diagnostic
// (diag/), a bug of ours is SONDE_CHECK.
#pragma once

#include <cerrno>
#include <cstring>
#include <expected>
#include <string>
#include <utility>

namespace sonde::base {

// What was attempted and why it failed. `code` is a positive errno, or 0 when no system call was refused.
struct Error {
  std::string what;  // "open /sys/kernel/btf/vmlinux": what was tried, without the errno text
  int code = 0;

  // "WHAT: STRERROR", or WHAT alone without a code.
  std::string text() const { return code ? what + ": " + std::strerror(code) : what; }
};

template <typename T = void>
using Result = std::expected<T, Error>;

// An Error for a failed system call; `code` defaults to the current errno.
inline std::unexpected<Error> fail(std::string what, int code = 0) {
  return std::unexpected(Error{std::move(what), code});
}
inline std::unexpected<Error> fail_errno(std::string what) {
  const int code = errno;
  return std::unexpected(Error{std::move(what), code});
}

}  // namespace sonde::base

namespace sonde {
using base::Error;
using base::Result;
}  // namespace sonde

// Evaluates a Result expression and returns its error from the enclosing function, else yields nothing.
#define SONDE_TRY(expression)                                      \
  do {                                                             \
    if (auto sonde_try_result = (expression); !sonde_try_result)   \
      return std::unexpected(std::move(sonde_try_result).error()); \
  } while (false)
