// Listing of probes (-l, probes.md 7).
#pragma once

#include "driver/options.h"
#include "driver/script.h"

namespace sonde::driver {

// Prints what `options.search` matches, or the probes of a program, and gives the exit code.
int list_probes(const Options& options, const Console& console);

}  // namespace sonde::driver
