// The list of providers, and what concerns several of them: names, wildcarded providers, the limit on programs.
#include <algorithm>
#include <array>

#include "probes/rows.h"
#include "probes/support.h"

namespace sonde::probes {
namespace {

constexpr std::array<const Provider*, 20> kProviders = {
    &kBegin,      &kEnd,           &kSelf,       &kInterval,  &kProfile, &kSoftware, &kHardware,
    &kTracepoint, &kRawTracepoint, &kKprobe,     &kKretprobe, &kFentry,  &kFexit,    &kUprobe,
    &kUretprobe,  &kUsdt,          &kWatchpoint, &kIter,      &kTest,    &kBench,
};

bool is_alias(const Provider& provider, std::string_view name) {
  return std::find(provider.aliases.begin(), provider.aliases.end(), name) != provider.aliases.end();
}

bool report_unknown(ProbeContext& context, const AttachText& text) {
  const std::string& name = text.parts[0];
  const std::string folded = lower(name);
  // Short names distinguish upper and lower case (`U` is not `u`).
  if (folded != name && find_provider(folded)) {
    context.diagnostics.emit<diag::Id::invalid_provider>(text.range, folded);
    return false;
  }
  auto& diagnostic = context.diagnostics.emit<diag::Id::invalid_probe_type>(text.range, name);
  std::vector<std::string> names;
  for (const Provider* provider : kProviders) names.emplace_back(provider->name);
  const std::string hint = suggestion(name, names, "");
  if (!hint.empty()) {
    diagnostic.hints.push_back(hint);
    return false;
  }
  std::string all;
  for (const std::string& each : names) all += (all.empty() ? "probe types are " : ", ") + each;
  diagnostic.hints.push_back(all);
  return false;
}

// One provider of a wildcarded name. A number of parts that does not fit it drops it silently.
bool resolve_copy(const Provider& provider, ProbeContext& context, const AttachText& text,
                  std::vector<ResolvedProbe>& out) {
  diag::Diagnostics messages;
  ProbeContext copy{context.kernel,  context.binaries,     messages,
                    context.unsafe,  context.pid,          context.expand_all,
                    context.missing, context.max_programs, context.wants_args};
  const bool good = provider.resolve(copy, text, out);
  const auto is_count = [](const diag::Diagnostic& message) {
    return message.id == diag::Id::probe_part_count || message.id == diag::Id::iter_part_count;
  };
  if (!good && std::any_of(messages.all().begin(), messages.all().end(), is_count)) return true;
  for (const diag::Diagnostic& message : messages.all()) context.diagnostics.append(message);
  context.hints.insert(context.hints.end(), copy.hints.begin(), copy.hints.end());
  return good;
}

bool resolve_any(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  const bool user = context.pid || (text.parts.size() > 1 && text.parts[1].find('/') != std::string::npos);
  bool any = false;
  for (const Provider* provider : kProviders) {
    const bool listed = user ? provider == &kUprobe || provider == &kUsdt : provider->in_kernel_list;
    if (!listed || !matches(lower(text.parts[0]), provider->name)) continue;
    // A kernel without kprobes has none for a wildcard to match.
    if (provider == &kKprobe && !context.kernel.has_feature("kprobe")) continue;
    any = true;
    if (!resolve_copy(*provider, context, text, out)) return false;
  }
  if (any) return true;
  context.diagnostics.emit<diag::Id::probe_type_unmatched>(text.range, text.parts[0]);
  context.diagnostics.emit<diag::Id::probe_without_attach_points>(text.range);
  return false;
}

// Of the matches of one attach point whose block reads `args`, those that have none to be read are left out. If that is all
// of them, the first stays for the checker to object to.
void drop_without_arguments(ProbeContext& context, const AttachText& text, size_t before,
                            std::vector<ResolvedProbe>& out) {
  const size_t matches = out.size() - before;
  if (!context.wants_args || matches < 2) return;
  const auto added = out.begin() + static_cast<ptrdiff_t>(before);
  const auto lacks = [](const ResolvedProbe& probe) { return !probe.args_type; };
  const auto first = std::find_if(added, out.end(), lacks);
  if (first == out.end()) return;
  const std::string why = first->args_error.empty() ? first->full_name + " has none." : first->args_error;
  ResolvedProbe witness = *first;
  out.erase(std::remove_if(added, out.end(), lacks), out.end());
  if (out.size() == before) {
    out.push_back(std::move(witness));
  } else if (context.missing != ProbeContext::Missing::ignore) {
    context.diagnostics.emit<diag::Id::probe_args_skipped>(text.range, matches - (out.size() - before), matches,
                                                           text.text, why);
  }
}

}  // namespace

std::span<const Provider* const> providers() { return kProviders; }

const Provider* find_provider(std::string_view name) {
  const std::string folded = lower(name);
  for (const Provider* provider : kProviders)
    if (provider->name == folded || is_alias(*provider, name)) return provider;
  return nullptr;
}

bool resolve(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  const size_t before = out.size();
  bool good = false;
  if (text.parts.empty() || text.parts[0].empty()) {
    context.diagnostics.emit<diag::Id::invalid_probe_type>(text.range, text.text);
  } else if (has_wildcard(text.parts[0])) {
    good = resolve_any(context, text, out);
  } else if (const Provider* provider = find_provider(text.parts[0])) {
    good = provider->resolve(context, text, out);
  } else {
    good = report_unknown(context, text);
  }
  if (!good) return false;
  drop_without_arguments(context, text, before, out);
  if (out.size() > context.max_programs && out.size() > before + 1) {
    context.diagnostics.emit<diag::Id::probe_too_many>(text.range, out.size(), context.max_programs)
        .hints.push_back("You can increase the limit through the SONDE_MAX_BPF_PROGS environment variable.");
    return false;
  }
  return true;
}

}  // namespace sonde::probes
