// Listing of probes (-l, probes.md 7).
#pragma once

#include "driver/options.h"

namespace sonde::driver {

// Prints what `options.search` matches, or the probes of a program, and gives the exit code.
int list_probes(const Options& options);

}  // namespace sonde::driver
