// Dispatch over the mechanisms, and what they share.
#include "runtime/attach/attach.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <iterator>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/tracefs.h"
#include "runtime/attach/mechanisms.h"

namespace sonde::attach {
namespace {

constexpr size_t kStopThreads = 64;
// More would only queue up for the lock.
constexpr size_t kFreeThreads = 4;

Result<std::string> read_small_file(const std::string& path) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> text;
  const ssize_t got = file.valid() ? ::read(file.get(), text.data(), text.size()) : -1;
  if (got < 0) return base::fail_errno("read " + path);
  return std::string(text.data(), static_cast<size_t>(got));
}

// Closes all by up to `threads` threads; this one calls `closed` after each of its own with the number closed so far.
void close_all(std::vector<base::Fd>& fds, size_t threads, const std::function<void(uint64_t)>& closed) {
  std::atomic<size_t> next = 0;
  std::atomic<uint64_t> done = 0;
  const auto close_some = [&](bool tell) {
    for (size_t i = next++; i < fds.size(); i = next++) {
      fds[i].reset();
      const uint64_t count = ++done;
      if (tell) closed(count);
    }
  };
  std::vector<std::jthread> others;
  for (size_t i = 1; i < std::min(threads, fds.size()); ++i) others.emplace_back(close_some, false);
  close_some(true);
}

struct Attacher {
  Link& link;
  int program;
  Context& context;

  Result<> operator()(const image::TestRunAttach&) const { SONDE_UNREACHABLE(); }
  Result<> operator()(const image::TracepointAttach& spec) const {
    return attach_tracepoint(link, spec, program, context);
  }
  Result<> operator()(const image::TracingAttach& spec) const { return attach_tracing(link, spec, program, context); }
  Result<> operator()(const image::KprobeAttach& spec) const { return attach_kprobe(link, spec, program, context); }
  Result<> operator()(const image::UprobeAttach& spec) const { return attach_uprobe(link, spec, program, context); }
  Result<> operator()(const image::PerfEventAttach& spec) const {
    return attach_perf_event(link, spec, program, context);
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

Result<> attach(Link& link, const image::ProgramDesc& desc, int program, Context& context) {
  return std::visit(Attacher{link, program, context}, desc.attach);
}

uint64_t sites_of(const image::ProgramDesc& desc) {
  if (const auto* uprobe = std::get_if<image::UprobeAttach>(&desc.attach))
    return std::max<uint64_t>(1, uprobe->sites.size());
  if (const auto* kprobe = std::get_if<image::KprobeAttach>(&desc.attach))
    return std::max<uint64_t>(1, kprobe->functions.size());
  return 1;
}

void stop(std::span<Link> links) {
  std::vector<base::Fd> fds;
  for (Link& link : links) std::ranges::move(std::exchange(link.fds, {}), std::back_inserter(fds));
  close_all(fds, kStopThreads, [](uint64_t) {});
}

void free_events(std::vector<Link> links, const std::function<void(uint64_t)>& freed) {
  std::vector<base::Fd> events;
  for (Link& link : links) std::ranges::move(link.events, std::back_inserter(events));
  close_all(events, kFreeThreads, [&](uint64_t count) {
    if (freed) freed(count);
  });
}

}  // namespace sonde::attach
