// Where the headers of a kernel's source tree are, for `#include <linux/sched.h>` (cli.md 10).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sonde::cdef {

// The folders that the kernel's own build searches, in its order: of the tree that SONDE_KERNEL_SOURCE and
// SONDE_KERNEL_BUILD name (or the older prefix), else of /lib/modules/RELEASE. `machine` as uname gives it; ARCH in the
// environment names another architecture's folder. Only folders that exist; empty: there is no tree.
std::vector<std::string> kernel_tree_folders(const std::string& machine, const std::string& release);

// What the kernel's build says before each of its files, as text to preprocess.
std::string_view kernel_tree_preamble();

}  // namespace sonde::cdef
