// Perf events: timers, software and hardware counters, breakpoints; and the perf link all perf mechanisms end in.
#include <bpf/bpf.h>
#include <dirent.h>
#include <linux/hw_breakpoint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "runtime/attach/mechanisms.h"

namespace sonde::attach {
namespace {

std::string explain(const std::string& what, int code) {
  switch (code) {
    case ENOENT:
    case EOPNOTSUPP:
      return what + ": this machine has no such event (virtual machines often have no hardware counters)";
    case EACCES:
    case EPERM: return what + ": not permitted (needs CAP_PERFMON; a locked-down kernel forbids it altogether)";
    case ENOSPC: return "No more HW registers left";
    case EMFILE: return what + ": too many open files (raise `ulimit -n`)";
    default: return what;
  }
}

// The kernel refuses frequencies above a limit that it lowers itself when samples take too long.
std::string explain_frequency(const std::string& what, const perf_event_attr& attributes, int code) {
  if (code != EINVAL || !attributes.freq) return explain(what, code);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen("/proc/sys/kernel/perf_event_max_sample_rate", "re"), std::fclose);
  unsigned long limit = 0;
  if (!file || std::fscanf(file.get(), "%lu", &limit) != 1 || attributes.sample_freq <= limit) return what;
  return what + " that samples " + std::to_string(attributes.sample_freq) +
         " times per second: the kernel's limit is " + std::to_string(limit) +
         " (sysctl kernel.perf_event_max_sample_rate)";
}

perf_event_attr attributes_of(const image::PerfEventAttach& spec) {
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = spec.type;
  attributes.config = spec.config;
  attributes.sample_period = spec.period;
  attributes.freq = spec.use_frequency;
  if (spec.type == PERF_TYPE_BREAKPOINT) {
    attributes.bp_addr = spec.address;
    attributes.bp_len = spec.length;
    attributes.bp_type = spec.breakpoint_type;
  }
  return attributes;
}

std::vector<int> threads_of(int pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/task";
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), [](DIR* open) { return ::closedir(open); });
  std::vector<int> threads;
  if (!dir) return threads;
  while (const dirent* entry = ::readdir(dir.get()))
    if (const int thread = std::atoi(entry->d_name); thread > 0) threads.push_back(thread);
  return threads;
}

// A breakpoint follows the threads of its process wherever they run; any one that opens will do.
Result<> attach_to_threads(Link& link, perf_event_attr attributes, int program, Context& context) {
  attributes.inherit = 1;
  Error last{"process " + std::to_string(context.pid()) + " has no threads", ESRCH};
  for (const int thread : threads_of(context.pid())) {
    const auto added = link_perf_event(link, attributes, thread, -1, program,
                                       "create a perf event for thread " + std::to_string(thread));
    if (!added) last = added.error();
  }
  if (link.fds.empty()) return std::unexpected(last);
  return {};
}

}  // namespace

Result<> link_perf_event(Link& link, perf_event_attr attributes, int pid, int cpu, int program, const std::string& what,
                         uint64_t cookie) {
  base::Fd event(static_cast<int>(::syscall(SYS_perf_event_open, &attributes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!event.valid()) {
    const int code = errno;
    return base::fail(explain_frequency(what, attributes, code), code);
  }
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.perf_event.bpf_cookie = cookie;
  base::Fd fd(bpf_link_create(program, event.get(), BPF_PERF_EVENT, cookie ? &options : nullptr));
  if (!fd.valid()) return base::fail_errno(what + ": link the program to its perf event");
  link.fds.push_back(std::move(fd));
  link.events.push_back(std::move(event));
  return {};
}

Result<> attach_perf_event(Link& link, const image::PerfEventAttach& spec, int program, Context& context) {
  perf_event_attr attributes = attributes_of(spec);
  if (!spec.every_cpu) {
    // CPU 0 nearly always is the first online one; only where it is not does the list have to be read.
    auto added = link_perf_event(link, attributes, -1, 0, program, "create a perf event on CPU 0");
    if (!added && added.error().code == ENODEV) {
      const auto cpus = context.online_cpus();
      if (!cpus) return std::unexpected(cpus.error());
      const int cpu = (*cpus)->front();
      added = link_perf_event(link, attributes, -1, cpu, program, "create a perf event on CPU " + std::to_string(cpu));
    }
    return added;
  }
  const bool breakpoint = spec.type == PERF_TYPE_BREAKPOINT;
  if (breakpoint && context.pid() > 0) return attach_to_threads(link, attributes, program, context);
  const auto cpus = context.online_cpus();
  if (!cpus) return std::unexpected(cpus.error());
  const int pid = context.pid() > 0 ? context.pid() : -1;
  if (pid > 0) attributes.inherit = 1;
  for (const int cpu : **cpus) {
    const auto added =
        link_perf_event(link, attributes, pid, cpu, program, "create a perf event on CPU " + std::to_string(cpu));
    if (!added && added.error().code == ENODEV) continue;  // went offline since the list was read
    if (!added) return std::unexpected(added.error());
  }
  return {};
}

}  // namespace sonde::attach
