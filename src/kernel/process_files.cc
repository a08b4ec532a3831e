// /proc/PID/maps, ns/mnt and environ.
#include "kernel/process_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <utility>

#include "kernel/kernel_text.h"

namespace sonde::kernel {
namespace {

std::string proc(int pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

// "7f0000000000-7f0000001000 r-xp 00001000 fe:00 1234   /usr/lib/x.so"
std::string executable_path(std::string_view line) {
  const size_t rights = line.find(' ');
  if (rights == line.npos || line.size() < rights + 5 || line[rights + 3] != 'x') return {};
  const size_t path = line.find('/');
  if (path == line.npos || line.ends_with(" (deleted)")) return {};
  return std::string(line.substr(path));
}

}  // namespace

std::string process_root(int pid) { return proc(pid, "root"); }

bool in_other_mounts(int pid) {
  struct stat ours{}, theirs{};
  if (::stat("/proc/self/ns/mnt", &ours) != 0 || ::stat(proc(pid, "ns/mnt").c_str(), &theirs) != 0) return false;
  return ours.st_ino != theirs.st_ino;
}

std::string process_variable(int pid, const std::string& name) {
  const auto text = read_text(proc(pid, "environ"));
  if (!text) return {};
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find('\0'));
    if (entry.starts_with(name + "=")) return std::string(entry.substr(name.size() + 1));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
  }
  return {};
}

std::vector<std::string> mapped_files(int pid) {
  std::vector<std::string> files;
  const auto text = read_text(proc(pid, "maps"));
  if (!text) return files;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    std::string path = executable_path(line);
    if (!path.empty() && std::find(files.begin(), files.end(), path) == files.end()) files.push_back(std::move(path));
  }
  return files;
}

std::vector<std::string> all_mapped_files() {
  std::set<std::pair<dev_t, ino_t>> seen;
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    int pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size()) continue;
    const std::string root = in_other_mounts(pid) ? process_root(pid) : std::string();
    for (const std::string& path : mapped_files(pid)) {
      struct stat info{};
      if (::stat((root + path).c_str(), &info) == 0 && seen.insert({info.st_dev, info.st_ino}).second)
        files.push_back(root + path);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace sonde::kernel
