// Names that only the system knows: users by uid and cgroups by id.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sonde::value {

class SystemNames {
 public:
  // `mounts` in the format of /proc/mounts.
  explicit SystemNames(std::string mounts = "/proc/self/mounts") : mounts_(std::move(mounts)) {}

  // Login name, empty if the uid is unknown.
  const std::string& user(uint64_t uid);

  // "unified:/a,cpu:/a": the path of cgroup `id` in every mounted hierarchy that has it and whose name matches `filter`
  // (`*` matches anything); v2 first, then v1 by name.
  std::string cgroup(uint64_t id, std::string_view filter);

 private:
  struct Hierarchy {
    std::string name;
    std::string root;
    bool unified = false;
    std::unordered_map<uint64_t, std::string> paths;  // found by earlier walks; checked again before use
  };
  void read_hierarchies();
  std::string find(Hierarchy& hierarchy, uint64_t id);

  std::string mounts_;
  std::unordered_map<uint64_t, std::string> users_;
  bool hierarchies_read_ = false;
  std::vector<Hierarchy> hierarchies_;
};

// Whether `text` matches a pattern in which `*` stands for any characters.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace sonde::value
