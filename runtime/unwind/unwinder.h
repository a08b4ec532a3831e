// Keeps the kernel's tables for dw_ustack in step with the address spaces of the processes that were named.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "image/image.h"
#include "image/unwind_tables.h"
#include "runtime/unwind/tables.h"

namespace sonde::symbols {
struct Mapping;
}

namespace sonde::unwind {

// Whether the program calls dw_ustack.
bool is_used_by(const image::Image& image);

class Unwinder {
 public:
  // `processes`: ids in sonde's namespace, at most image::kUnwindProcesses together with `child`, a process that still waits
  // to run its command (0: none). Reads nothing yet.
  explicit Unwinder(const std::vector<uint32_t>& processes, uint32_t child = 0);

  // Reads the tables of what the processes map now (a millisecond for a C library) and tells how many rows the map in the
  // kernel should hold, with room for libraries loaded later.
  uint32_t read();
  // Fills the maps. Fails if the kernel refuses an update.
  Result<> publish(int rows_map, int spaces_map, uint32_t capacity);
  // Looks whether walks met unknown code since the last time, and if so reads the mappings of that process again. Those of
  // a child that has just begun are read in any case: it is loading its libraries.
  Result<> refresh();
  // Objects left out, whole or in part, because the map of rows or their share of it was full, and mappings beyond those
  // that a process may have.
  uint32_t left_out() const { return left_out_; }

 private:
  struct Object {
    ObjectRows tables;  // its rows are emptied once they are in the kernel
    uint32_t first_row = 0, count = 0;
    bool published = false;
  };
  using FileId = std::tuple<uint64_t, uint64_t, int64_t>;  // device, inode, time of change
  struct Process {
    uint32_t pid = 0;
    uint64_t misses = 0;
    std::string maps;    // text of /proc/PID/maps that its ranges were made of
    bool waits = false;  // its mappings are not yet those of its command
    bool published = false;
    int unasked_looks = 0;  // how often its mappings are still read without a miss
  };

  Object* object_of(uint32_t pid, const symbols::Mapping& mapping);
  bool add_range(uint32_t pid, const symbols::Mapping& mapping, sonde_unwind_space& space);
  Result<> publish_object(Object& object);
  Result<> publish_process(Process& process);

  std::vector<Process> processes_;
  std::map<FileId, Object> objects_;
  int rows_map_ = -1, spaces_map_ = -1;
  uint32_t capacity_ = 0, used_ = 0, left_out_ = 0;
};

}  // namespace sonde::unwind
