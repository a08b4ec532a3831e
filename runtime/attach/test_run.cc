// begin, end and signal programs: raw tracepoint programs that the kernel runs on our behalf, in our own process. Tests and
// benchmarks are XDP programs, which the kernel also repeats and times.
#include <bpf/bpf.h>

#include <array>

#include "runtime/attach/attach.h"

namespace sonde::attach {

Result<int> run_once(const image::ProgramDesc& desc, int program) {
  LIBBPF_OPTS(bpf_test_run_opts, options);
  if (bpf_prog_test_run_opts(program, &options) != 0) return base::fail_errno("run probe " + desc.probe_name);
  return static_cast<int>(options.retval);
}

Result<PacketRun> run_on_packet(const image::ProgramDesc& desc, int program, uint32_t repeat) {
  const std::array<char, 14> packet{};  // an Ethernet header, the least that the kernel takes
  LIBBPF_OPTS(bpf_test_run_opts, options);
  options.data_in = packet.data();
  options.data_size_in = packet.size();
  options.repeat = static_cast<int>(repeat);
  if (bpf_prog_test_run_opts(program, &options) != 0) return base::fail_errno("run probe " + desc.probe_name);
  return PacketRun{options.retval, options.duration};
}

}  // namespace sonde::attach
