// tracepoint:syscalls:sys_enter_getppid { @[comm] = count(); }
#include "tests/bench/cases.bpf.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 4096);
  __type(key, struct comm_key);
  __type(value, __u64);
} counts SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_getppid")
int comm(struct sys_enter* context) {
  struct comm_key key;
  bpf_get_current_comm(&key, sizeof(key));
  count_keyed(&counts, &key);
  return 0;
}
