// What the hand-written programs of the benchmark share: the layouts of the tracepoints' contexts.
#pragma once

// clang-format off: these headers depend on their order
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
// clang-format on

struct sys_enter {
  __u64 common;
  long nr;
  __u64 args[6];
};

struct sys_exit {
  __u64 common;
  long nr;
  long ret;
};

struct comm_key {
  char text[16];
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} scalar SEC(".maps");

static __always_inline void count_scalar(void) {
  __u32 zero = 0;
  __u64* cell = bpf_map_lookup_elem(&scalar, &zero);
  if (cell) *cell += 1;
}

// Adds one to the entry of `key` in a per-CPU hash, which is made if there is none.
static __always_inline void count_keyed(void* map, const void* key) {
  __u64* cell = bpf_map_lookup_elem(map, key);
  if (cell) {
    *cell += 1;
  } else {
    __u64 one = 1;
    bpf_map_update_elem(map, key, &one, BPF_NOEXIST);
  }
}

static __always_inline __u32 log2_slot(__u64 value) {
  __u32 slot = 0;
  if (value == 0) return 1;
  if (value >> 32) {
    value >>= 32;
    slot += 32;
  }
  if (value >> 16) {
    value >>= 16;
    slot += 16;
  }
  if (value >> 8) {
    value >>= 8;
    slot += 8;
  }
  if (value >> 4) {
    value >>= 4;
    slot += 4;
  }
  if (value >> 2) {
    value >>= 2;
    slot += 2;
  }
  if (value >> 1) slot += 1;
  return slot + 2;
}

char LICENSE[] SEC("license") = "GPL";
