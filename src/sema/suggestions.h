// "did you mean" hints on diagnostics.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/suggest.h"
#include "kernel/kernel_view.h"

namespace sonde::sema {

// Appends one hint with the candidates closest to `wanted`, if any are close.
inline void add_suggestions(std::vector<std::string>& hints, std::string_view wanted,
                            const std::vector<std::string>& candidates) {
  std::string text = base::did_you_mean(base::nearest(wanted, candidates));
  if (!text.empty()) hints.push_back(std::move(text));
}

// Says why the kernel's types are unknown, where the kernel does not describe any.
inline void add_btf_hint(std::vector<std::string>& hints, const kernel::KernelView& kernel) {
  if (!kernel.has_btf())
    hints.push_back(
        "the kernel offers no BTF (/sys/kernel/btf/vmlinux), so its types are unknown; kernels built with "
        "CONFIG_DEBUG_INFO_BTF have it");
}

}  // namespace sonde::sema
