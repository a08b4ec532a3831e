// tracepoint:syscalls:sys_enter_getppid { @s[tid] = nsecs; }
// tracepoint:syscalls:sys_exit_getppid /@s[tid]/ { @ = hist(nsecs - @s[tid]); delete(@s, tid); }
#include "tests/bench/cases.bpf.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, __u32);
  __type(value, __u64);
} starts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 66);
  __type(key, __u32);
  __type(value, __u64);
} buckets SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_getppid")
int enter(struct sys_enter* context) {
  __u32 tid = (__u32)bpf_get_current_pid_tgid();
  __u64 now = bpf_ktime_get_boot_ns();
  bpf_map_update_elem(&starts, &tid, &now, BPF_ANY);
  return 0;
}

SEC("tracepoint/syscalls/sys_exit_getppid")
int leave(struct sys_exit* context) {
  __u32 tid = (__u32)bpf_get_current_pid_tgid();
  __u64* start = bpf_map_lookup_elem(&starts, &tid);
  if (!start || !*start) return 0;
  __u32 slot = log2_slot(bpf_ktime_get_boot_ns() - *start);
  __u64* cell = bpf_map_lookup_elem(&buckets, &slot);
  if (cell) *cell += 1;
  bpf_map_delete_elem(&starts, &tid);
  return 0;
}
