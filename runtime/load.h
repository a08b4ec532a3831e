// Loading: an image becomes programs and maps in the kernel, or an account of what the kernel objected to.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "runtime/bpf_object.h"
#include "runtime/verifier_log.h"

namespace sonde::runtime {

// A parameter's bytes in the read-only data.
struct ParameterValue {
  uint32_t offset = 0;
  std::vector<std::byte> bytes;
};

struct LoadOptions {
  std::vector<ParameterValue> parameters;
  std::vector<bool> skip;        // by ProgramId: true for programs that the probe filter drops; may be shorter
  bool verifier_logs = false;    // fetch the log of every program, not only of a rejected one
  bool libbpf_messages = false;  // libbpf's own messages on stdout (-d libbpf)
  uint32_t unwind_rows = 0;      // entries of image::kUnwindRowsMap, if the image has it
  bool uprobe_multi = false;     // programs with several uprobe sites are loaded for one multi link
  bool kprobe_multi = false;     // the same for programs on several kernel functions
};

// What the kernel, or libbpf before it, objected to.
struct LoadError {
  std::string what;             // one sentence without errno text
  int code = 0;                 // positive errno
  image::ProgramId program;     // invalid: not about one program
  bool missing_target = false;  // the kernel has no BTF for what the program attaches to: the probe is missing
  Rejection rejection;          // of the verifier, if it spoke
  std::string log;              // the verifier's whole log
  bool log_trimmed = false;     // it did not fit into config log_size
};

// Ring buffer bytes for `pages` pages of 4 KiB (0: by memory and CPUs, language.md 15), a power of two.
uint32_t ring_size(uint64_t pages);

// Opens and loads. Must not run in two threads at once (libbpf's handler table is global).
std::expected<BpfObject, LoadError> load(const image::Image& image, const LoadOptions& options);

}  // namespace sonde::runtime
