// Addresses of user processes: mappings, ELF files, the vdso and the maps that JIT compilers write.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/symbols/process_table.h"
#include "runtime/symbols/symbols.h"

namespace sonde::symbols {

class UserSymbols {
 public:
  explicit UserSymbols(Options options) : options_(std::move(options)), processes_(options_.most_processes) {}

  // As Symbols::user().
  UserPlace find(uint32_t pid, uint64_t address, bool returns_to);
  void remember(uint32_t pid);
  // Whether nothing is known of `pid`, which has ended, and processes had to be forgotten.
  bool may_have_forgotten(uint32_t pid) const;

  // What the kernel reports of any process, in order: code mapped, a copy of another process made, a new program begun. Serves
  // processes of which /proc tells nothing any more when they are asked about.
  void record_mapping(uint32_t pid, Mapping mapping);
  void record_fork(uint32_t child, uint32_t parent);
  void record_exec(uint32_t pid);

 private:
  // Device, inode, time of change in ns, size: a binary that was rebuilt under its old name is another file.
  using FileIdentity = std::tuple<uint64_t, uint64_t, int64_t, int64_t>;
  static constexpr size_t kFirstSweep = 1024;

  // When the mappings of a known process are read again: never, not more often than every few ms, always.
  enum class Reread : uint8_t { no, paced, yes };
  Process& refresh(uint32_t pid, Reread reread);
  std::shared_ptr<Object> object_of(uint32_t pid, const Process& process, MappedObject& mapping);
  std::shared_ptr<Object> object_at(const std::string& path, uint64_t required_inode);
  void keep(const FileIdentity& identity, const std::shared_ptr<Object>& object);
  std::shared_ptr<Object> vdso(uint32_t pid, const Mapping& mapping);
  std::string_view display_name(Object& object, const ElfSymbol& symbol);
  std::optional<Symbol> find_jit(uint32_t pid, Process& process, uint64_t address);

  // The executable (device, inode) and its mappings that stand for all, with Options::by_program.
  void note_program(uint32_t pid, const Process& process);

  Options options_;
  std::pair<uint64_t, uint64_t> program_{0, 0};
  std::vector<MappedObject> program_mappings_;
  bool many_programs_ = false;
  ProcessTable processes_;
  // An object ends, and gives back what it holds of a deleted file, with the last process that maps it.
  std::map<FileIdentity, std::weak_ptr<Object>> objects_;
  size_t sweep_at_ = kFirstSweep;  // number of objects_ at which the ended ones are removed
  std::deque<std::shared_ptr<Object>> recent_;
  std::shared_ptr<Object> vdso_;
};

}  // namespace sonde::symbols
