// An object as the compiler makes it, written by hand: what the runtime tests load. Ids match the image that
// runtime_tracer_test.cc builds around it.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct header {
  __u32 event;
  __u32 cpu;
  __u64 time;
};
struct number_record {
  struct header header;
  __s64 value;
};
struct error_cell {
  __u64 count;
  __s64 code;
};
struct loss_cell {
  __u64 events;
  __u64 busy;
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} sonde_ring SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct error_cell);
} sonde_errors SEC(".maps");
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 5);
  __type(key, __u32);
  __type(value, struct loss_cell);
} sonde_losses SEC(".maps");
// @calls[n] = count()
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 100);
  __type(key, __u64);
  __type(value, __u64);
} AT_calls SEC(".maps");
// let @tiny = hash(2)
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 2);
  __type(key, __u64);
  __type(value, __s64);
} AT_tiny SEC(".maps");
struct scalar_cell {
  __s64 value;
  __u64 written;
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct scalar_cell);
} AT_ticks SEC(".maps");

volatile const __u64 step = 1;
volatile const __u64 cpus = 0;

static __always_inline void lose(__u32 program) {
  struct loss_cell* cell = bpf_map_lookup_elem(&sonde_losses, &program);
  if (cell) cell->events++;
}

static __always_inline void send(__u32 program, __u32 event, __s64 value) {
  struct number_record* record = bpf_ringbuf_reserve(&sonde_ring, sizeof(*record), 0);
  if (!record) {
    lose(program);
    return;
  }
  record->header.event = event;
  record->header.cpu = 0;
  record->header.time = bpf_ktime_get_ns();
  record->value = value;
  bpf_ringbuf_submit(record, 0);
}

static __always_inline void put(__u64 key, __s64 value) {
  long code = bpf_map_update_elem(&AT_tiny, &key, &value, BPF_ANY);
  if (code) {
    __u32 site = 0;
    struct error_cell* cell = bpf_map_lookup_elem(&sonde_errors, &site);
    if (cell) {
      cell->count++;
      cell->code = code;
    }
  }
}

SEC("s_begin_1")
int begin_1(void* ctx) {
  send(0, 0, 42);
  send(0, 0, cpus);
  for (int i = 0; i < 5; i++) put(i, i * 10);
  return 0;
}

SEC("s_getppid_2")
int getppid_2(void* ctx) {
  __u64 key = bpf_get_current_pid_tgid() >> 32;
  __u64 one = 1;
  __u64* count = bpf_map_lookup_elem(&AT_calls, &key);
  if (count)
    *count += step;
  else
    bpf_map_update_elem(&AT_calls, &key, &one, BPF_ANY);
  return 1;
}

SEC("s_interval_3")
int interval_3(void* ctx) {
  __u32 zero = 0;
  struct scalar_cell* ticks = bpf_map_lookup_elem(&AT_ticks, &zero);
  if (!ticks) return 0;
  ticks->value++;
  ticks->written = 1;
  if (ticks->value == 10) send(2, 1, 300);
  if (ticks->value > 10) send(2, 0, 99);  // behind exit(): never seen
  return 0;
}

SEC("s_end_4")
int end_4(void* ctx) {
  send(3, 0, 7);
  return 0;
}

// Floods the ring so that records are lost.
SEC("s_flood_5")
int flood_5(void* ctx) {
  for (int i = 0; i < 1000; i++) send(4, 0, i);
  return 0;
}

char license_text[] SEC("license") = "GPL";
