// What the hand-written programs share: a per-CPU counter cell and the types of the tracepoint contexts they read.
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct enter_context {  // tracepoint:syscalls:sys_enter_*: 8 common bytes, the number, then the arguments as words
  __u64 common;
  __s64 number;
  __u64 arguments[6];
};

char _license[] SEC("license") = "GPL";

// The first value of a key goes in by update, later ones by the pointer: what a careful author writes by hand.
static __always_inline void count_key(void *map, const void *key) {
  __u64 *cell = bpf_map_lookup_elem(map, key);
  if (cell) {
    ++*cell;
    return;
  }
  __u64 one = 1;
  bpf_map_update_elem(map, key, &one, BPF_ANY);
}

// Buckets of a log2 histogram: negative, 0, 1, [2, 4), [4, 8), ...
struct buckets {
  __u64 counts[66];
};

static __always_inline __u32 log2_u64(__u64 value) {
  __u32 shift, result;
  result = (value > 0xFFFFFFFF) << 5; value >>= result;
  shift = (value > 0xFFFF) << 4; value >>= shift; result |= shift;
  shift = (value > 0xFF) << 3; value >>= shift; result |= shift;
  shift = (value > 0xF) << 2; value >>= shift; result |= shift;
  shift = (value > 0x3) << 1; value >>= shift; result |= shift;
  return result | (value >> 1);
}

static __always_inline void count_bucket(void *map, __s64 value) {
  __u32 bucket = value < 0 ? 0 : value < 2 ? value + 1 : log2_u64(value) + 1;
  __u32 zero = 0;
  struct buckets *cell = bpf_map_lookup_elem(map, &zero);
  if (cell && bucket < 66) ++cell->counts[bucket];
}
