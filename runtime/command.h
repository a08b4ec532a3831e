// Running a shell command for the system() action.
#pragma once

#include <string>

#include "base/result.h"

namespace sonde::runtime {

struct CommandResult {
  std::string output;  // standard output and standard error together
  bool signalled = false;
  int code = 0;  // exit code or signal number
};

// Runs `sh -c COMMAND` to its end with default signal dispositions and an empty signal mask.
Result<CommandResult> run_shell(const std::string& command);

}  // namespace sonde::runtime
