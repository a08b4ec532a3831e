// User names from the password database, cgroup paths by walking the mounted hierarchies.
#include "runtime/value/system_names.h"

#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace sonde::value {
namespace {

namespace fs = std::filesystem;

// /proc/mounts writes blanks and backslashes in paths as three octal digits.
std::string unescape_mount(std::string_view text) {
  std::string path;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      path += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      path += text[i];
    }
  }
  return path;
}

// A cgroup's id is the inode number of its directory; 0 if there is none.
uint64_t directory_id(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return 0;
  return status.st_ino;
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

const std::string& SystemNames::user(uint64_t uid) {
  const auto [entry, is_new] = users_.try_emplace(uid);
  if (is_new && uid <= UINT32_MAX) {
    std::vector<char> buffer(16384);
    passwd record = {};
    passwd* found = nullptr;
    ::getpwuid_r(static_cast<uid_t>(uid), &record, buffer.data(), buffer.size(), &found);
    if (found) entry->second = found->pw_name;
  }
  return entry->second;
}

void SystemNames::read_hierarchies() {
  hierarchies_read_ = true;
  std::ifstream file(mounts_);
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string device, directory, type;
    words >> device >> directory >> type;
    if (type != "cgroup" && type != "cgroup2") continue;
    Hierarchy hierarchy;
    hierarchy.root = unescape_mount(directory);
    hierarchy.unified = type == "cgroup2";
    hierarchy.name = hierarchy.unified ? "unified" : fs::path(hierarchy.root).filename().string();
    const bool known = std::any_of(hierarchies_.begin(), hierarchies_.end(),
                                   [&](const Hierarchy& other) { return other.name == hierarchy.name; });
    if (!known) hierarchies_.push_back(std::move(hierarchy));
  }
  std::sort(hierarchies_.begin(), hierarchies_.end(), [](const Hierarchy& a, const Hierarchy& b) {
    return a.unified != b.unified ? a.unified : a.name < b.name;
  });
}

std::string SystemNames::find(Hierarchy& hierarchy, uint64_t id) {
  const auto known = hierarchy.paths.find(id);
  if (known != hierarchy.paths.end() && directory_id(hierarchy.root + known->second) == id) return known->second;
  hierarchy.paths.clear();
  if (const uint64_t root = directory_id(hierarchy.root)) hierarchy.paths.emplace(root, "/");
  std::error_code error;
  fs::recursive_directory_iterator walk(hierarchy.root, fs::directory_options::skip_permission_denied, error), end;
  while (!error && walk != end) {
    std::error_code ignored;
    // Only directories are cgroups, and directory_entry knows the kind without a stat.
    if (walk->is_directory(ignored) && !walk->is_symlink(ignored)) {
      const std::string path = walk->path().string();
      if (const uint64_t found = directory_id(path)) hierarchy.paths.emplace(found, path.substr(hierarchy.root.size()));
    }
    walk.increment(error);
  }
  const auto found = hierarchy.paths.find(id);
  return found == hierarchy.paths.end() ? std::string() : found->second;
}

std::string SystemNames::cgroup(uint64_t id, std::string_view filter) {
  if (!hierarchies_read_) read_hierarchies();
  std::string text;
  if (id == 0) return text;
  for (Hierarchy& hierarchy : hierarchies_) {
    if (!matches_glob(filter, hierarchy.name)) continue;
    const std::string path = find(hierarchy, id);
    if (path.empty()) continue;
    if (!text.empty()) text += ',';
    text += hierarchy.name + ":" + path;
  }
  return text;
}

}  // namespace sonde::value
