// tracepoint:syscalls:sys_enter_openat { @[str(args.filename, 64)] = count(); }
#include "tests/bench/cases.bpf.h"

struct path_key {
  char text[64];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 4096);
  __type(key, struct path_key);
  __type(value, __u64);
} counts SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_openat")
int path(struct sys_enter* context) {
  struct path_key key = {};
  bpf_probe_read_user_str(&key, sizeof(key), (const void*)context->args[1]);
  count_keyed(&counts, &key);
  return 0;
}
