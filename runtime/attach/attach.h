// Attaching: one loaded program to its place in the kernel. One file per mechanism stands behind attach().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "image/image.h"

namespace sonde::attach {

// What keeps a program attached; nothing outlives the process.
struct Link {
  std::vector<base::Fd> fds;       // closing them detaches the program
  std::vector<base::Fd> events;    // perf events that it hung on
  uint64_t probes = 1;             // functions or sites it covers
  std::vector<std::string> names;  // with several: "PATH:SYMBOL" each, for -v
  image::ProgramId program;        // set by the tracer
  std::vector<Error> refused;      // of several functions, those that the kernel would not take
  std::string pin;                 // iterators: file that is to keep the link
};

// What the mechanisms share during one run: the process filter, and kernel facts read at first use.
class Context {
 public:
  // `pid`: the -c or -p process that user probes and sampled perf events are restricted to, 0 for none.
  // `uprobe_multi`, `kprobe_multi`: programs with several sites were loaded for a multi link.
  Context(int pid, bool uprobe_multi, bool kprobe_multi = false)
      : pid_(pid), uprobe_multi_(uprobe_multi), kprobe_multi_(kprobe_multi) {}

  int pid() const { return pid_; }
  bool uprobe_multi() const { return uprobe_multi_; }
  bool kprobe_multi() const { return kprobe_multi_; }
  // Mechanisms that need several calls for their sites tell after each how many it has settled; an error (EINTR: the user had
  // enough) ends the attempt.
  Result<> sites_done(uint64_t count) const { return on_sites_ ? on_sites_(count) : Result<>(); }
  void on_sites(std::function<Result<>(uint64_t)> hook) { on_sites_ = std::move(hook); }
  // Root of tracefs, see base/tracefs.h.
  Result<const base::Fd*> tracefs();
  // Number of a dynamic PMU ("kprobe", "uprobe").
  Result<uint32_t> pmu_type(const std::string& pmu);
  // Online CPUs in ascending order.
  Result<const std::vector<int>*> online_cpus();

 private:
  int pid_;
  bool uprobe_multi_;
  bool kprobe_multi_;
  std::function<Result<>(uint64_t)> on_sites_;
  base::Fd tracefs_;
  std::vector<int> online_cpus_;
  std::vector<std::pair<std::string, uint32_t>> pmu_types_;
};

// Attaches `program` (a descriptor) and adds what keeps it so to `link`, also when it fails halfway. TestRunAttach programs
// have no link and must not be passed. Fails with the reason as the user should read it.
Result<> attach(Link& link, const image::ProgramDesc& desc, int program, Context& context);

// Runs a begin, end or signal program once in this process; gives its return value.
Result<int> run_once(const image::ProgramDesc& desc, int program);

struct PacketRun {
  uint32_t value = 0;        // what the program returned
  uint64_t nanoseconds = 0;  // mean of one run
};
// Runs a test or bench program `repeat` times on an invented packet.
Result<PacketRun> run_on_packet(const image::ProgramDesc& desc, int program, uint32_t repeat);

// Reads the iterator behind `link` to its end and copies what its program wrote to `output`; calls `after_chunk` each
// time the kernel has run the program for a while.
Result<> read_iterator(const Link& link, int output, const std::function<void()>& after_chunk);
// Keeps the link as file `link.pin`, relative names below /sys/fs/bpf. Gives the file's name.
Result<std::string> pin_link(const Link& link);

// Functions or places that a program attaches to.
uint64_t sites_of(const image::ProgramDesc& desc);

// Detaches all programs: none runs any more afterwards. The kernel waits for an RCU grace period per perf event, and many
// threads wait at the same time. The events stay.
void stop(std::span<Link> links);
// Closes the events of links that were stopped. Those of trace events are freed under one lock of the kernel, a grace period
// (some 30 ms) each. `freed` is told now and then how many are.
void free_events(std::vector<Link> links, const std::function<void(uint64_t)>& freed = {});

}  // namespace sonde::attach
