// tracepoint:syscalls:sys_exit_getppid { @ = hist(args.ret); }
#include "tests/bench/cases.bpf.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 66);
  __type(key, __u32);
  __type(value, __u64);
} buckets SEC(".maps");

SEC("tracepoint/syscalls/sys_exit_getppid")
int hist(struct sys_exit* context) {
  __u32 slot = context->ret < 0 ? 0 : log2_slot((__u64)context->ret);
  __u64* cell = bpf_map_lookup_elem(&buckets, &slot);
  if (cell) *cell += 1;
  return 0;
}
