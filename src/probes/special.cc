// begin, end, self: programs that sonde runs in itself (BPF_PROG_TEST_RUN), before, after and while tracing.
#include <linux/bpf.h>

#include "probes/rows.h"
#include "probes/support.h"

namespace sonde::probes {
namespace {

constexpr uint32_t kCapabilities = kKernelStack | kRunsInTracer;
constexpr std::string_view kSignal = "SIGUSR1";

void add(const Provider& provider, const AttachText& text, std::string name, image::RunPhase phase,
         std::vector<ResolvedProbe>& out) {
  ResolvedProbe probe = make_probe(provider, text, std::move(name), BPF_PROG_TYPE_RAW_TRACEPOINT);
  probe.probetype = "special";
  probe.attach = image::TestRunAttach{phase};
  out.push_back(std::move(probe));
}

bool resolve_bare(const Provider& provider, image::RunPhase phase, ProbeContext& context, const AttachText& text,
                  std::vector<ResolvedProbe>& out) {
  const bool star = text.parts.size() == 2 && text.parts[1] == "*";
  if (!star && !check_parts(context, text, provider, 0, 0, "0")) return false;
  add(provider, text, std::string(provider.name), phase, out);
  return true;
}

bool resolve_begin(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_bare(kBegin, image::RunPhase::begin, context, text, out);
}

bool resolve_end(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_bare(kEnd, image::RunPhase::end, context, text, out);
}

bool resolve_self(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  if (!check_parts(context, text, kSelf, 2, 2, "2")) return false;
  if (text.parts[1] != "signal") {
    context.diagnostics.emit<diag::Id::self_trigger_unknown>(text.range, text.parts[1]);
    return false;
  }
  if (text.parts[2] != kSignal) {
    context.diagnostics.emit<diag::Id::self_signal_unknown>(text.range, text.parts[2]);
    return false;
  }
  add(kSelf, text, full_name("self", {"signal", kSignal}), image::RunPhase::signal, out);
  return true;
}

std::vector<std::string> list_self(ProbeContext&, std::string_view pattern) {
  const std::string name = "signal:" + std::string(kSignal);
  return matching(pattern, std::span(&name, 1));
}

}  // namespace

const Provider kBegin = {
    .name = "begin",
    .spec = "begin",
    .summary = "Runs once before anything is attached.",
    .example = "begin { printf(\"tracing...\\n\"); }",
    .capabilities = kCapabilities,
    .resolve = resolve_begin,
};

const Provider kEnd = {
    .name = "end",
    .spec = "end",
    .summary = "Runs once after everything is detached, before maps are printed.",
    .example = "end { printf(\"after %d ms\\n\", elapsed / 1000000); }",
    .capabilities = kCapabilities,
    .resolve = resolve_end,
};

const Provider kSelf = {
    .name = "self",
    .spec = "self:signal:SIGUSR1",
    .summary = "Runs when sonde itself gets the signal; keeps it alive without any other probe.",
    .example = "profile:hz:99 { @[comm] = count(); } self:signal:SIGUSR1 { print(@); }",
    .capabilities = kCapabilities,
    .resolve = resolve_self,
    .list = list_self,
};

}  // namespace sonde::probes
