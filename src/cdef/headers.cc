// Search for headers. The order is that of compilers: what is bundled hides the system's header of the same name.
#include "cdef/headers.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cdef/kernel_tree.h"

namespace sonde::cdef {
namespace {

// Kernel trees have headers of more than a megabyte; beyond this it is no header.
constexpr uintmax_t kMaxSize = 16u << 20;

std::optional<std::string> read_header(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error) || std::filesystem::file_size(path, error) > kMaxSize) return {};
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void add_list(const char* variable, std::vector<std::string>& folders) {
  const char* value = std::getenv(variable);
  std::string_view list = value ? value : "";
  while (!list.empty()) {
    const size_t colon = std::min(list.find(':'), list.size());
    if (colon) folders.emplace_back(list.substr(0, colon));
    list.remove_prefix(std::min(colon + 1, list.size()));
  }
}

}  // namespace

HeaderSearch::HeaderSearch(std::vector<std::string> user, const std::string& arch, const std::string& release)
    : folders_(std::move(user)), tree_(kernel_tree_folders(arch, release)) {
  add_list("CPATH", folders_);
  user_count_ = folders_.size();
  add_list("C_INCLUDE_PATH", folders_);
  for (const std::string& folder :
       {std::string("/usr/local/include"), "/usr/include/" + arch + "-linux-gnu", std::string("/usr/include")}) {
    std::error_code error;
    if (std::filesystem::is_directory(folder, error)) folders_.push_back(folder);
  }
}

std::optional<HeaderText> HeaderSearch::find_in_tree(std::string_view name) const {
  for (const std::string& folder : tree_) {
    const std::filesystem::path path = std::filesystem::path(folder) / name;
    if (auto text = read_header(path))
      return HeaderText{path.string(), std::move(*text), path.parent_path().string(), true, true, folders_.size()};
  }
  return {};
}

std::optional<HeaderText> HeaderSearch::find(std::string_view name, bool quoted, const Includer& from,
                                             std::optional<size_t> after) const {
  const auto open = [](const std::filesystem::path& path, bool system, bool kernel,
                       size_t place) -> std::optional<HeaderText> {
    auto text = read_header(path);
    if (!text) return {};
    return HeaderText{path.string(), std::move(*text), path.parent_path().string(), system, kernel, place};
  };
  const std::filesystem::path given(name);
  if (given.is_absolute()) return open(given, false, false, 0);
  if (quoted && !after) {
    const std::filesystem::path beside = from.folder.empty() ? given : std::filesystem::path(from.folder) / given;
    if (auto found = open(beside, from.system, from.kernel, 0)) return found;
  }
  for (size_t i = after ? *after + 1 : 0; i <= folders_.size(); ++i) {
    // Between the user's folders and the system's: the bundled ones, and the kernel's tree, whose headers need its own
    // versions of the bundled ones.
    if (i == user_count_ && (!after || *after < user_count_)) {
      if (from.kernel)
        if (auto found = find_in_tree(name)) return found;
      if (const auto text = bundled_header(name))
        return HeaderText{"<sonde>/" + std::string(name), std::string(*text), {}, true, false, i ? i - 1 : 0};
      // The C library's headers were written for the user part of the kernel's.
      if (!from.system && is_kernel_header(name))
        if (auto found = find_in_tree(name)) return found;
    }
    if (i == folders_.size()) break;
    if (auto found = open(std::filesystem::path(folders_[i]) / given, i >= user_count_, false, i)) return found;
  }
  return {};
}

bool HeaderSearch::is_kernel_header(std::string_view name) {
  constexpr std::array<std::string_view, 23> kFolders = {
      "generated/", "vdso/",  "media/", "video/",       "keys/", "target/", "soc/",   "ras/",
      "kvm/",       "linux/", "asm/",   "asm-generic/", "net/",  "uapi/",   "trace/", "scsi/",
      "sound/",     "drm/",   "rdma/",  "crypto/",      "acpi/", "xen/",    "kunit/"};
  return std::ranges::any_of(kFolders, [&](std::string_view folder) { return name.starts_with(folder); });
}

}  // namespace sonde::cdef
