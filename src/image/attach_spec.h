// Where a program is hooked in: plain data, one alternative per kernel mechanism. Providers (compile time) produce it,
// runtime/attach visits it. Globs may stay globs and are expanded when attaching.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace sonde::image {

// Run by BPF_PROG_TEST_RUN in sonde itself: as a raw tracepoint program, tests and benchmarks as an XDP program.
enum class RunPhase : uint8_t { begin, end, signal, test, bench };
struct TestRunAttach {
  RunPhase phase = RunPhase::begin;
  bool operator==(const TestRunAttach&) const = default;
};
// perf_event_open(PERF_TYPE_TRACEPOINT).
struct TracepointAttach {
  std::string category;
  std::string event;
  bool operator==(const TracepointAttach&) const = default;
};
// BPF_RAW_TRACEPOINT_OPEN of a TRACING program whose target is a kernel BTF id.
enum class TracingKind : uint8_t { raw_tracepoint, fentry, fexit, iterator };
struct TracingAttach {
  TracingKind kind = TracingKind::raw_tracepoint;
  std::string module;    // "vmlinux" or a module
  std::string function;  // event of a raw tracepoint, function, or iterator name
  uint32_t btf_id = 0;   // id in the BTF of the kernel compiled on; 0: find it by name when loading
  // fentry, fexit of a BPF program: its id; `function` is it or one of its subprograms, `btf_id` is in its own BTF.
  uint32_t bpf_program = 0;
  std::string pin;  // iterators: file that keeps the link, which then is not read; empty: none
  bool operator==(const TracingAttach&) const = default;
};
struct KprobeAttach {
  std::string function;  // empty: by address, or several
  std::string module;    // empty: the kernel or whatever module has it
  uint64_t offset = 0;   // offset into the function, or the address
  bool on_return = false;
  // Several functions of any module: a multi link where the kernel has it (5.18, CONFIG_FPROBE), else one by one.
  std::vector<std::string> functions;
  bool operator==(const KprobeAttach&) const = default;
};
struct UprobeSite {
  std::string symbol;             // for messages and for finding the offset again on another machine; may be empty
  uint64_t file_offset = 0;       // 0: find `symbol` when attaching
  uint64_t symbol_offset = 0;     // bytes past the symbol
  uint64_t semaphore_offset = 0;  // USDT reference counter in the file, 0: none
  uint64_t cookie = 0;            // what the program learns of the place it was reached at
  bool operator==(const UprobeSite&) const = default;
};
struct UprobeAttach {
  std::string path;
  std::vector<UprobeSite> sites;  // more than one: a multi link where the kernel has it, else one by one
  bool on_return = false;
  bool operator==(const UprobeAttach&) const = default;
};
// perf_event_open of a software, hardware, timer or breakpoint event.
struct PerfEventAttach {
  uint32_t type = 0;    // PERF_TYPE_*
  uint64_t config = 0;  // PERF_COUNT_*
  uint64_t period = 0;  // sample_period or, with use_frequency, sample_freq
  bool use_frequency = false;
  bool every_cpu = true;  // else the first online CPU only
  uint64_t address = 0;   // breakpoints
  uint32_t length = 0;
  uint32_t breakpoint_type = 0;
  bool operator==(const PerfEventAttach&) const = default;
};

using AttachSpec =
    std::variant<TestRunAttach, TracepointAttach, TracingAttach, KprobeAttach, UprobeAttach, PerfEventAttach>;

}  // namespace sonde::image
