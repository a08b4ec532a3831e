// interval and profile: a cpu-clock event on one CPU, or on all of them.
#include <linux/bpf.h>
#include <linux/perf_event.h>

#include <array>

#include "probes/rows.h"
#include "probes/support.h"

namespace sonde::probes {
namespace {

constexpr uint64_t kNanosecondsPerMicrosecond = 1000;

struct Unit {
  std::string_view name;
  uint64_t nanoseconds;  // 0: a frequency
};
constexpr std::array kUnits = {Unit{"hz", 0}, Unit{"ms", 1000000}, Unit{"s", 1000000000}, Unit{"us", 1000}};

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : kUnits)
    if (unit.name == name) return &unit;
  return nullptr;
}

void add(const Provider& provider, ProbeContext& context, const AttachText& text, const Unit& unit, uint64_t count,
         uint64_t period, std::vector<ResolvedProbe>& out) {
  ResolvedProbe probe = make_probe(provider, text, full_name(provider.name, {unit.name, std::to_string(count)}),
                                   BPF_PROG_TYPE_PERF_EVENT);
  probe.arg_source = ArgSource::perf_event;
  probe.context_type = context_record(context, "bpf_perf_event_data");
  image::PerfEventAttach attach;
  attach.type = PERF_TYPE_SOFTWARE;
  attach.config = PERF_COUNT_SW_CPU_CLOCK;
  attach.period = period;
  attach.use_frequency = unit.nanoseconds == 0;
  attach.every_cpu = &provider == &kProfile;
  probe.attach = attach;
  out.push_back(std::move(probe));
}

// "interval:250ms": a duration in whole microseconds.
bool resolve_duration(const Provider& provider, ProbeContext& context, const AttachText& text, uint64_t nanoseconds,
                      std::vector<ResolvedProbe>& out) {
  if (nanoseconds < kNanosecondsPerMicrosecond) {
    add_form(context.diagnostics.emit<diag::Id::timer_rate_small>(text.range, provider.name, nanoseconds), provider);
    return false;
  }
  const uint64_t microseconds = nanoseconds / kNanosecondsPerMicrosecond;
  add(provider, context, text, *find_unit("us"), microseconds, microseconds * kNanosecondsPerMicrosecond, out);
  return true;
}

bool resolve_timer(const Provider& provider, ProbeContext& context, const AttachText& text,
                   std::vector<ResolvedProbe>& out) {
  if (!check_parts(context, text, provider, 1, 2, "1 or 2")) return false;
  const bool with_unit = text.parts.size() == 3;
  const std::string& first = text.parts[1];
  const auto number = parse_number(text.parts.back());
  const Unit* unit = find_unit(first);
  if (first.empty()) {
    add_form(context.diagnostics.emit<diag::Id::timer_unit_missing>(text.range, provider.name), provider);
    return false;
  }
  if ((with_unit && !unit) || (!with_unit && has_wildcard(first))) {
    add_form(context.diagnostics.emit<diag::Id::timer_unit_unknown>(text.range, first), provider);
    return false;
  }
  if (!number) {
    add_form(context.diagnostics.emit<diag::Id::timer_rate_invalid>(text.range, provider.name, number.error()),
             provider);
    return false;
  }
  // A minus sign ends up in the upper half.
  if (*number == 0 || *number > INT64_MAX) {
    context.diagnostics.emit<diag::Id::frequency_not_positive>(text.range, provider.name);
    return false;
  }
  if (!with_unit) return resolve_duration(provider, context, text, *number, out);
  uint64_t period = *number;
  if (unit->nanoseconds && __builtin_mul_overflow(*number, unit->nanoseconds, &period)) {
    context.diagnostics.emit<diag::Id::timer_rate_invalid>(
        text.range, provider.name,
        "overflow error, maximum value is " + std::to_string(UINT64_MAX / unit->nanoseconds) + ": " + text.parts[2]);
    return false;
  }
  add(provider, context, text, *unit, *number, period, out);
  return true;
}

bool resolve_interval(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_timer(kInterval, context, text, out);
}

bool resolve_profile(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_timer(kProfile, context, text, out);
}

// Names end in the colon behind which the count is to be written; patterns may have it or not.
std::vector<std::string> list_units(ProbeContext&, std::string_view pattern) {
  std::vector<std::string> names;
  for (const Unit& unit : kUnits) {
    std::string name = std::string(unit.name) + ":";
    if (matches(pattern, unit.name) || matches(pattern, name)) names.push_back(std::move(name));
  }
  return names;
}

constexpr std::array<std::string_view, 1> kIntervalAliases = {"i"};
constexpr std::array<std::string_view, 1> kProfileAliases = {"p"};
constexpr uint32_t kCapabilities = kHasCtx | kHasReg | kKernelStack;

}  // namespace

const Provider kInterval = {
    .name = "interval",
    .aliases = kIntervalAliases,
    .spec = "interval:DURATION, interval:us:N, interval:ms:N, interval:s:N, interval:hz:N",
    .summary = "Runs periodically on one CPU, for regular output.",
    .example = "profile:hz:99 { @[comm] = count(); } interval:1s { print(@); clear(@); }",
    .capabilities = kCapabilities,
    .resolve = resolve_interval,
    .list = list_units,
};

const Provider kProfile = {
    .name = "profile",
    .aliases = kProfileAliases,
    .spec = "profile:DURATION, profile:us:N, profile:ms:N, profile:s:N, profile:hz:N",
    .summary = "Runs periodically on every CPU, for sampling what they do.",
    .example = "profile:hz:99 { @[kstack] = count(); }",
    .capabilities = kCapabilities | kSignals,
    .resolve = resolve_profile,
    .list = list_units,
};

}  // namespace sonde::probes
