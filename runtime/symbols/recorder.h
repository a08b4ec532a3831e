// Watches what processes map as code, through the kernel's own perf records, so that addresses of processes that end at
// once can be named afterwards: /proc tells nothing of them any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "runtime/mapping.h"
#include "runtime/symbols/user.h"

namespace sonde::symbols {

class ProcessRecorder {
 public:
  // Begins to watch all CPUs. Fails where the kernel does not permit that.
  static Result<ProcessRecorder> start();

  // Takes what has happened since the last call. To be called several times a second: what does not fit into the
  // buffers is lost.
  void drain(UserSymbols& symbols);

 private:
  struct Buffer {
    base::Fd event;
    runtime::Mapping pages;  // one page that describes the ring, then the ring
  };
  struct Record {
    uint64_t time = 0;  // CLOCK_MONOTONIC ns
    uint32_t type = 0;
    bool is_exec = false;
    std::vector<char> bytes;  // without header and time
  };
  static Result<ProcessRecorder> start(size_t ring_bytes);
  void collect(Buffer& buffer);
  static void apply(const Record& record, UserSymbols& symbols);

  std::vector<Buffer> buffers_;  // one per CPU
  size_t ring_bytes_ = 0;
  std::vector<Record> records_;  // collected, not yet applied
};

}  // namespace sonde::symbols
