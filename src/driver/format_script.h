// --fmt (cli.md 9).
#pragma once

#include "driver/options.h"
#include "driver/script.h"

namespace sonde::driver {

// Prints the script in canonical layout, or replaces the file of -o by it. Gives the exit code.
int format_script(const Options& options, const Console& console);

}  // namespace sonde::driver
