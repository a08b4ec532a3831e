// bpf(2) commands that the libbpf at hand does not know: uprobe multi links (Linux 6.6).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace sonde::attach {

inline constexpr uint32_t kTraceUprobeMulti = 48;  // BPF_TRACE_UPROBE_MULTI

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

}  // namespace sonde::attach
