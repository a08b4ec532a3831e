// The colour rule of cli.md 10.
#include "base/color.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace sonde::base {

bool wants_color(std::string& complaint) {
  const char* name = std::getenv("SONDE_COLOR") ? "SONDE_COLOR" : "BPFTRACE_COLOR";
  const char* value = std::getenv(name);
  const std::string_view choice = value ? value : "auto";
  if (choice == "always") return true;
  if (choice == "never") return false;
  if (choice != "auto")
    complaint = std::string("Invalid env value! The valid values of `") + name +
                "` are [auto|always|never]. The current value is " + value + "!";
  return isatty(STDOUT_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

}  // namespace sonde::base
