// What the command line asks for: compile and run, build an executable, list probes.
#pragma once

#include "driver/options.h"

namespace sonde::driver {

// Does what `options` say and gives the exit code of the process. Prints.
int run_main(const Options& options);

}  // namespace sonde::driver
