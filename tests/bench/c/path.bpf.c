// tracepoint:syscalls:sys_enter_openat { @[str(args.filename, 64)] = count(); }
#include "common.h"

struct path {
  char text[64];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 4096);
  __type(key, struct path);
  __type(value, __u64);
} cells SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_openat")
int path(struct enter_context *context) {
  struct path key = {};
  bpf_probe_read_user_str(&key, sizeof key, (const void *)context->arguments[1]);
  count_key(&cells, &key);
  return 1;
}
