// Addresses of user processes: mappings, ELF files, the vdso and the maps that JIT compilers write.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "runtime/symbols/elf.h"
#include "runtime/symbols/process_files.h"
#include "runtime/symbols/source_lines.h"
#include "runtime/symbols/symbols.h"

namespace sonde::symbols {

// A file with its symbols, shared by all processes that map it. `file` is empty if it can not be read.
struct Object {
  std::unique_ptr<ElfFile> file;
  std::unordered_map<uint64_t, std::string> demangled;  // by symbol address
  std::unique_ptr<SourceLines> lines;
};

// A mapping and, once looked for, what it maps.
struct MappedObject : Mapping {
  Object* object = nullptr;
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

class UserSymbols {
 public:
  explicit UserSymbols(Options options) : options_(std::move(options)) {}

  // As Symbols::user().
  UserPlace find(uint32_t pid, uint64_t address, bool returns_to);
  void remember(uint32_t pid);

  // What the kernel reports of any process, in order: code mapped, a copy of another process made, a new program begun. Serves
  // processes of which /proc tells nothing any more when they are asked about.
  void record_mapping(uint32_t pid, Mapping mapping);
  void record_fork(uint32_t child, uint32_t parent);
  void record_exec(uint32_t pid);

 private:
  // When the mappings of a known process are read again: never, not more often than every few ms, always.
  enum class Reread : uint8_t { no, paced, yes };
  Process& refresh(uint32_t pid, Reread reread);
  Object* object_of(uint32_t pid, const Process& process, MappedObject& mapping);
  Object* object_at(const std::string& path, uint64_t required_inode);
  Object* vdso(uint32_t pid, const Mapping& mapping);
  std::string_view display_name(Object& object, const ElfSymbol& symbol);
  std::optional<Symbol> find_jit(uint32_t pid, Process& process, uint64_t address);

  // Process and executable (device, inode) that stand for all, with Options::by_program.
  void note_program(uint32_t pid);

  Options options_;
  std::pair<uint64_t, uint64_t> program_{0, 0};
  uint32_t program_pid_ = 0;
  bool many_programs_ = false;
  std::unordered_map<uint32_t, Process> processes_;
  // Device, inode, time of change and size: a binary that was rebuilt under its old name is another object.
  std::map<std::tuple<uint64_t, uint64_t, int64_t, int64_t>, Object> objects_;
  std::unique_ptr<Object> vdso_;
};

}  // namespace sonde::symbols
