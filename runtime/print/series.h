// The drawing of time series, and the times of their intervals.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/value/value.h"

namespace sonde::print {

// Appends one line per interval between the two axes (output.md 8), or `<no data>`.
void append_series(std::string& out, const value::Series& series);

// Appends local wall-clock time by a strftime format, then a point and `digits` digits of the second (none if 0).
void append_local_time(std::string& out, const char* format, uint64_t nanoseconds, uint32_t digits);

}  // namespace sonde::print
