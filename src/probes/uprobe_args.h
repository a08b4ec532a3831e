// `args` of functions in user binaries, from their debug information.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/provider.h"

namespace sonde::probes {

// Fills in the argument record of `probe`, or why there is none. `address`: where the function begins in the binary `path`,
// if that is known. `at_return`: they are read after having been saved at the entry, where only the argument registers of C
// are saved.
void set_dwarf_arguments(ProbeContext& context, ResolvedProbe& probe, const std::string& path,
                         std::optional<uint64_t> address, bool at_return);

// Lines for -lv: "TYPE NAME" of each parameter of the function `name` of `path`.
std::vector<std::string> describe_dwarf_arguments(ProbeContext& context, const std::string& path,
                                                  const std::string& name);

}  // namespace sonde::probes
