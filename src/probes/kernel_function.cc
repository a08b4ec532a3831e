// Names of kernel functions, shared by kprobe and fentry; the offset syntax also by uprobe.
#include "probes/kernel_function.h"

#include <algorithm>

#include "kernel/kernel_text.h"
#include "probes/support.h"

namespace sonde::probes {

FunctionList traceable_functions(const kernel::KernelView& kernel) {
  if (auto names = kernel.traceable_functions()) return {std::move(*names), true};
  auto names = kernel.btf_functions();
  return {names ? std::move(*names) : std::vector<std::string>(), false};
}

bool known_by_btf(const kernel::KernelView& kernel, std::string_view module, const std::string& function) {
  return !kernel::must_not_trace(function) && kernel.find_function(module, function).has_value();
}

std::optional<FunctionText> split_offset(ProbeContext& context, const AttachText& text, const std::string& part) {
  const size_t plus = part.find('+');
  if (plus == part.npos) return FunctionText{part, std::nullopt};
  const std::string offset = part.substr(plus + 1);
  if (offset.find('+') != offset.npos) {
    context.diagnostics.emit<diag::Id::probe_offset_repeated>(text.range);
    return std::nullopt;
  }
  if (offset.empty()) {
    context.diagnostics.emit<diag::Id::probe_offset_invalid>(text.range, "");
    return std::nullopt;
  }
  const auto number = parse_number(offset);
  if (!number) {
    context.diagnostics.emit<diag::Id::probe_offset_invalid>(text.range, ": " + number.error());
    return std::nullopt;
  }
  return FunctionText{part.substr(0, plus), *number};
}

std::vector<std::string> bare_names(const std::vector<std::string>& names) {
  std::vector<std::string> bare;
  for (const std::string& name : names) bare.push_back(name.substr(name.find(':') + 1));
  std::sort(bare.begin(), bare.end());
  bare.erase(std::unique(bare.begin(), bare.end()), bare.end());
  return bare;
}

}  // namespace sonde::probes
