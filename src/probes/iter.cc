// iter: programs that the kernel runs once per task, map, socket, ...
#include <linux/bpf.h>

#include <array>

#include "probes/rows.h"
#include "probes/support.h"

namespace sonde::probes {
namespace {

bool resolve_matches(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  const size_t parts = text.parts.size() - 1;
  if (parts < 1 || parts > 2) {
    context.diagnostics.emit<diag::Id::iter_part_count>(text.range);
    return false;
  }
  const std::string& name = text.parts[1];
  if (name.empty()) {
    context.diagnostics.emit<diag::Id::iter_name_missing>(text.range);
    return false;
  }
  if (has_wildcard(name)) {
    context.diagnostics.emit<diag::Id::iter_wildcard>(text.range);
    return false;
  }
  const auto proto = context.kernel.find_iterator(name);
  if (!proto) {
    auto& diagnostic = context.diagnostics.emit<diag::Id::iter_unknown>(text.range, name);
    const std::string hint = suggestion(name, context.kernel.iterators(), "iter:");
    if (!hint.empty()) diagnostic.hints.push_back(hint);
    return false;
  }
  ResolvedProbe probe = make_probe(kIter, text, full_name("iter", {name}), BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER);
  image::TracingAttach attach{image::TracingKind::iterator, proto->module, name, proto->btf_id};
  if (parts == 2) attach.pin = text.parts[2];
  probe.attach = std::move(attach);
  probe.arg_source = ArgSource::iterator;
  probe.space = types::Space::kernel;
  probe.context_type = proto->result;
  out.push_back(std::move(probe));
  return true;
}

std::vector<std::string> list_names(ProbeContext& context, std::string_view pattern) {
  return matching(pattern, context.kernel.iterators());
}

std::vector<std::string> describe(ProbeContext& context, std::string_view name) {
  std::vector<std::string> lines;
  const auto proto = context.kernel.find_iterator(name);
  if (!proto) return lines;
  for (const kernel::Parameter& parameter : proto->parameters) lines.push_back(parameter.c_text + " " + parameter.name);
  return lines;
}

constexpr std::array<std::string_view, 1> kAliases = {"it"};

}  // namespace

const Provider kIter = {
    .name = "iter",
    .aliases = kAliases,
    .spec = "iter:NAME, iter:NAME:PIN",
    .summary =
        "Runs once for each kernel object of a kind: tasks, open files, BPF maps, sockets. With PIN it is kept as a "
        "file, and runs when that is read.",
    .example = "iter:task { printf(\"%d %s\\n\", ctx.task.pid, ctx.task.comm); }",
    .capabilities = kHasCtx | kSequenceFile,
    .in_kernel_list = true,
    .resolve = resolve_matches,
    .list = list_names,
    .describe = describe,
};

}  // namespace sonde::probes
