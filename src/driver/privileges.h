// What the process must be allowed to do before anything is tried (cli.md 11).
#pragma once

#include <optional>
#include <string>

namespace sonde::driver {

// Why tracing is not possible for this process: names the missing capabilities and what to do. Empty: it may be tried.
std::optional<std::string> missing_privileges();

}  // namespace sonde::driver
