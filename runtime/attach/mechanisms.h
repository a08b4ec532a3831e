// The mechanisms behind attach(), one function per alternative of image::AttachSpec (private to this folder).
#pragma once

#include <linux/perf_event.h>

#include "runtime/attach/attach.h"

namespace sonde::attach {

Result<Link> attach_tracepoint(const image::TracepointAttach& spec, int program, Context& context);
Result<Link> attach_tracing(const image::TracingAttach& spec, int program, Context& context);
Result<Link> attach_kprobe(const image::KprobeAttach& spec, int program, Context& context);
Result<Link> attach_uprobe(const image::UprobeAttach& spec, int program, Context& context);
Result<Link> attach_perf_event(const image::PerfEventAttach& spec, int program, Context& context);

// Opens a perf event and links `program` to it; the link alone keeps both alive. pid -1: all processes, cpu -1: any.
// `cookie`: what bpf_get_attach_cookie() gives the program.
Result<base::Fd> link_perf_event(perf_event_attr attributes, int pid, int cpu, int program, const std::string& what,
                                 uint64_t cookie = 0);

}  // namespace sonde::attach
