// software and hardware: counting events of the perf subsystem, one program run per so many of them.
#include <linux/bpf.h>
#include <linux/perf_event.h>

#include <algorithm>
#include <array>

#include "probes/rows.h"
#include "probes/support.h"

namespace sonde::probes {
namespace {

struct Event {
  std::string_view name;
  std::string_view alias;
  uint64_t count;  // default sample period
  uint64_t config;
};

constexpr std::array kSoftwareEvents = {
    Event{"alignment-faults", "", 1, PERF_COUNT_SW_ALIGNMENT_FAULTS},
    Event{"bpf-output", "", 1, PERF_COUNT_SW_BPF_OUTPUT},
    Event{"context-switches", "cs", 1000, PERF_COUNT_SW_CONTEXT_SWITCHES},
    Event{"cpu-clock", "cpu", 1000000, PERF_COUNT_SW_CPU_CLOCK},
    Event{"cpu-migrations", "", 1, PERF_COUNT_SW_CPU_MIGRATIONS},
    Event{"dummy", "", 1, PERF_COUNT_SW_DUMMY},
    Event{"emulation-faults", "", 1, PERF_COUNT_SW_EMULATION_FAULTS},
    Event{"major-faults", "", 1, PERF_COUNT_SW_PAGE_FAULTS_MAJ},
    Event{"minor-faults", "", 100, PERF_COUNT_SW_PAGE_FAULTS_MIN},
    Event{"page-faults", "faults", 100, PERF_COUNT_SW_PAGE_FAULTS},
    Event{"task-clock", "", 1, PERF_COUNT_SW_TASK_CLOCK},
};

constexpr std::array kHardwareEvents = {
    Event{"backend-stalls", "", 1000000, PERF_COUNT_HW_STALLED_CYCLES_BACKEND},
    Event{"branch-instructions", "branches", 100000, PERF_COUNT_HW_BRANCH_INSTRUCTIONS},
    Event{"branch-misses", "", 100000, PERF_COUNT_HW_BRANCH_MISSES},
    Event{"bus-cycles", "", 100000, PERF_COUNT_HW_BUS_CYCLES},
    Event{"cache-misses", "", 1000000, PERF_COUNT_HW_CACHE_MISSES},
    Event{"cache-references", "", 1000000, PERF_COUNT_HW_CACHE_REFERENCES},
    Event{"cpu-cycles", "cycles", 1000000, PERF_COUNT_HW_CPU_CYCLES},
    Event{"frontend-stalls", "", 1000000, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND},
    Event{"instructions", "", 1000000, PERF_COUNT_HW_INSTRUCTIONS},
    Event{"ref-cycles", "", 1000000, PERF_COUNT_HW_REF_CPU_CYCLES},
};

// Names and aliases, sorted.
std::vector<std::string> names_of(std::span<const Event> events) {
  std::vector<std::string> names;
  for (const Event& event : events) {
    names.emplace_back(event.name);
    if (!event.alias.empty()) names.emplace_back(event.alias);
  }
  std::sort(names.begin(), names.end());
  return names;
}

const Event* check_event(const Provider& provider, std::span<const Event> events, ProbeContext& context,
                         const AttachText& text) {
  const std::string& name = text.parts[1];
  if (name.empty()) {
    context.diagnostics.emit<diag::Id::event_name_missing>(text.range, provider.name);
    return nullptr;
  }
  if (has_wildcard(name)) {
    context.diagnostics.emit<diag::Id::event_wildcard>(text.range, provider.name);
    return nullptr;
  }
  for (const Event& event : events)
    if (event.name == name || event.alias == name) return &event;
  auto& diagnostic = context.diagnostics.emit<diag::Id::event_unknown>(text.range, name, provider.name);
  const std::string hint = suggestion(name, names_of(events), std::string(provider.name) + ":");
  if (!hint.empty()) diagnostic.hints.push_back(hint);
  return nullptr;
}

bool resolve_event(const Provider& provider, uint32_t type, std::span<const Event> events, ProbeContext& context,
                   const AttachText& text, std::vector<ResolvedProbe>& out) {
  if (!check_parts(context, text, provider, 1, 2, "1 or 2")) return false;
  uint64_t count = 0;
  if (text.parts.size() == 3 && text.parts[2] != "*") {
    const auto number = parse_number(text.parts[2]);
    if (!number) {
      context.diagnostics.emit<diag::Id::event_count_invalid>(text.range, provider.name, number.error());
      return false;
    }
    if (*number > INT64_MAX) {
      if (type == PERF_TYPE_HARDWARE)
        context.diagnostics.emit<diag::Id::frequency_not_positive>(text.range, provider.name);
      else
        context.diagnostics.emit<diag::Id::event_count_not_positive>(text.range, provider.name);
      return false;
    }
    count = *number;
  }
  const Event* event = check_event(provider, events, context, text);
  if (!event) return false;
  const std::string written = count ? std::to_string(count) : std::string();
  ResolvedProbe probe =
      make_probe(provider, text, full_name(provider.name, {text.parts[1], written}), BPF_PROG_TYPE_PERF_EVENT);
  probe.arg_source = ArgSource::perf_event;
  probe.context_type = context_record(context, "bpf_perf_event_data");
  image::PerfEventAttach attach;
  attach.type = type;
  attach.config = event->config;
  attach.period = count ? count : event->count;
  probe.attach = attach;
  out.push_back(std::move(probe));
  return true;
}

bool resolve_software(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_event(kSoftware, PERF_TYPE_SOFTWARE, kSoftwareEvents, context, text, out);
}

bool resolve_hardware(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_event(kHardware, PERF_TYPE_HARDWARE, kHardwareEvents, context, text, out);
}

// Names end in the colon behind which the count may be written; patterns may have it or not.
std::vector<std::string> list_events(std::span<const Event> events, std::string_view pattern) {
  std::vector<std::string> names;
  for (const std::string& name : names_of(events))
    if (matches(pattern, name) || matches(pattern, name + ":")) names.push_back(name + ":");
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> list_software(ProbeContext&, std::string_view pattern) {
  return list_events(kSoftwareEvents, pattern);
}

std::vector<std::string> list_hardware(ProbeContext&, std::string_view pattern) {
  return list_events(kHardwareEvents, pattern);
}

constexpr std::array<std::string_view, 1> kSoftwareAliases = {"s"};
constexpr std::array<std::string_view, 1> kHardwareAliases = {"h"};
constexpr uint32_t kCapabilities = kHasCtx | kHasReg | kKernelStack;

}  // namespace

const Provider kSoftware = {
    .name = "software",
    .aliases = kSoftwareAliases,
    .spec = "software:EVENT, software:EVENT:COUNT",
    .summary = "Runs after every COUNT kernel events such as page faults.",
    .example = "software:faults:1 { @[comm] = count(); }",
    .capabilities = kCapabilities,
    .in_kernel_list = true,
    .resolve = resolve_software,
    .list = list_software,
};

const Provider kHardware = {
    .name = "hardware",
    .aliases = kHardwareAliases,
    .spec = "hardware:EVENT, hardware:EVENT:COUNT",
    .summary = "Runs after every COUNT events of a hardware counter.",
    .example = "hardware:cache-misses:1000000 { @[comm] = count(); }",
    .capabilities = kCapabilities,
    .in_kernel_list = true,
    .resolve = resolve_hardware,
    .list = list_hardware,
};

}  // namespace sonde::probes
