// What is known of processes, of a limited number of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/symbols/elf.h"
#include "runtime/symbols/process_files.h"
#include "runtime/symbols/source_lines.h"

namespace sonde::symbols {

// A file with its symbols, shared by all processes that map it. `file` is empty if it can not be read.
struct Object {
  std::unique_ptr<ElfFile> file;
  std::unordered_map<uint64_t, std::string> demangled;  // by symbol address
  std::unique_ptr<SourceLines> lines;
};

// A mapping and, once looked for, what it maps.
struct MappedObject : Mapping {
  std::shared_ptr<Object> object;
  bool object_known = false;
};

// What is known of /tmp/perf-PID.map.
struct JitMap {
  std::vector<JitFunction> functions;  // by address
  int64_t modified = -1;               // mtime in ns; -1: no file
  int64_t bytes = 0;
};

struct Process {
  uint64_t start_time = 0;  // clock ticks since boot: tells two users of one pid apart
  int64_t checked = 0;      // CLOCK_MONOTONIC_COARSE ns of the last look at /proc
  int64_t read = 0;         // of the last reading of the mappings
  bool alive = false;
  std::vector<MappedObject> mappings;  // executable ones, by address
  JitMap jit;
};

// Processes by pid. A run of days meets millions of them, so the one that has been here longest makes way for a new one; should
// it still live, /proc tells of it again.
class ProcessTable {
 public:
  explicit ProcessTable(size_t limit) : limit_(limit) {}

  // The process of `pid`, empty if it is new. References to other processes may end.
  Process& of(uint32_t pid) {
    const auto [entry, is_new] = processes_.try_emplace(pid);
    if (is_new) {
      order_.push_back(pid);
      while (processes_.size() > limit_) forget_oldest();
    }
    return entry->second;
  }
  // Null: not known (any more).
  const Process* find(uint32_t pid) const {
    const auto entry = processes_.find(pid);
    return entry == processes_.end() ? nullptr : &entry->second;
  }
  // How many had to make way.
  uint64_t forgotten() const { return forgotten_; }

 private:
  void forget_oldest() {
    processes_.erase(order_.front());
    order_.pop_front();
    ++forgotten_;
  }

  size_t limit_;
  std::unordered_map<uint32_t, Process> processes_;
  std::deque<uint32_t> order_;  // of arrival, each once
  uint64_t forgotten_ = 0;
};

}  // namespace sonde::symbols
