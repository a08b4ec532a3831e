// rawtracepoint: the kernel's tracepoints before any formatting, typed by BTF.
#include <linux/bpf.h>

#include <array>

#include "probes/rows.h"
#include "probes/support.h"

namespace sonde::probes {
namespace {

void add(ProbeContext& context, const AttachText& text, const kernel::FunctionProto& proto,
         std::vector<ResolvedProbe>& out) {
  ResolvedProbe probe = make_probe(kRawTracepoint, text, full_name("rawtracepoint", {proto.module, proto.name}),
                                   BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP);
  probe.attach = image::TracingAttach{image::TracingKind::raw_tracepoint, proto.module, proto.name, proto.btf_id};
  probe.arg_source = ArgSource::raw_words;
  probe.space = types::Space::kernel;
  set_word_arguments(context, probe, proto.parameters);
  out.push_back(std::move(probe));
}

bool resolve_matches(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  if (!check_parts(context, text, kRawTracepoint, 1, 2, "2 or 1")) return false;
  const std::string module = text.parts.size() == 3 ? text.parts[1] : "*";
  const std::string event = text.parts.back();
  if (module.empty() || event.empty()) {
    context.diagnostics.emit<diag::Id::probe_target_missing>(text.range, "rawtracepoint");
    return false;
  }
  if (!context.kernel.has_btf()) {
    context.diagnostics.emit<diag::Id::rawtracepoint_needs_btf>(text.range);
    return false;
  }
  if (!has_wildcard(event)) {
    // By name: listing would read the names of all functions.
    const auto proto = context.kernel.find_raw_tracepoint(event);
    if (proto && matches(module, proto->module)) {
      add(context, text, *proto, out);
      return true;
    }
    const auto names = context.kernel.raw_tracepoints();
    if (!has_wildcard(module))
      return report_missing(context, text, "rawtracepoint", module + ":" + event,
                            names ? *names : std::vector<std::string>());
    const std::string hint = suggestion("vmlinux:" + event, *names, "rawtracepoint:");
    if (!hint.empty()) context.hints.push_back(hint);
    return true;
  }
  const auto names = context.kernel.raw_tracepoints();
  if (!names) return true;
  for (const std::string& name : matching(module + ":" + event, *names)) {
    const auto proto = context.kernel.find_raw_tracepoint(name.substr(name.find(':') + 1));
    if (proto) add(context, text, *proto, out);
  }
  return true;
}

std::vector<std::string> list_names(ProbeContext& context, std::string_view pattern) {
  const auto names = context.kernel.raw_tracepoints();
  return names ? matching(pattern, *names) : std::vector<std::string>();
}

std::vector<std::string> describe(ProbeContext& context, std::string_view name) {
  std::vector<std::string> lines;
  const auto proto = context.kernel.find_raw_tracepoint(name.substr(name.find(':') + 1));
  if (!proto) return lines;
  for (const kernel::Parameter& parameter : proto->parameters) lines.push_back(parameter.c_text + " " + parameter.name);
  return lines;
}

constexpr std::array<std::string_view, 1> kAliases = {"rt"};

}  // namespace

const Provider kRawTracepoint = {
    .name = "rawtracepoint",
    .aliases = kAliases,
    .spec = "rawtracepoint:EVENT, rawtracepoint:MODULE:EVENT",
    .summary = "Tracepoints with the kernel's own arguments: cheaper, and with access to its structures.",
    .example = "rawtracepoint:sched_switch { @[args.next.comm] = count(); }",
    .capabilities = kHasArgs | kHasArgN | kKernelStack | kSignals,
    .in_kernel_list = true,
    .resolve = resolve_matches,
    .list = list_names,
    .describe = describe,
};

}  // namespace sonde::probes
