// Whether messages are coloured: one rule for sonde and sonde-run.
#pragma once

#include <string>

namespace sonde::base {

// SONDE_COLOR, then its older name BPFTRACE_COLOR: always, never or auto (the default: both streams are terminals).
// `complaint` gets a text, without severity, when the variable has another value.
bool wants_color(std::string& complaint);

}  // namespace sonde::base
