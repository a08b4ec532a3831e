// tracepoint:syscalls:sys_enter_getpgid { @[comm] = count(); }
#include "common.h"

struct comm {
  char text[16];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 4096);
  __type(key, struct comm);
  __type(value, __u64);
} cells SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_getpgid")
int count_comm(void *context) {
  struct comm key;
  bpf_get_current_comm(&key, sizeof key);
  count_key(&cells, &key);
  return 1;
}
