// kprobes and kretprobes, one by one through the kprobe PMU (Linux 4.17).
#include <string>

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

}  // namespace

Result<Link> attach_kprobe(const image::KprobeAttach& spec, int program, Context& context) {
  const auto type = context.pmu_type("kprobe");
  if (!type) {
    Error error = type.error();
    error.what += "; tracepoint, rawtracepoint, uprobe, usdt, profile and interval probes remain";
    error.code = 0;
    return std::unexpected(error);
  }
  const bool in_module = !spec.module.empty() && spec.module != "vmlinux";
  const std::string function = in_module ? spec.module + ":" + spec.function : spec.function;
  const bool by_address = spec.function.empty();
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = *type;
  attributes.config = spec.on_return ? kReturnBit : 0;
  if (by_address)
    attributes.kprobe_addr = spec.offset;
  else {
    attributes.kprobe_func = reinterpret_cast<uint64_t>(function.c_str());
    attributes.probe_offset = spec.offset;
  }
  std::string name = by_address ? "address " + std::to_string(spec.offset) : function;
  if (!by_address && spec.offset != 0) name += "+" + std::to_string(spec.offset);
  auto fd = link_perf_event(attributes, -1, 0, program, "create a kprobe on " + name);
  if (!fd) return base::fail(explain(name, fd.error().code));
  Link link;
  link.fds.push_back(std::move(*fd));
  return link;
}

}  // namespace sonde::attach
