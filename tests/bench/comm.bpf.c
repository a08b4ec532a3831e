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
  __u64* cell = bpf_map_lookup_elem(&counts, &key);
  if (cell) {
    *cell += 1;
  } else {
    __u64 one = 1;
    bpf_map_update_elem(&counts, &key, &one, BPF_NOEXIST);
  }
  return 0;
}
