// kprobes and kretprobes: one by one through the kprobe PMU (Linux 4.17), or many by one link (Linux 5.18).
#include <bpf/bpf.h>

#include <string>
#include <vector>

#include "runtime/attach/mechanisms.h"

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

// All functions by one link; the kernel finds them in one walk over its symbols.
Result<> attach_multi(Link& link, const image::KprobeAttach& spec, int program) {
  std::vector<const char*> names;
  for (const std::string& function : spec.functions) names.push_back(function.c_str());
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.kprobe_multi.syms = names.data();
  options.kprobe_multi.cnt = static_cast<uint32_t>(names.size());
  options.kprobe_multi.flags = spec.on_return ? BPF_F_KPROBE_MULTI_RETURN : 0;
  base::Fd fd(bpf_link_create(program, 0, BPF_TRACE_KPROBE_MULTI, &options));
  if (!fd.valid()) return base::fail_errno("attach kprobes to " + std::to_string(names.size()) + " functions");
  link.fds.push_back(std::move(fd));
  link.names = spec.functions;
  link.probes = spec.functions.size();
  return {};
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
  link.probes = 0;
  for (const std::string& function : spec.functions) {
    image::KprobeAttach single;
    single.function = function;
    single.on_return = spec.on_return;
    if (const auto added = attach_one(link, single, program, type); !added) {
      link.refused.push_back(added.error());
    } else {
      link.names.push_back(function);
      ++link.probes;
    }
    SONDE_TRY(context.sites_done(1));
  }
  if (link.fds.empty()) return std::unexpected(link.refused.front());
  return {};
}

}  // namespace

Result<> attach_kprobe(Link& link, const image::KprobeAttach& spec, int program, Context& context) {
  const bool several = !spec.functions.empty();
  if (several && context.kprobe_multi()) return attach_multi(link, spec, program);
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
