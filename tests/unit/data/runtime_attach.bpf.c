// One program per attach mechanism, each counting its runs in its own cell of @hits; and one that no verifier accepts.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 12);
  __type(key, __u32);
  __type(value, __u64);
} AT_hits SEC(".maps");

static __always_inline void hit(__u32 cell) {
  __u64* count = bpf_map_lookup_elem(&AT_hits, &cell);
  if (count) __sync_fetch_and_add(count, 1);
}

SEC("s_uprobe_1")
int uprobe_1(void* ctx) {
  hit(1);
  return 0;
}
SEC("s_multi_2")
int multi_2(void* ctx) {
  hit(2);
  return 0;
}
SEC("s_rawtp_3")
int rawtp_3(void* ctx) {
  hit(3);
  return 0;
}
SEC("s_profile_4")
int profile_4(void* ctx) {
  hit(4);
  return 0;
}

struct seq_file;
struct bpf_iter_meta {
  struct seq_file* seq;
};
struct bpf_iter__task {
  struct bpf_iter_meta* meta;
  void* task;
};
SEC("s_iter_5")
int iter_5(struct bpf_iter__task* ctx) {
  static const char text[] = "a task\n";
  if (ctx->task) bpf_seq_write(ctx->meta->seq, text, sizeof(text) - 1);
  hit(5);
  return 0;
}

SEC("s_signal_6")
int signal_6(void* ctx) {
  hit(6);
  return 0;
}

SEC("s_bad_7")
int bad_7(void* ctx) {
  __u64 number = bpf_ktime_get_ns();
  hit(*(volatile __u32*)number);
  return 0;
}

SEC("s_uretprobe_8")
int uretprobe_8(void* ctx) {
  hit(7);
  return 0;
}

SEC("s_kprobe_9")
int kprobe_9(void* ctx) {
  hit(8);
  return 0;
}
SEC("s_kretprobe_10")
int kretprobe_10(void* ctx) {
  hit(9);
  return 0;
}
SEC("s_fentry_11")
int fentry_11(void* ctx) {
  hit(10);
  return 0;
}
SEC("s_fexit_12")
int fexit_12(void* ctx) {
  hit(11);
  return 0;
}

char license_text[] SEC("license") = "GPL";
