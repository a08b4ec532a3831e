// The values written into a program's read-only data before it is loaded: named script parameters from the command
// line, and facts of this process and machine.
#pragma once

#include <sys/types.h>

#include <expected>
#include <string>
#include <vector>

#include "image/image.h"
#include "runtime/load.h"

namespace sonde::runtime {

struct ParameterContext {
  std::vector<std::string> arguments;  // "--name=value" or "--name"
  pid_t child = 0;                     // -c
  pid_t target = 0;                    // -p
};

// What is wrong with the arguments: lines for the user, each an error or a hint (cli.md 8.2).
struct ParameterFault {
  std::string error;  // may be empty (--help)
  std::string hint;   // may be empty
};

std::expected<std::vector<ParameterValue>, ParameterFault> resolve_parameters(const image::Image& image,
                                                                              const ParameterContext& context);

}  // namespace sonde::runtime
