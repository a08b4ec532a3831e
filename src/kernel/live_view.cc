// Facts of the running kernel. Each file is read when first asked for, lists are kept.
#include "kernel/live_view.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/tracefs.h"
#include "kernel/bpf_programs.h"
#include "kernel/btf_view.h"
#include "kernel/kernel_text.h"

namespace sonde::kernel {
namespace {

constexpr const char* kEventSources = "/sys/bus/event_source/devices/";

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

class LiveView final : public BtfView {
 public:
  LiveView(types::TypeContext& context, LiveOptions options)
      : BtfView(context, "/sys/kernel/btf", options.btf), options_(std::move(options)) {
    ::uname(&names_);
  }

  Result<std::vector<std::string>> tracepoints() const override;
  Result<std::vector<std::string>> traceable_functions() const override;
  Result<TracepointFormat> tracepoint_format(std::string_view category, std::string_view event) const override;
  std::string release() const override { return names_.release; }
  std::string arch() const override { return names_.machine; }
  uint32_t possible_cpus() const override;
  Result<uint64_t> symbol_address(std::string_view name) const override;
  Result<uint64_t> cgroup_id(std::string_view path) const override;
  uint32_t cgroup_depth(std::string_view path) const override;
  std::vector<BpfFunction> bpf_functions() const override { return loaded_bpf_functions(); }
  bool module_loaded(std::string_view name) const override;
  bool has_feature(std::string_view name) const override;
  std::string lockdown() const override;

 private:
  Result<std::string> tracefs(const std::string& path) const;

  LiveOptions options_;
  utsname names_{};
  mutable std::optional<Result<base::Fd>> tracefs_;
  mutable std::optional<Result<std::vector<std::string>>> traceable_;
  mutable std::optional<Result<std::string>> kallsyms_;
};

Result<std::string> LiveView::tracefs(const std::string& path) const {
  if (!tracefs_) tracefs_ = base::tracefs_root();
  if (!*tracefs_) return std::unexpected(tracefs_->error());
  return base::read_tracefs(**tracefs_, path);
}

Result<std::vector<std::string>> LiveView::tracepoints() const {
  auto text = tracefs("available_events");
  if (!text) return std::unexpected(text.error());
  std::set<std::string> names;
  for (const std::string_view line : lines(*text)) names.emplace(line);
  return std::vector<std::string>(names.begin(), names.end());
}

Result<std::vector<std::string>> LiveView::traceable_functions() const {
  if (traceable_) return *traceable_;
  const auto text = options_.traceable_functions.empty() ? tracefs("available_filter_functions")
                                                         : read_text(options_.traceable_functions);
  if (!text) {
    traceable_ = std::unexpected(text.error());
    return *traceable_;
  }
  std::vector<std::string> names = parse_traceable(*text);
  // "0xADDRESS-0xADDRESS<tab>NAME"; missing without debugfs, and then the kernel decides alone.
  std::set<std::string_view> refused;
  const auto blacklist = read_text("/sys/kernel/debug/kprobes/blacklist");
  if (blacklist)
    for (const std::string_view line : lines(*blacklist)) refused.insert(line.substr(line.find('\t') + 1));
  std::erase_if(names, [&](const std::string& name) {
    return refused.contains(std::string_view(name).substr(name.find(':') + 1));
  });
  traceable_ = std::move(names);
  return *traceable_;
}

Result<TracepointFormat> LiveView::tracepoint_format(std::string_view category, std::string_view event) const {
  // Names come from scripts: they must not lead out of the events directory.
  const auto plain = [](std::string_view name) {
    return !name.empty() && name.find('/') == std::string_view::npos && name != "." && name != "..";
  };
  const std::string path = "events/" + std::string(category) + "/" + std::string(event) + "/format";
  if (!plain(category) || !plain(event)) return base::fail("open tracefs file " + path, ENOENT);
  auto text = tracefs(path);
  if (!text) return std::unexpected(text.error());
  return parse_format(*text);
}

uint32_t LiveView::possible_cpus() const {
  const auto text = read_text("/sys/devices/system/cpu/possible");
  const uint32_t count = text ? count_cpus(*text) : 0;
  return count ? count : static_cast<uint32_t>(std::max(::sysconf(_SC_NPROCESSORS_CONF), 1l));
}

Result<uint64_t> LiveView::symbol_address(std::string_view name) const {
  if (!kallsyms_) kallsyms_ = read_text("/proc/kallsyms");
  if (!*kallsyms_) return std::unexpected(kallsyms_->error());
  return kallsyms_address(**kallsyms_, name);
}

// Only the true root of the hierarchy has inode 1: where the mount shows another one we are in a cgroup namespace, and how
// deep that begins is hidden.
uint32_t LiveView::cgroup_depth(std::string_view path) const {
  std::error_code error;
  std::filesystem::path at = std::filesystem::canonical(path, error);
  struct stat info{};
  for (uint32_t depth = 0; !error && ::stat(at.c_str(), &info) == 0; ++depth, at = at.parent_path()) {
    if (info.st_ino == 1) return depth;
    if (at == at.parent_path() || ::access((at / "cgroup.procs").c_str(), F_OK) != 0) break;
  }
  return 0;
}

Result<uint64_t> LiveView::cgroup_id(std::string_view path) const {
  // The id of a cgroup is the whole file handle of its directory.
  struct {
    file_handle header;
    uint64_t id;
  } handle{};
  handle.header.handle_bytes = sizeof handle.id;
  int mount = 0;
  const std::string name(path);
  if (::name_to_handle_at(AT_FDCWD, name.c_str(), &handle.header, &mount, 0) != 0) {
    // Handles of other file systems do not fit.
    if (errno == EOVERFLOW) return base::fail("cgroup " + name + ": not a directory of a cgroup2 file system");
    return base::fail_errno("cgroup " + name);
  }
  uint64_t id = 0;
  std::copy_n(handle.header.f_handle, sizeof id, reinterpret_cast<unsigned char*>(&id));
  return id;
}

bool LiveView::module_loaded(std::string_view name) const {
  if (name == "vmlinux") return true;
  const auto text = read_text("/proc/modules");
  if (!text) return false;
  const auto loaded = lines(*text);
  return std::any_of(loaded.begin(), loaded.end(),
                     [&](std::string_view line) { return line.substr(0, line.find(' ')) == name; });
}

bool LiveView::has_feature(std::string_view name) const {
  if (std::find(options_.disabled_features.begin(), options_.disabled_features.end(), name) !=
      options_.disabled_features.end())
    return false;
  if (name == "kprobe" || name == "uprobe") return exists(kEventSources + std::string(name));
  if (name == "uprobe_refcnt") return exists(std::string(kEventSources) + "uprobe/format/ref_ctr_offset");
  if (name.starts_with("kprobe_") && !exists(std::string(kEventSources) + "kprobe")) return false;
  return btf_feature(name).value_or(false);
}

std::string LiveView::lockdown() const {
  // "none [integrity] confidentiality"
  const auto text = read_text("/sys/kernel/security/lockdown");
  if (!text) return {};
  const size_t open = text->find('['), close = text->find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  return text->substr(open + 1, close - open - 1);
}

}  // namespace

std::unique_ptr<KernelView> live_view(types::TypeContext& types, LiveOptions options) {
  return std::make_unique<LiveView>(types, std::move(options));
}

}  // namespace sonde::kernel
