// tracepoint:syscalls:sys_enter_getpgid { @ = hist(args.pid); }
#include "common.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct buckets);
} cells SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_getpgid")
int hist(struct enter_context *context) {
  __s64 value = context->arguments[0];
  count_bucket(&cells, value);
  return 1;
}
