// As count_comm, with one CO-RE relocation, so that loading parses kernel BTF: the usual shape of a shipped tool.
#include "common.h"
#include <bpf/bpf_core_read.h>

struct comm {
  char text[16];
};

struct task_struct {
  int pid;
} __attribute__((preserve_access_index));

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 4096);
  __type(key, struct comm);
  __type(value, __u64);
} cells SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_openat")
int count_comm(void *context) {
  struct task_struct *task = (void *)bpf_get_current_task();
  if (BPF_CORE_READ(task, pid) < 0) return 1;
  struct comm key;
  bpf_get_current_comm(&key, sizeof key);
  count_key(&cells, &key);
  return 1;
}
