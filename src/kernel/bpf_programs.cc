// bpf(2) without libbpf: the compiler links none.
#include "kernel/bpf_programs.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <map>

#include "base/fd.h"
#include "kernel/btf.h"

namespace sonde::kernel {
namespace {

long bpf(int command, bpf_attr& attributes) { return ::syscall(SYS_bpf, command, &attributes, sizeof(attributes)); }

base::Fd open_by_id(int command, uint32_t id) {
  bpf_attr attributes{};
  attributes.prog_id = id;  // shares its place with btf_id
  return base::Fd(static_cast<int>(bpf(command, attributes)));
}

template <typename Info>
bool read_info(const base::Fd& fd, Info& info) {
  bpf_attr attributes{};
  attributes.info.bpf_fd = static_cast<uint32_t>(fd.get());
  attributes.info.info_len = sizeof(info);
  attributes.info.info = reinterpret_cast<uint64_t>(&info);
  return bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) == 0;
}

// Raw BTF of an object that user space loaded; null when it cannot be read.
std::unique_ptr<Btf> read_btf(uint32_t id) {
  const base::Fd fd = open_by_id(BPF_BTF_GET_FD_BY_ID, id);
  bpf_btf_info info{};
  if (!fd.valid() || !read_info(fd, info)) return nullptr;
  std::vector<char> bytes(info.btf_size);
  info = {};
  info.btf = reinterpret_cast<uint64_t>(bytes.data());
  info.btf_size = static_cast<uint32_t>(bytes.size());
  if (!read_info(fd, info) || info.btf_size > bytes.size()) return nullptr;
  auto btf = Btf::from_bytes(std::move(bytes), "BTF " + std::to_string(id));
  return btf ? std::move(*btf) : nullptr;
}

// struct bpf_func_info of a program: one entry per subprogram, the program itself first.
std::vector<bpf_func_info> functions_of(const base::Fd& program, const bpf_prog_info& known) {
  std::vector<bpf_func_info> functions(known.nr_func_info);
  bpf_prog_info info{};
  info.nr_func_info = known.nr_func_info;
  info.func_info_rec_size = sizeof(bpf_func_info);
  info.func_info = reinterpret_cast<uint64_t>(functions.data());
  if (!read_info(program, info)) return {};
  functions.resize(std::min<size_t>(functions.size(), info.nr_func_info));
  return functions;
}

}  // namespace

std::vector<BpfFunction> loaded_bpf_functions() {
  std::vector<BpfFunction> result;
  std::map<uint32_t, std::unique_ptr<Btf>> known;  // the programs of one object share their BTF
  bpf_attr next{};
  while (bpf(BPF_PROG_GET_NEXT_ID, next) == 0) {
    const uint32_t id = next.next_id;
    next = {};
    next.start_id = id;
    const base::Fd program = open_by_id(BPF_PROG_GET_FD_BY_ID, id);
    bpf_prog_info info{};
    if (!program.valid() || !read_info(program, info) || info.btf_id == 0) continue;
    auto [btf, is_new] = known.try_emplace(info.btf_id);
    if (is_new) btf->second = read_btf(info.btf_id);
    if (!btf->second) continue;
    for (const bpf_func_info& function : functions_of(program, info)) {
      const std::string_view name = btf->second->name(function.type_id);
      if (!name.empty()) result.push_back({id, function.type_id, std::string(name)});
    }
  }
  return result;
}

}  // namespace sonde::kernel
