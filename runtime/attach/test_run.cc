// begin, end and signal programs: raw tracepoint programs that the kernel runs on our behalf, in our own process.
#include <bpf/bpf.h>

#include "runtime/attach/attach.h"

namespace sonde::attach {

Result<int> run_once(const image::ProgramDesc& desc, int program) {
  LIBBPF_OPTS(bpf_test_run_opts, options);
  if (bpf_prog_test_run_opts(program, &options) != 0) return base::fail_errno("run probe " + desc.probe_name);
  return static_cast<int>(options.retval);
}

}  // namespace sonde::attach
