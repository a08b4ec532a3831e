// The start-up case with one field relocated: libbpf has to parse the kernel's BTF.
#include "tests/bench/cases.bpf.h"

struct task_struct {
  int tgid;
} __attribute__((preserve_access_index));

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 4096);
  __type(key, struct comm_key);
  __type(value, __u64);
} counts SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_openat")
int core(struct sys_enter* context) {
  struct comm_key key;
  struct task_struct* task = (struct task_struct*)bpf_get_current_task();
  if (BPF_CORE_READ(task, tgid) == 0) return 0;
  bpf_get_current_comm(&key, sizeof(key));
  count_keyed(&counts, &key);
  return 0;
}
