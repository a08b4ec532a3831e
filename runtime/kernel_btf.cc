// Lookups in the BTF of the kernel and of its modules.
#include "runtime/kernel_btf.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/btf.h>

#include <array>
#include <string>

namespace sonde::runtime {
namespace {

struct Wanted {
  std::string name;
  uint32_t kind;
};

Wanted wanted(const image::TracingAttach& spec) {
  switch (spec.kind) {
    case image::TracingKind::raw_tracepoint: return {"btf_trace_" + spec.function, BTF_KIND_TYPEDEF};
    case image::TracingKind::iterator: return {"bpf_iter_" + spec.function, BTF_KIND_FUNC};
    case image::TracingKind::fentry:
    case image::TracingKind::fexit: break;
  }
  return {spec.function, BTF_KIND_FUNC};
}

struct ModuleBtf {
  uint32_t id = 0;
  base::Fd fd;
};

Result<ModuleBtf> find_module(const std::string& name) {
  uint32_t id = 0;
  while (bpf_btf_get_next_id(id, &id) == 0) {
    base::Fd fd(bpf_btf_get_fd_by_id(id));
    if (!fd.valid()) continue;  // unloaded meanwhile
    std::array<char, 64> module_name{};
    bpf_btf_info info{};
    info.name = reinterpret_cast<uint64_t>(module_name.data());
    info.name_len = module_name.size();
    uint32_t size = sizeof(info);
    if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) continue;
    if (info.kernel_btf && name == module_name.data()) return ModuleBtf{id, std::move(fd)};
  }
  return base::fail("no BTF of kernel module " + name + " (is it loaded?)", ESRCH);
}

}  // namespace

KernelBtf::~KernelBtf() { btf__free(kernel_); }

Result<BtfTarget> KernelBtf::find(const image::TracingAttach& spec) {
  if (!kernel_) {
    kernel_ = btf__load_vmlinux_btf();
    if (!kernel_) return base::fail_errno("read the kernel's BTF (/sys/kernel/btf/vmlinux)");
  }
  const Wanted target = wanted(spec);
  const std::string where = (spec.module.empty() ? "vmlinux" : spec.module) + ":" + spec.function;
  if (spec.module.empty() || spec.module == "vmlinux") {
    const int id = btf__find_by_name_kind(kernel_, target.name.c_str(), target.kind);
    if (id > 0) return BtfTarget{static_cast<uint32_t>(id), {}};
    return base::fail("No BTF found for " + where + ".", ESRCH);
  }
  auto module = find_module(spec.module);
  if (!module) return std::unexpected(module.error());
  btf* split = btf__load_from_kernel_by_id_split(module->id, kernel_);
  if (!split) return base::fail_errno("read the BTF of kernel module " + spec.module);
  const int id = btf__find_by_name_kind(split, target.name.c_str(), target.kind);
  btf__free(split);
  if (id > 0) return BtfTarget{static_cast<uint32_t>(id), std::move(module->fd)};
  return base::fail("No BTF found for " + where + ".", ESRCH);
}

}  // namespace sonde::runtime
