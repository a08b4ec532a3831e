// Dispatch over the mechanisms, and what they share.
#include "runtime/attach/attach.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <thread>

#include "base/check.h"
#include "base/tracefs.h"
#include "runtime/attach/mechanisms.h"

namespace sonde::attach {
namespace {

constexpr size_t kDetachThreads = 64;

Result<std::string> read_small_file(const std::string& path) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> text;
  const ssize_t got = file.valid() ? ::read(file.get(), text.data(), text.size()) : -1;
  if (got < 0) return base::fail_errno("read " + path);
  return std::string(text.data(), static_cast<size_t>(got));
}

struct Attacher {
  int program;
  Context& context;

  Result<Link> operator()(const image::TestRunAttach&) const { SONDE_UNREACHABLE(); }
  Result<Link> operator()(const image::TracepointAttach& spec) const {
    return attach_tracepoint(spec, program, context);
  }
  Result<Link> operator()(const image::TracingAttach& spec) const { return attach_tracing(spec, program, context); }
  Result<Link> operator()(const image::KprobeAttach& spec) const { return attach_kprobe(spec, program, context); }
  Result<Link> operator()(const image::UprobeAttach& spec) const { return attach_uprobe(spec, program, context); }
  Result<Link> operator()(const image::PerfEventAttach& spec) const {
    return attach_perf_event(spec, program, context);
  }
};

}  // namespace

Result<const base::Fd*> Context::tracefs() {
  if (!tracefs_.valid()) {
    auto root = base::tracefs_root();
    if (!root) return std::unexpected(root.error());
    tracefs_ = std::move(*root);
  }
  return &tracefs_;
}

Result<uint32_t> Context::pmu_type(const std::string& pmu) {
  for (const auto& [name, type] : pmu_types_)
    if (name == pmu) return type;
  const std::string path = "/sys/bus/event_source/devices/" + pmu + "/type";
  const auto text = read_small_file(path);
  if (!text && text.error().code == ENOENT)
    return base::fail("this kernel has no " + pmu + " events (" + path + " is missing; it was built without CONFIG_" +
                          (pmu == "kprobe" ? "KPROBE_EVENTS" : "UPROBE_EVENTS") + ")",
                      ENOENT);
  if (!text) return std::unexpected(text.error());
  uint32_t type = 0;
  if (std::from_chars(text->data(), text->data() + text->size(), type).ec != std::errc())
    return base::fail(path + " holds no number");
  pmu_types_.emplace_back(pmu, type);
  return type;
}

Result<const std::vector<int>*> Context::online_cpus() {
  if (!online_cpus_.empty()) return &online_cpus_;
  const auto text = read_small_file("/sys/devices/system/cpu/online");
  if (!text) return std::unexpected(text.error());
  // "0-3,8,10-11"
  const char* at = text->data();
  const char* const end = at + text->size();
  while (at < end) {
    int first = 0;
    auto [rest, error] = std::from_chars(at, end, first);
    if (error != std::errc()) break;
    int last = first;
    if (rest < end && *rest == '-') rest = std::from_chars(rest + 1, end, last).ptr;
    for (int cpu = first; cpu <= last; ++cpu) online_cpus_.push_back(cpu);
    at = rest < end && *rest == ',' ? rest + 1 : end;
  }
  if (online_cpus_.empty()) return base::fail("/sys/devices/system/cpu/online lists no CPU");
  return &online_cpus_;
}

Result<Link> attach(const image::ProgramDesc& desc, int program, Context& context) {
  return std::visit(Attacher{program, context}, desc.attach);
}

uint64_t sites_of(const image::ProgramDesc& desc) {
  if (const auto* uprobe = std::get_if<image::UprobeAttach>(&desc.attach))
    return std::max<uint64_t>(1, uprobe->sites.size());
  if (const auto* kprobe = std::get_if<image::KprobeAttach>(&desc.attach))
    return std::max<uint64_t>(1, kprobe->functions.size());
  return 1;
}

void detach(std::vector<Link> links) {
  std::vector<base::Fd> fds;
  for (Link& link : links)
    for (base::Fd& fd : link.fds) fds.push_back(std::move(fd));
  if (fds.size() <= 1) return;
  std::atomic<size_t> next = 0;
  const auto close_some = [&] {
    for (size_t i = next++; i < fds.size(); i = next++) fds[i].reset();
  };
  std::vector<std::jthread> threads;
  for (size_t i = 1; i < std::min(kDetachThreads, fds.size()); ++i) threads.emplace_back(close_some);
  close_some();
}

}  // namespace sonde::attach
