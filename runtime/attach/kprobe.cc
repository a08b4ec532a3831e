// kprobes and kretprobes: one by one through the kprobe PMU (Linux 4.17), or many by one link (Linux 5.18).
#include <string>
#include <vector>

#include "runtime/attach/bpf_syscall.h"
#include "runtime/attach/mechanisms.h"
#include "runtime/attach/parts.h"

namespace sonde::attach {
namespace {

constexpr uint64_t kReturnBit = 1;  // config:0, see the PMU's format/retprobe

std::string explain(const std::string& name, int code) {
  switch (code) {
    case EILSEQ: return "Possible attachment attempt in the middle of an instruction, try a different offset.";
    case ENOENT: return "the kernel has no function " + name + " to probe";
    case EPERM:
    case EACCES:
      return "the kernel does not permit kprobes (kernel lockdown or missing CAP_PERFMON); tracepoint, rawtracepoint, "
             "uprobe, usdt, profile and interval probes remain";
    case EINVAL: return name + " cannot be probed (marked as not traceable, or not the start of an instruction)";
    case EADDRNOTAVAIL: return name + " cannot be probed at this offset";
    default: return "create a kprobe on " + name;
  }
}

// ESRCH: a name that the kernel's symbols lack (again: modules come and go). EINVAL: no place for a breakpoint or a call.
bool is_fault_of_function(int code) { return code == ESRCH || code == ENOENT || code == EINVAL; }

Error explain_refusal(const std::string& name, const Error& error) {
  return {explain(name, error.code == ESRCH ? ENOENT : error.code), 0};
}

// All functions by one link; the kernel finds them in one walk over its symbols.
Result<> attach_multi(Link& link, const image::KprobeAttach& spec, int program, const Context& context) {
  const auto range = [&](size_t first, size_t last) {
    return link_kprobe_multi(program, std::span(spec.functions).subspan(first, last - first), spec.on_return);
  };
  return link_in_parts(link, {spec.functions, range, is_fault_of_function, explain_refusal}, context);
}

Result<> attach_one(Link& link, const image::KprobeAttach& spec, int program, uint32_t type) {
  const bool in_module = !spec.module.empty() && spec.module != "vmlinux";
  const std::string function = in_module ? spec.module + ":" + spec.function : spec.function;
  const bool by_address = spec.function.empty();
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = type;
  attributes.config = spec.on_return ? kReturnBit : 0;
  if (by_address)
    attributes.kprobe_addr = spec.offset;
  else {
    attributes.kprobe_func = reinterpret_cast<uint64_t>(function.c_str());
    attributes.probe_offset = spec.offset;
  }
  std::string name = by_address ? "address " + std::to_string(spec.offset) : function;
  if (!by_address && spec.offset != 0) name += "+" + std::to_string(spec.offset);
  const auto added = link_perf_event(link, attributes, -1, 0, program, "create a kprobe on " + name);
  if (!added) return base::fail(explain(name, added.error().code));
  return {};
}

// The same program on each function. Some that the kernel lists cannot be probed after all: several of one name, or code
// that kprobes themselves use.
Result<> attach_each(Link& link, const image::KprobeAttach& spec, int program, uint32_t type, const Context& context) {
  for (const std::string& function : spec.functions) {
    image::KprobeAttach single;
    single.function = function;
    single.on_return = spec.on_return;
    const auto added = attach_one(link, single, program, type);
    if (added)
      link.names.push_back(function);
    else
      link.refused.push_back(added.error());
    SONDE_TRY(context.sites_done(1));
  }
  return settle(link);
}

}  // namespace

Result<> attach_kprobe(Link& link, const image::KprobeAttach& spec, int program, Context& context) {
  const bool several = !spec.functions.empty();
  if (several && context.kprobe_multi()) return attach_multi(link, spec, program, context);
  const auto type = context.pmu_type("kprobe");
  if (!type) {
    Error error = type.error();
    error.what += "; tracepoint, rawtracepoint, uprobe, usdt, profile and interval probes remain";
    error.code = 0;
    return std::unexpected(error);
  }
  if (several) return attach_each(link, spec, program, *type, context);
  return attach_one(link, spec, program, *type);
}

}  // namespace sonde::attach
