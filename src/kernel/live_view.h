// The kernel that sonde runs on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernel/kernel_view.h"

namespace sonde::kernel {

struct LiveOptions {
  // File to be used for the list of traceable functions; empty: tracefs.
  std::string traceable_functions;
  // BTF file to be used instead of the kernel's; empty: /sys/kernel/btf.
  std::string btf;
  // Names that has_feature() denies.
  std::vector<std::string> disabled_features;
};

// Never fails: what the system lacks shows in the answers of the view. `types` must outlive it.
std::unique_ptr<KernelView> live_view(types::TypeContext& types, LiveOptions options = {});

}  // namespace sonde::kernel
