// The mechanisms behind attach(), one function per alternative of image::AttachSpec (private to this folder).
#pragma once

#include <linux/perf_event.h>

#include "runtime/attach/attach.h"

namespace sonde::attach {

Result<> attach_tracepoint(Link& link, const image::TracepointAttach& spec, int program, Context& context);
Result<> attach_tracing(Link& link, const image::TracingAttach& spec, int program, Context& context);
Result<> attach_kprobe(Link& link, const image::KprobeAttach& spec, int program, Context& context);
Result<> attach_uprobe(Link& link, const image::UprobeAttach& spec, int program, Context& context);
Result<> attach_perf_event(Link& link, const image::PerfEventAttach& spec, int program, Context& context);

// Opens a perf event and links `program` to it; both descriptors are added to `link`. pid -1: all processes, cpu -1: any.
// `what` is being done, for the error. `cookie`: what bpf_get_attach_cookie() gives the program.
Result<> link_perf_event(Link& link, perf_event_attr attributes, int pid, int cpu, int program, const std::string& what,
                         uint64_t cookie = 0);

}  // namespace sonde::attach
