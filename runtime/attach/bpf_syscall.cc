// The part of union bpf_attr that BPF_LINK_CREATE reads for uprobe multi links, as of Linux 6.6 (commit 89ae89f53d20).
#include "runtime/attach/bpf_syscall.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

namespace sonde::attach {
namespace {

constexpr uint32_t kReturnFlag = 1;  // BPF_F_UPROBE_MULTI_RETURN

struct alignas(8) LinkCreate {
  uint32_t program;
  uint32_t target;
  uint32_t attach_type;
  uint32_t flags;
  uint64_t path;
  uint64_t offsets;
  uint64_t semaphores;
  uint64_t cookies;
  uint32_t count;
  uint32_t uprobe_flags;
  uint32_t pid;
};

base::Fd create_link(const void* attributes, size_t size) {
  return base::Fd(static_cast<int>(::syscall(SYS_bpf, BPF_LINK_CREATE, attributes, size)));
}

}  // namespace

Result<base::Fd> link_uprobe_multi(int program, const UprobeMulti& sites) {
  LinkCreate attributes{};
  attributes.program = static_cast<uint32_t>(program);
  attributes.attach_type = kTraceUprobeMulti;
  attributes.path = reinterpret_cast<uint64_t>(sites.path.c_str());
  attributes.offsets = reinterpret_cast<uint64_t>(sites.offsets.data());
  attributes.semaphores = reinterpret_cast<uint64_t>(sites.semaphores.data());
  attributes.cookies = reinterpret_cast<uint64_t>(sites.cookies.data());
  attributes.count = static_cast<uint32_t>(sites.offsets.size());
  attributes.uprobe_flags = sites.on_return ? kReturnFlag : 0;
  attributes.pid = static_cast<uint32_t>(sites.pid);
  base::Fd link = create_link(&attributes, sizeof(attributes));
  if (!link.valid()) return base::fail_errno("attach uprobes to " + sites.path);
  return link;
}

Result<base::Fd> link_kprobe_multi(int program, std::span<const std::string> functions, bool on_return,
                                   uint32_t attach_type) {
  std::vector<uint64_t> names;
  for (const std::string& function : functions) names.push_back(reinterpret_cast<uint64_t>(function.c_str()));
  bpf_attr attributes{};
  attributes.link_create.prog_fd = static_cast<uint32_t>(program);
  attributes.link_create.attach_type = attach_type;
  attributes.link_create.kprobe_multi.syms = reinterpret_cast<uint64_t>(names.data());
  attributes.link_create.kprobe_multi.cnt = static_cast<uint32_t>(names.size());
  attributes.link_create.kprobe_multi.flags = on_return ? BPF_F_KPROBE_MULTI_RETURN : 0;
  base::Fd link = create_link(&attributes, sizeof(attributes));
  if (!link.valid()) return base::fail_errno("attach kprobes to " + std::to_string(functions.size()) + " functions");
  return link;
}

}  // namespace sonde::attach
