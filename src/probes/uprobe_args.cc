// From DWARF parameters to the record behind `args`.
#include "probes/uprobe_args.h"

#include <algorithm>
#include <utility>

#include "probes/support.h"

namespace sonde::probes {

void set_dwarf_arguments(ProbeContext& context, ResolvedProbe& probe, const std::string& path,
                         std::optional<uint64_t> address, bool at_return) {
  types::TypeContext& types = context.kernel.types();
  const auto refuse = [&](const std::string& why) {
    probe.args_error = "Could not parse arguments of \"" + probe.full_name + "\": " + why;
  };
  const auto dwarf = context.binaries.debug_info(path, types);
  if (!dwarf) return refuse(dwarf.error().text());
  const auto function = address ? (*dwarf)->function_at(*address) : std::nullopt;
  if (!function) return refuse("its debug information does not describe the function");
  ArgumentRecord record;
  for (const debuginfo::Parameter& parameter : function->parameters) {
    if (parameter.on_stack) {
      probe.args_error = "'args' builtin is not supported for probes with stack-passed arguments.";
      return;
    }
    const bool in_pieces = !parameter.pieces.empty() && !at_return;
    record.add(parameter.name, parameter.first_register || in_pieces ? parameter.type : types.none(),
               parameter.first_register.value_or(0));
    probe.arg_pieces.push_back({parameter.pieces, parameter.by_reference});
  }
  std::move(record).finish(types, probe);
}

std::vector<std::string> describe_dwarf_arguments(ProbeContext& context, const std::string& path,
                                                  const std::string& name) {
  std::vector<std::string> lines;
  const auto dwarf = context.binaries.debug_info(path, context.kernel.types());
  if (!dwarf) {
    std::string warning = "No DWARF found for \"" + path + "\", cannot show parameter info";
    auto& all = context.warnings;
    if (std::find(all.begin(), all.end(), warning) == all.end()) all.push_back(std::move(warning));
    return lines;
  }
  const auto symbol = context.binaries.find_function(path, name);
  const auto function = symbol ? (*dwarf)->function_at(symbol->address) : std::nullopt;
  if (!function) return lines;
  for (const debuginfo::Parameter& parameter : function->parameters)
    lines.push_back(parameter.text + " " + parameter.name);
  return lines;
}

}  // namespace sonde::probes
