// Addresses and what they belong to: symbols, address spaces, cgroups.
#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"

namespace sonde::builtins {
namespace {

bool is_address(TypeRef type) { return integer_like(type) || type->kind == Kind::pointer; }

bool check_address(CallView& call) {
  const Argument& address = call.arguments[0];
  if (unresolved(address) || (address.type && is_address(address.type))) return true;
  call.env.diagnostics().emit<diag::Id::symbol_argument>(call.range, call.row.name);
  return false;
}

TypeRef check_ksym(CallView& call) { return check_address(call) ? call.env.types().kernel_symbol() : nullptr; }
TypeRef check_usym(CallView& call) { return check_address(call) ? call.env.types().user_symbol() : nullptr; }

Reg lower_usym(Codegen& cg) {
  store_user_symbol(cg, cg.argument(0));
  return {};
}

TypeRef check_space(CallView& call, types::Space space) {
  const Argument& argument = call.arguments[0];
  if (!unresolved(argument) && (!argument.type || !is_address(argument.type))) {
    call.env.diagnostics().emit<diag::Id::space_argument>(call.range, call.row.name, given(argument));
    return nullptr;
  }
  return call.env.types().with_space(argument.type, space);
}

Reg same_value(Codegen& cg) { return cg.argument(0); }

using Constant = std::optional<std::variant<uint64_t, std::string>>;

TypeRef check_kaddr(CallView& call) {
  const std::string& name = *call.arguments[0].text;
  if (!call.env.symbol_address(name)) {
    call.env.diagnostics().emit<diag::Id::kaddr_unresolved>(call.range, name);
    return nullptr;
  }
  return uint64_result(call);
}

Constant fold_kaddr(CallView& call) {
  const Result<uint64_t> address = call.env.symbol_address(*call.arguments[0].text);
  return address ? Constant(*address) : std::nullopt;
}

TypeRef check_cgroupid(CallView& call) {
  const std::string& path = *call.arguments[0].text;
  const Result<uint64_t> id = call.env.cgroup_id(path);
  if (!id) {
    call.env.diagnostics().emit<diag::Id::cgroupid_unresolved>(
        call.range, path, id.error().code ? std::strerror(id.error().code) : id.error().what.c_str());
    return nullptr;
  }
  return uint64_result(call);
}

Constant fold_cgroupid(CallView& call) {
  const Result<uint64_t> id = call.env.cgroup_id(*call.arguments[0].text);
  return id ? Constant(*id) : std::nullopt;
}

TypeRef check_cgroup_path(CallView& call) {
  if (call.arguments.size() == 2 && !call.arguments[1].text) {
    call.env.diagnostics().emit<diag::Id::call_argument_type>(call.range, call.row.name, "string",
                                                              given(call.arguments[1]));
    return nullptr;
  }
  return call.env.types().cgroup_path();
}

// cgroup_path: u64 id, u64 filter (StringId, or UINT32_MAX for none).
Reg lower_cgroup_path(Codegen& cg) {
  const Mem to = cg.result();
  const uint32_t filter =
      cg.argument_count() == 2 ? cg.intern_string(*cg.described(1).text).value : image::StringId{}.value;
  cg.store(to, 0, 8, cg.argument(0));
  cg.store(to, 8, 8, cg.constant(filter));
  return {};
}

constexpr Param kAddress[] = {{"address", ParamKind::any}};
constexpr Param kName[] = {{"symbol", ParamKind::string_literal}};
constexpr Param kPath[] = {{"path", ParamKind::string_literal}};
constexpr Param kCgroupPathParams[] = {{"id", ParamKind::integer}, {"filter", ParamKind::any, true}};

constexpr Builtin kRows[] = {
    {.name = "cgroup_path",
     .params = kCgroupPathParams,
     .summary = "Paths of a cgroup in the hierarchies whose names match the filter, looked up when it is printed.",
     .example = "tracepoint:syscalls:sys_enter_openat { @[cgroup_path(cgroup, \"unified\")] = count(); }",
     .check = check_cgroup_path,
     .lower = lower_cgroup_path},
    {.name = "cgroupid",
     .params = kPath,
     .summary = "Id of a cgroup (v2) directory, found while compiling.",
     .example =
         "tracepoint:syscalls:sys_enter_openat /cgroup == cgroupid(\"/sys/fs/cgroup/system.slice\")/ { @ = count(); }",
     .check = check_cgroupid,
     .fold = fold_cgroupid},
    {.name = "kaddr",
     .params = kName,
     .summary = "Address of a kernel symbol, found while compiling.",
     .example = "begin { printf(\"%lx\\n\", kaddr(\"jiffies\")); }",
     .check = check_kaddr,
     .fold = fold_kaddr},
    {.name = "kptr",
     .params = kAddress,
     .summary = "The same pointer, read as a kernel address.",
     .example = "begin { print(kptr(curtask).comm); }",
     .check = [](CallView& call) { return check_space(call, types::Space::kernel); },
     .lower = same_value},
    {.name = "ksym",
     .params = kAddress,
     .summary = "The kernel symbol that an address lies in, looked up when it is printed.",
     .example = "kprobe:vfs_read { @[ksym(reg(\"ip\"))] = count(); }",
     .check = check_ksym,
     .lower = same_value},
    {.name = "uptr",
     .params = kAddress,
     .summary = "The same pointer, read as an address of the current process.",
     .example = "tracepoint:syscalls:sys_enter_openat { print(str(uptr(args.filename))); }",
     .check = [](CallView& call) { return check_space(call, types::Space::user); },
     .lower = same_value},
    {.name = "usym",
     .params = kAddress,
     .summary = "The symbol of the current process that an address lies in, looked up when it is printed.",
     .example = "uprobe:/bin/bash:readline { @[usym(reg(\"ip\"))] = count(); }",
     .check = check_usym,
     .lower = lower_usym},
};

}  // namespace

// user_symbol: u64 address, u32 pid, u32 program.
void store_user_symbol(Codegen& cg, Reg address) {
  const Mem to = cg.result();
  cg.store(to, 0, 8, address);
  cg.store(to, 8, 4, current_tgid(cg));
  cg.store(to, 12, 4, cg.constant(cg.program_index()));
}

std::span<const Builtin> symbol_rows() { return kRows; }

}  // namespace sonde::builtins
