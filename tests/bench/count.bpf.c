// tracepoint:syscalls:sys_enter_getppid { @ = count(); }
#include "tests/bench/cases.bpf.h"

SEC("tracepoint/syscalls/sys_enter_getppid")
int count(struct sys_enter* context) {
  count_scalar();
  return 0;
}
