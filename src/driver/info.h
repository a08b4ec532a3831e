// The report of --info (cli.md 7).
#pragma once

#include <string>

#include "driver/options.h"

namespace sonde::driver {

// What this build consists of and what this kernel offers. Loads small programs to find out.
std::string info_text(const Options& options);

}  // namespace sonde::driver
