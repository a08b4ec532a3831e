// watchpoint: hardware breakpoints on an address.
#include <linux/bpf.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>

#include <algorithm>
#include <array>

#include "probes/rows.h"
#include "probes/support.h"

namespace sonde::probes {
namespace {

// Combinations of accesses that the processor can watch, letters sorted; empty: none at all.
std::vector<std::string> supported_modes(const std::string& arch) {
  if (arch == "x86_64") return {"x", "w", "rw"};
  if (arch == "aarch64" || arch.starts_with("arm")) return {"r", "w", "x", "rw"};
  if (arch == "ppc64le" || arch == "ppc64") return {"r", "w", "rw"};
  return {};
}

uint32_t breakpoint_type(const std::string& mode) {
  uint32_t type = 0;
  for (const char c : mode) type |= c == 'r' ? HW_BREAKPOINT_R : c == 'w' ? HW_BREAKPOINT_W : HW_BREAKPOINT_X;
  return type;
}

std::optional<uint64_t> number(ProbeContext& context, const AttachText& text, const std::string& part, bool address) {
  const auto value = parse_number(part);
  if (value) return *value;
  if (address) {
    context.diagnostics.emit<diag::Id::probe_address_invalid>(text.range, value.error());
  } else {
    context.diagnostics.emit<diag::Id::watchpoint_length_invalid>(text.range, value.error());
  }
  return std::nullopt;
}

bool check_mode(ProbeContext& context, const AttachText& text, std::string mode) {
  std::sort(mode.begin(), mode.end());
  if (mode.empty() || mode.find_first_not_of("rwx") != mode.npos) {
    context.diagnostics.emit<diag::Id::watchpoint_mode>(text.range);
    return false;
  }
  if (std::adjacent_find(mode.begin(), mode.end()) != mode.end()) {
    context.diagnostics.emit<diag::Id::watchpoint_mode_repeated>(text.range);
    return false;
  }
  const std::vector<std::string> modes = supported_modes(context.kernel.arch());
  if (modes.empty()) {
    context.diagnostics.emit<diag::Id::watchpoint_unsupported>(text.range);
    return false;
  }
  if (std::find(modes.begin(), modes.end(), mode) != modes.end()) return true;
  std::string list;
  for (const std::string& supported : modes) list += (list.empty() ? "" : ",") + supported;
  context.diagnostics.emit<diag::Id::watchpoint_mode_invalid>(text.range, text.parts[3])
      .hints.push_back("supported modes: " + list);
  return false;
}

bool resolve_address(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  if (!check_parts(context, text, kWatchpoint, 3, 3, "3")) return false;
  const auto address = number(context, text, text.parts[1], true);
  const auto length = address ? number(context, text, text.parts[2], false) : std::nullopt;
  if (!length) return false;
  if (*address == 0) {
    context.diagnostics.emit<diag::Id::watchpoint_zero>(text.range);
    return false;
  }
  if (*length != 1 && *length != 2 && *length != 4 && *length != 8) {
    context.diagnostics.emit<diag::Id::watchpoint_length>(text.range);
    return false;
  }
  const std::string& mode = text.parts[3];
  if (!check_mode(context, text, mode)) return false;
  ResolvedProbe probe =
      make_probe(kWatchpoint, text, full_name("watchpoint", {std::to_string(*address), std::to_string(*length), mode}),
                 BPF_PROG_TYPE_PERF_EVENT);
  probe.arg_source = ArgSource::perf_event;
  probe.context_type = context_record(context, "bpf_perf_event_data");
  image::PerfEventAttach attach;
  attach.type = PERF_TYPE_BREAKPOINT;
  attach.period = 1;
  attach.address = *address;
  // The kernel wants the size of a register for breakpoints on execution, whatever the instruction's length.
  attach.length = mode == "x" ? static_cast<uint32_t>(sizeof(long)) : static_cast<uint32_t>(*length);
  attach.breakpoint_type = breakpoint_type(mode);
  probe.attach = attach;
  out.push_back(std::move(probe));
  return true;
}

constexpr std::array<std::string_view, 1> kAliases = {"w"};

}  // namespace

const Provider kWatchpoint = {
    .name = "watchpoint",
    .aliases = kAliases,
    .spec = "watchpoint:ADDRESS:LENGTH:MODE",
    .summary = "Runs after an address is read (r), written (w) or executed (x).",
    .example = "watchpoint:0x10000000:8:w { @[comm] = count(); }",
    .capabilities = kHasCtx | kHasReg | kKernelStack,
    .resolve = resolve_address,
};

}  // namespace sonde::probes
