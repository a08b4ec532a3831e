// The current task: its ids, names and cgroup.
#include <array>

#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"

namespace sonde::builtins {
namespace {

constexpr uint32_t kCommSize = 16;

// struct bpf_pidns_info of the get_ns_current_pid_tgid helper: thread id and process id, four bytes each.
constexpr uint32_t kPidnsSize = 8;

Reg high_half(Codegen& cg, Reg value) { return cg.binary(Op::lshr, value, cg.constant(32)); }
Reg low_half(Codegen& cg, Reg value) { return cg.binary(Op::bit_and, value, cg.constant(UINT32_MAX)); }

// Both ids of the initial namespace in one word, the process in the upper half.
Reg initial_ids(Codegen& cg) {
  return cg.once("initial ids", [&] { return cg.helper(BPF_FUNC_get_current_pid_tgid, {}); });
}

// The runtime leaves the parameters 0 in the initial namespace. They lie in frozen read-only data, so the verifier knows
// the branch and the usual case costs one helper call.
Reg namespaced_ids(Codegen& cg) {
  return cg.once("ids", [&] {
    const Reg device = cg.parameter(image::ParameterKind::pid_namespace_device, "");
    return cg.if_else(
        cg.compare(Cmp::eq, device, cg.constant(0)), [&] { return initial_ids(cg); },
        [&] {
          const Reg inode = cg.parameter(image::ParameterKind::pid_namespace_inode, "");
          const Mem info = cg.temporary(kPidnsSize);
          cg.zero(info, 0, kPidnsSize);
          cg.helper(BPF_FUNC_get_ns_current_pid_tgid, {device, inode, info, cg.constant(kPidnsSize)});
          // Two words, the thread first: read as one they are what the other helper gives.
          return cg.load(info, 0, kPidnsSize, false);
        });
  });
}

Reg task_id(Codegen& cg, bool tgid) {
  const bool initial = cg.argument_count() == 1 && cg.described(0).word == "init";
  const Reg both = initial ? initial_ids(cg) : namespaced_ids(cg);
  return tgid ? high_half(cg, both) : low_half(cg, both);
}

TypeRef check_pid(CallView& call) {
  if (!call.arguments.empty()) {
    const Argument& mode = call.arguments[0];
    if (!mode.word) {
      call.env.diagnostics().emit<diag::Id::pid_word>(call.range, call.row.name);
      return nullptr;
    }
    if (*mode.word != "curr_ns" && *mode.word != "init") {
      call.env.diagnostics().emit<diag::Id::pid_mode>(call.range, *mode.word);
      return nullptr;
    }
  }
  return uint32_result(call);
}

TypeRef check_comm(CallView& call) { return call.env.types().string(kCommSize); }

Reg lower_comm(Codegen& cg) {
  // Kernels before 6.6 leave what stands behind the name's NUL as it was, and keys are compared byte by byte.
  if (cg.padded_result()) cg.zero(cg.result(), 0, kCommSize);
  cg.helper(BPF_FUNC_get_current_comm, {cg.result(), cg.constant(kCommSize)});
  return {};
}

TypeRef check_curtask(CallView& call) {
  types::TypeContext& types = call.env.types();
  const TypeRef task = call.env.kernel_type("struct", "task_struct");
  return types.pointer(task ? task : types.void_type(), types::Space::kernel);
}

Reg lower_uid(Codegen& cg) { return low_half(cg, cg.helper(BPF_FUNC_get_current_uid_gid, {})); }
Reg lower_gid(Codegen& cg) { return high_half(cg, cg.helper(BPF_FUNC_get_current_uid_gid, {})); }

TypeRef check_username(CallView& call) { return call.env.types().username(); }

Reg lower_child_pid(Codegen& cg) { return cg.parameter(image::ParameterKind::child_pid, ""); }
Reg lower_target_pid(Codegen& cg) { return cg.parameter(image::ParameterKind::target_pid, ""); }
Reg lower_has_cpid(Codegen& cg) { return cg.compare(Cmp::ne, lower_child_pid(cg), cg.constant(0)); }

// Whether the cgroup or one above it is the one given. Only ancestors at a known level can be asked for.
Reg lower_in_cgroup(Codegen& cg) {
  constexpr uint64_t kDeepest = 16;  // searched when the level is not known
  const Reg wanted = cg.constant(*cg.described(0).integer);
  const uint64_t level = *cg.described(1).integer;
  const auto is_at = [&](uint64_t at) {
    return cg.compare(Cmp::eq, cg.helper(BPF_FUNC_get_current_ancestor_cgroup_id, {cg.constant(at)}), wanted);
  };
  if (level != 0) return is_at(level);
  Reg found = cg.constant(0);
  for (uint64_t at = 0; at < kDeepest; ++at) found = cg.binary(Op::bit_or, found, is_at(at));
  return found;
}

TypeRef check_in_cgroup(CallView& call) { return call.env.types().boolean(); }

constexpr Param kInCgroupParams[] = {{"id", ParamKind::integer_literal}, {"level", ParamKind::integer_literal}};
constexpr Param kPidParams[] = {{"mode", ParamKind::word, true}};

constexpr Builtin kRows[] = {
    {.name = "__child_pid",
     .kind = RowKind::value,
     .summary = "Process id of the command started with -c, or 0 without one; for the library's `cpid`.",
     .example = "begin { print(__child_pid); }",
     .check = uint64_result,
     .lower = lower_child_pid},
    {.name = "__in_cgroup",
     .params = kInCgroupParams,
     .summary = "Whether the current task is in the cgroup (v2) with this id, at this level of the hierarchy (0: not "
                "known), or below it; for the option --cgroup.",
     .example = "tracepoint:syscalls:sys_enter_openat /__in_cgroup(4711, 2)/ { @ = count(); }",
     .check = check_in_cgroup,
     .lower = lower_in_cgroup},
    {.name = "__target_pid",
     .kind = RowKind::value,
     .summary = "Process id given with -p, or 0 without one; for the filter of programs that are compiled for later.",
     .example = "begin { print(__target_pid); }",
     .check = uint64_result,
     .lower = lower_target_pid},
    {.name = "cgroup",
     .kind = RowKind::value,
     .summary = "Id of the cgroup (v2) that the current task is in.",
     .example = "tracepoint:syscalls:sys_enter_openat { @[cgroup] = count(); }",
     .fixed = true,
     .check = uint64_result,
     .lower = call_helper<BPF_FUNC_get_current_cgroup_id>},
    {.name = "comm",
     .kind = RowKind::value,
     .summary = "Name of the current thread, at most 15 characters.",
     .example = "tracepoint:syscalls:sys_enter_openat /comm == \"bash\"/ { @ = count(); }",
     .fixed = true,
     .check = check_comm,
     .lower = lower_comm},
    {.name = "curtask",
     .kind = RowKind::value,
     .summary = "Pointer to the `struct task_struct` of the current task.",
     .example = "profile:hz:99 { @[curtask.group_leader.comm] = count(); }",
     .fixed = true,
     .typed_helper = BPF_FUNC_get_current_task_btf,
     .check = check_curtask,
     .lower = call_helper<BPF_FUNC_get_current_task>},
    {.name = "gid",
     .kind = RowKind::value,
     .summary = "Group id of the current task, as the initial user namespace sees it.",
     .example = "tracepoint:syscalls:sys_enter_openat { @[gid] = count(); }",
     .fixed = true,
     .check = uint64_result,
     .lower = lower_gid},
    {.name = "has_cpid",
     .kind = RowKind::value,
     .summary = "Whether a command was started with -c.",
     .example = "begin { print(has_cpid); }",
     .check = bool_result,
     .lower = lower_has_cpid},
    {.name = "pid",
     .kind = RowKind::value,
     .params = kPidParams,
     .summary =
         "Process id of the current task: in the PID namespace of sonde (`curr_ns`, the default), or in the initial "
         "one (`init`).",
     .example = "tracepoint:syscalls:sys_enter_openat { @[pid, pid(init)] = count(); }",
     .fixed = true,
     .check = check_pid,
     .lower = [](Codegen& cg) { return task_id(cg, true); }},
    {.name = "tid",
     .kind = RowKind::value,
     .params = kPidParams,
     .summary = "Thread id of the current task, in the same namespaces as `pid`.",
     .example = "tracepoint:syscalls:sys_enter_read { @start[tid] = nsecs; }",
     .fixed = true,
     .check = check_pid,
     .lower = [](Codegen& cg) { return task_id(cg, false); }},
    {.name = "uid",
     .kind = RowKind::value,
     .summary = "User id of the current task, as the initial user namespace sees it.",
     .example = "tracepoint:syscalls:sys_enter_openat /uid == 0/ { @ = count(); }",
     .fixed = true,
     .check = uint64_result,
     .lower = lower_uid},
    {.name = "username",
     .kind = RowKind::value,
     .summary = "Name of the user of the current task, looked up when it is printed.",
     .example = "tracepoint:syscalls:sys_enter_execve { @[username] = count(); }",
     .fixed = true,
     .check = check_username,
     .lower = lower_uid},
};

}  // namespace

Reg current_tgid(Codegen& cg) { return high_half(cg, namespaced_ids(cg)); }

std::span<const Builtin> process_rows() { return kRows; }

}  // namespace sonde::builtins
