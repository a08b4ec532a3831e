// tracepoint:syscalls:sys_enter_read { @s[tid] = nsecs; }
// tracepoint:syscalls:sys_exit_read /@s[tid]/ { @ns = hist(nsecs - @s[tid]); delete(@s, tid); }
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct buckets);
} cells SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, __u32);
  __type(value, __u64);
} starts SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_read")
int enter(void *context) {
  __u32 tid = bpf_get_current_pid_tgid();
  __u64 now = bpf_ktime_get_boot_ns();
  bpf_map_update_elem(&starts, &tid, &now, BPF_ANY);
  return 1;
}

SEC("tracepoint/syscalls/sys_exit_read")
int leave(void *context) {
  __u32 tid = bpf_get_current_pid_tgid();
  __u64 *start = bpf_map_lookup_elem(&starts, &tid);
  if (!start || !*start) return 1;
  __s64 value = bpf_ktime_get_boot_ns() - *start;
  count_bucket(&cells, value);
  bpf_map_delete_elem(&starts, &tid);
  return 1;
}
