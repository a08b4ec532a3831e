// BpfObject: the one owner of a loaded object's programs and maps, addressed by the ids of its image.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "image/image.h"

struct bpf_object;

namespace sonde::runtime {

struct BpfObjectCloser {
  void operator()(bpf_object* object) const;
};

class BpfObject {
 public:
  BpfObject(std::unique_ptr<bpf_object, BpfObjectCloser> object, std::vector<int> programs, std::vector<int> maps,
            std::vector<std::string> logs)
      : object_(std::move(object)), programs_(std::move(programs)), maps_(std::move(maps)), logs_(std::move(logs)) {}

  // Descriptor of a program, -1 if it was left out by the probe filter.
  int program_fd(image::ProgramId id) const { return programs_[id.value]; }
  // The verifier's log of a program; empty unless it was asked for.
  const std::string& verifier_log(image::ProgramId id) const { return logs_[id.value]; }
  // Descriptor of a map, -1 if the object has none of that name.
  int map_fd(image::MapId id) const { return maps_[id.value]; }

 private:
  std::unique_ptr<bpf_object, BpfObjectCloser> object_;
  std::vector<int> programs_;      // by ProgramId
  std::vector<int> maps_;          // by MapId
  std::vector<std::string> logs_;  // by ProgramId
};

}  // namespace sonde::runtime
