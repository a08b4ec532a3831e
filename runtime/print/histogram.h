// The drawing of histograms, shared by all formats that show bars.
#pragma once

#include <string>

#include "runtime/value/value.h"

namespace sonde::print {

// Appends one line per bucket (output.md 7.1).
void append_histogram(std::string& out, const value::Histogram& histogram);

}  // namespace sonde::print
