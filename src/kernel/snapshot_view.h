// A kernel recorded in a folder, for tests that must not depend on the machine. Contents (all but `machine` optional):
//   machine               lines "release R", "arch A", "possible_cpus N", "lockdown MODE", "feature NAME", "without NAME" (a
//                         feature that BTF promises), "module NAME", "cgroup PATH ID"
//   btf/vmlinux, btf/M    raw BTF of the kernel and of modules
//   events/C/E/format     formats of tracepoints; available_events lists "C:E"
//   traceable_functions   as available_filter_functions of tracefs
//   kallsyms              as /proc/kallsyms
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "kernel/kernel_view.h"

namespace sonde::kernel {

// Fails without a readable file `machine`. `types` must outlive the view.
Result<std::unique_ptr<KernelView>> snapshot_view(types::TypeContext& types, const std::string& folder);

}  // namespace sonde::kernel
