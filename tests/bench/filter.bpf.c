// tracepoint:syscalls:sys_enter_getppid /pid == 1/ { @ = count(); }
#include "tests/bench/cases.bpf.h"

SEC("tracepoint/syscalls/sys_enter_getppid")
int filter(struct sys_enter* context) {
  if (bpf_get_current_pid_tgid() >> 32 == 1) count_scalar();
  return 0;
}
