// `-l`: names of probes and types by pattern, and the probes of a program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/provider.h"

namespace sonde::probes {

struct Listing {
  std::vector<std::string> lines;     // for standard output, without newlines
  std::vector<std::string> warnings;  // texts, without severity
};

// Everything that matches `search`: items separated by commas, each "PATTERN", "PROVIDER:PATTERN" or "struct PATTERN";
// empty or `*`: all probes of the kernel. `verbose` adds the parameters below each name, and shows types as their
// definitions (one entry of several lines).
Listing list_probes(ProbeContext& context, std::string_view search, bool verbose);

// One probe of a program as the listing of a program shows it, parameters below if `verbose`. Empty for probes that are
// not events of their own (begin, end, self).
std::vector<std::string> list_resolved(ProbeContext& context, const ResolvedProbe& probe, bool verbose);

}  // namespace sonde::probes
