// bpf(2) commands that the libbpf at hand does not know (uprobe multi links, Linux 6.6) or knows in part (kprobe multi links
// of newer attach types).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace sonde::attach {

inline constexpr uint32_t kTraceKprobeMulti = 42;    // BPF_TRACE_KPROBE_MULTI, Linux 5.18
inline constexpr uint32_t kTraceUprobeMulti = 48;    // BPF_TRACE_UPROBE_MULTI, Linux 6.6
inline constexpr uint32_t kTraceKprobeSession = 56;  // BPF_TRACE_KPROBE_SESSION, Linux 6.10

struct UprobeMulti {
  std::string path;
  std::span<const uint64_t> offsets;     // in the file
  std::span<const uint64_t> semaphores;  // reference counters in the file, as many as offsets; or empty
  std::span<const uint64_t> cookies;     // as many as offsets; or empty
  int pid = 0;                           // 0: every process
  bool on_return = false;
};

// Attaches a program that was loaded with kTraceUprobeMulti to all offsets.
Result<base::Fd> link_uprobe_multi(int program, const UprobeMulti& sites);

// Attaches a program that was loaded with `attach_type`, one of the two for kprobes, to all functions by name. EOPNOTSUPP from
// a kernel that knows the command but was built without CONFIG_FPROBE; ESRCH when it lacks one of the functions.
Result<base::Fd> link_kprobe_multi(int program, std::span<const std::string> functions, bool on_return,
                                   uint32_t attach_type = kTraceKprobeMulti);

}  // namespace sonde::attach
