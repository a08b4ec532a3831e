// tracefs without depending on it being mounted: event ids and formats are read through a directory descriptor. Used by
// the compiler's kernel view and by the runtime, so that both see the same files.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace sonde::base {

// Descriptor of the root directory of tracefs, for openat(). An existing mount is used; without one a mount of our own
// is made that no path leads to and that ends with the descriptor. Fails with the command that would mount it.
Result<Fd> tracefs_root();

// Contents of a file below `root` ("events/sched/sched_switch/id"). Fails with the path and errno.
Result<std::string> read_tracefs(const Fd& root, const std::string& path);
// The same for a single file.
Result<std::string> read_tracefs(const std::string& path);

}  // namespace sonde::base
