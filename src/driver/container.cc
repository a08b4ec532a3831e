// Engines differ in where they put their cgroups ("/docker/ID", "/system.slice/docker-ID.scope", "/kubepods/.../ID",
// "/machine.slice/libpod-ID.scope"), but all put the id into the name, so a process of the container leads to it.
#include "driver/container.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

namespace sonde::driver {
namespace {

// Where the cgroup v2 hierarchy is mounted; empty: nowhere.
std::string cgroup_mount() {
  std::ifstream mounts("/proc/self/mounts");
  for (std::string device, folder, type, rest; mounts >> device >> folder >> type && std::getline(mounts, rest);)
    if (type == "cgroup2") return folder;
  return {};
}

// The cgroup v2 line of /proc/PID/cgroup: "0::/PATH".
std::string cgroup_of_process(const std::filesystem::path& folder) {
  std::ifstream file(folder / "cgroup");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::")) return line.substr(3);
  return {};
}

// `path` up to the component whose name has `id` at its beginning or behind a separator; empty: it has none.
std::string up_to_container(const std::string& path, std::string_view id) {
  for (size_t begin = path.find('/'); begin != path.npos;) {
    const size_t end = path.find('/', begin + 1);
    const std::string_view name = std::string_view(path).substr(begin + 1, end - begin - 1);
    const size_t at = name.find(id);
    if (at != name.npos && (at == 0 || name[at - 1] == '-' || name[at - 1] == ':')) return path.substr(0, end);
    begin = end;
  }
  return {};
}

}  // namespace

Result<std::string> cgroup_of_container(std::string_view id) {
  if (id.empty()) return base::fail("--container: the id is empty");
  const std::string mount = cgroup_mount();
  if (mount.empty()) return base::fail("--container: no cgroup2 file system is mounted");
  std::set<std::string> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    if (!std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c) != 0; })) continue;
    std::string path = up_to_container(cgroup_of_process(it->path()), id);
    if (!path.empty()) found.insert(std::move(path));
  }
  if (found.empty()) return base::fail("--container: no process runs in a cgroup (v2) named after " + std::string(id));
  if (found.size() > 1)
    return base::fail("--container: " + std::string(id) + " is the beginning of several containers' ids, for one " +
                      *found.begin());
  return mount + *found.begin();
}

}  // namespace sonde::driver
