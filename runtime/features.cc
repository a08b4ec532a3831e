// One row per feature. A probe does the smallest thing that only a kernel with the feature accepts.
#include "runtime/features.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "base/fd.h"
#include "runtime/attach/bpf_syscall.h"

namespace sonde::runtime {
namespace {

template <bpf_func_id Helper, bpf_prog_type Type = BPF_PROG_TYPE_KPROBE>
bool has_helper() {
  return libbpf_probe_bpf_helper(Type, Helper, nullptr) == 1;
}

bool has_btf() { return ::access("/sys/kernel/btf/vmlinux", R_OK) == 0; }

bool has_module_btf() {
  // The first BTF object is the kernel's; any other kernel BTF belongs to a module.
  uint32_t id = 0;
  while (bpf_btf_get_next_id(id, &id) == 0) {
    const base::Fd fd(bpf_btf_get_fd_by_id(id));
    std::array<char, 64> name{};
    bpf_btf_info info{};
    info.name = reinterpret_cast<uint64_t>(name.data());
    info.name_len = name.size();
    uint32_t size = sizeof(info);
    if (!fd.valid() || bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) continue;
    if (info.kernel_btf && std::string_view(name.data()) != "vmlinux") return true;
  }
  return false;
}

bool has_ring_buffer() { return libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, nullptr) == 1; }

// return 0
base::Fd load_trivial(uint32_t attach_type) {
  const bpf_insn code[] = {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = static_cast<bpf_attach_type>(attach_type));
  return base::Fd(bpf_prog_load(BPF_PROG_TYPE_KPROBE, "sonde_probe", "GPL", code, 2, &options));
}

bool has_kprobe_multi(uint32_t attach_type) {
  const base::Fd program = load_trivial(attach_type);
  if (!program.valid()) return false;
  const std::string function = "ksys_read";
  return attach::link_kprobe_multi(program.get(), {&function, 1}, false, attach_type).has_value();
}

bool has_kprobe_multi_link() { return has_kprobe_multi(attach::kTraceKprobeMulti); }

bool has_kprobe_session() { return has_kprobe_multi(attach::kTraceKprobeSession); }

// The errno with which a uprobe multi link to a directory is refused.
int uprobe_multi_refusal(int pid) {
  const base::Fd program = load_trivial(attach::kTraceUprobeMulti);
  if (!program.valid()) return 0;
  const uint64_t offset = 0;
  const auto link =
      attach::link_uprobe_multi(program.get(), {.path = "/", .offsets = {&offset, 1}, .semaphores = {}, .pid = pid});
  return link ? 0 : link.error().code;
}

// EBADF comes only from a kernel that gets as far as looking at the path.
bool has_uprobe_multi() { return uprobe_multi_refusal(0) == EBADF; }

// Before Linux 6.10 the filter took one thread for the process. The change that mended it also refuses negative numbers before
// the path is looked at.
bool has_uprobe_multi_pid() { return uprobe_multi_refusal(-1) == EINVAL; }

// A program of type TRACING that takes the kernel function `name`.
bool loads_tracing(bpf_attach_type type, const char* name) {
  const int id = libbpf_find_vmlinux_btf_id(name, type);
  if (id <= 0) return false;
  const bpf_insn code[] = {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = type, .attach_btf_id = static_cast<uint32_t>(id));
  const base::Fd program(bpf_prog_load(BPF_PROG_TYPE_TRACING, "sonde_probe", "GPL", code, 2, &options));
  return program.valid();
}

bool has_iterators() { return loads_tracing(BPF_TRACE_ITER, "task"); }

// bpf_d_path exists for programs at a few functions only, so these have to load at all.
bool has_d_path() { return loads_tracing(BPF_TRACE_FENTRY, "filp_close"); }

constexpr Feature kFeatures[] = {
    {"bpf_loop", "5.17", "a program that calls bpf_loop loads", has_helper<BPF_FUNC_loop>},
    {"btf", "4.18", "/sys/kernel/btf/vmlinux is readable", has_btf},
    {"dpath", "5.10", "an fentry program for filp_close loads", has_d_path},
    {"for_each_map_elem", "5.13", "a program that calls bpf_for_each_map_elem loads",
     has_helper<BPF_FUNC_for_each_map_elem>},
    {"get_func_ip", "5.15", "a program that calls bpf_get_func_ip loads", has_helper<BPF_FUNC_get_func_ip>},
    {"get_tai_ns", "6.1", "a program that calls bpf_ktime_get_tai_ns loads", has_helper<BPF_FUNC_ktime_get_tai_ns>},
    {"iter", "5.8", "an iterator over tasks loads", has_iterators},
    {"kprobe_multi", "5.18", "a multi link to ksys_read can be made", has_kprobe_multi_link},
    {"kprobe_session", "6.10", "a session link to ksys_read can be made", has_kprobe_session},
    {"lookup_percpu_elem", "5.19", "a program that calls bpf_map_lookup_percpu_elem loads",
     has_helper<BPF_FUNC_map_lookup_percpu_elem>},
    {"module_btf", "5.11", "a kernel BTF object beside vmlinux exists", has_module_btf},
    {"ringbuf", "5.8", "a ring buffer map can be made", has_ring_buffer},
    {"uprobe_multi", "6.6", "a multi link to a directory fails with EBADF", has_uprobe_multi},
    {"uprobe_multi_pid", "6.10", "a multi link for process -1 fails with EINVAL", has_uprobe_multi_pid},
};

}  // namespace

int64_t instruction_limit() {
  const bpf_insn code[] = {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  std::array<char, 8192> log{};
  LIBBPF_OPTS(bpf_prog_load_opts, options, .log_level = 1, .log_size = log.size(), .log_buf = log.data());
  const base::Fd program(bpf_prog_load(BPF_PROG_TYPE_KPROBE, "sonde_probe", "GPL", code, 2, &options));
  // "processed 2 insns (limit 1000000) max_states_per_insn 0 ..."
  constexpr std::string_view kBefore = "insns (limit ";
  const std::string_view text(log.data());
  const size_t at = text.find(kBefore);
  int64_t limit = -1;
  if (at != std::string_view::npos)
    std::from_chars(text.data() + at + kBefore.size(), text.data() + text.size(), limit);
  return limit;
}

std::span<const Feature> Features::all() { return kFeatures; }

bool Features::has(std::string_view name) {
  known_.resize(std::size(kFeatures));
  for (size_t i = 0; i < std::size(kFeatures); ++i) {
    if (kFeatures[i].name != name) continue;
    if (!known_[i]) known_[i] = kFeatures[i].probe();
    return *known_[i];
  }
  return false;
}

}  // namespace sonde::runtime
