// Facts of a recorded kernel.
#include "kernel/snapshot_view.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "kernel/btf_view.h"
#include "kernel/kernel_text.h"

namespace sonde::kernel {
namespace {

class SnapshotView final : public BtfView {
 public:
  SnapshotView(types::TypeContext& context, std::string folder, std::string_view machine);

  Result<std::vector<std::string>> tracepoints() const override;
  Result<std::vector<std::string>> traceable_functions() const override;
  Result<TracepointFormat> tracepoint_format(std::string_view category, std::string_view event) const override;
  std::string release() const override { return release_; }
  std::string arch() const override { return arch_; }
  uint32_t possible_cpus() const override { return possible_cpus_; }
  Result<uint64_t> symbol_address(std::string_view name) const override;
  Result<uint64_t> cgroup_id(std::string_view path) const override;
  uint32_t cgroup_depth(std::string_view path) const override;
  std::vector<BpfFunction> bpf_functions() const override { return programs_; }
  bool module_loaded(std::string_view name) const override { return name == "vmlinux" || modules_.contains(name); }
  bool has_feature(std::string_view name) const override;
  std::string lockdown() const override { return lockdown_; }

 private:
  std::string folder_;
  std::string release_, arch_, lockdown_;
  uint32_t possible_cpus_ = 1;
  std::set<std::string, std::less<>> features_, absent_, modules_;
  std::map<std::string, uint64_t, std::less<>> cgroups_;
  std::vector<BpfFunction> programs_;
};

template <typename Number>
Number number_or_zero(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

SnapshotView::SnapshotView(types::TypeContext& context, std::string folder, std::string_view machine)
    : BtfView(context, folder + "/btf"), folder_(std::move(folder)) {
  for (const std::string_view line : lines(machine)) {
    const size_t blank = line.find(' ');
    const std::string_view key = line.substr(0, blank);
    const std::string_view value = blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1);
    if (key == "release") release_ = value;
    if (key == "arch") arch_ = value;
    if (key == "lockdown") lockdown_ = value;
    if (key == "possible_cpus") possible_cpus_ = number_or_zero<uint32_t>(value);
    if (key == "feature") features_.emplace(value);
    if (key == "without") absent_.emplace(value);
    if (key == "module") modules_.emplace(value);
    if (key == "bpf_function") {  // ID BTF_ID NAME
      BpfFunction function;
      const char* const end = value.data() + value.size();
      const char* at = std::from_chars(value.data(), end, function.program).ptr;
      at = std::from_chars(std::min(at + 1, end), end, function.btf_id).ptr;
      function.name.assign(std::min(at + 1, end), end);
      programs_.push_back(std::move(function));
    }
    if (key == "cgroup") {
      const size_t split = value.rfind(' ');
      cgroups_.emplace(value.substr(0, split), number_or_zero<uint64_t>(value.substr(split + 1)));
    }
  }
}

Result<std::vector<std::string>> SnapshotView::tracepoints() const {
  const auto text = read_text(folder_ + "/available_events");
  if (!text) return std::unexpected(text.error());
  std::set<std::string> names;
  for (const std::string_view line : lines(*text)) names.emplace(line);
  return std::vector<std::string>(names.begin(), names.end());
}

Result<std::vector<std::string>> SnapshotView::traceable_functions() const {
  const auto text = read_text(folder_ + "/traceable_functions");
  if (!text) return std::unexpected(text.error());
  return parse_traceable(*text);
}

Result<TracepointFormat> SnapshotView::tracepoint_format(std::string_view category, std::string_view event) const {
  const auto text = read_text(folder_ + "/events/" + std::string(category) + "/" + std::string(event) + "/format");
  if (!text) return std::unexpected(text.error());
  return parse_format(*text);
}

Result<uint64_t> SnapshotView::symbol_address(std::string_view name) const {
  const auto text = read_text(folder_ + "/kallsyms");
  if (!text) return std::unexpected(text.error());
  return kallsyms_address(*text, name);
}

Result<uint64_t> SnapshotView::cgroup_id(std::string_view path) const {
  const auto known = cgroups_.find(path);
  if (known == cgroups_.end()) return base::fail("cgroup " + std::string(path), ENOENT);
  return known->second;
}

uint32_t SnapshotView::cgroup_depth(std::string_view path) const {
  return static_cast<uint32_t>(std::ranges::count(path, '/'));
}

bool SnapshotView::has_feature(std::string_view name) const {
  if (absent_.contains(name)) return false;
  if (features_.contains(name)) return true;
  if (name.starts_with("kprobe") && !features_.contains("kprobe")) return false;
  return btf_feature(name).value_or(false);
}

}  // namespace

Result<std::unique_ptr<KernelView>> snapshot_view(types::TypeContext& types, const std::string& folder) {
  const auto machine = read_text(folder + "/machine");
  if (!machine) return std::unexpected(machine.error());
  return std::make_unique<SnapshotView>(types, folder, *machine);
}

}  // namespace sonde::kernel
