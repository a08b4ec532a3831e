// What only some kernels or some programs can do: functions and variables of the kernel, d_path, sockets and packets, and
// data of the probed binary.
#include <cerrno>
#include <string>

#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"
#include "types/capability.h"

namespace sonde::builtins {
namespace {

using image::TracingKind;
using Constant = std::optional<std::variant<uint64_t, std::string>>;

constexpr std::string_view kTaskFromPid = "bpf_task_from_pid";

// --- kfunc_exist, kfunc_allowed -----------------------------------------------------------------------------------------

TypeRef check_kfunc(CallView& call) {
  if (call.arguments[0].text) return bool_result(call);
  call.env.diagnostics().emit<diag::Id::kfunc_literal>(call.range, call.row.name);
  return nullptr;
}

Constant fold_kfunc_exist(CallView& call) {
  return Constant(uint64_t{call.env.has_kernel_function(*call.arguments[0].text)});
}
Constant fold_kfunc_allowed(CallView& call) {
  return Constant(uint64_t{call.env.calls_kernel_functions() && call.env.has_kernel_function(*call.arguments[0].text)});
}

// --- comm(pid) ----------------------------------------------------------------------------------------------------------

constexpr uint32_t kNameSize = 64;  // of the result, which has room for the texts that stand for no name
constexpr uint32_t kTaskNameSize = 16;

TypeRef check_comm_of(CallView& call) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  if (!call.env.calls_kernel_functions()) {
    diagnostics.emit<diag::Id::comm_probe>(call.range, call.env.probetype());
    return nullptr;
  }
  const Argument& process = call.arguments[0];
  if (!unresolved(process) && !(process.type && integer_like(process.type))) {
    diagnostics.emit<diag::Id::comm_integer>(call.range);
    return nullptr;
  }
  return call.env.types().string(kNameSize);
}

Reg lower_comm_of(Codegen& cg) {
  const Mem to = cg.result();
  cg.zero(to, 0, kNameSize);
  if (!cg.has_kernel_function(kTaskFromPid)) {
    cg.copy(to, cg.string_constant("[unknown]"), sizeof "[unknown]");
    return {};
  }
  const Reg task = cg.kernel_function({kTaskFromPid, true, "task_struct", {""}}, {cg.argument(0)});
  cg.if_else(
      cg.compare(Cmp::ne, task, cg.constant(0)),
      [&] {
        cg.probe_read(to, cg.constant(kTaskNameSize), cg.kernel_field_address(task, "task_struct", "comm"),
                      types::Space::kernel);
        cg.kernel_function({"bpf_task_release", false, "", {"task_struct"}}, {task});
        return cg.constant(0);
      },
      [&] {
        cg.copy(to, cg.string_constant("N/A"), sizeof "N/A");
        return cg.constant(0);
      });
  return {};
}

// --- percpu_kaddr -------------------------------------------------------------------------------------------------------

// A per-CPU variable lies between these symbols; its copy of a CPU is that CPU's entry of __per_cpu_offset away.
// On x86_64 they count from 0, an address that looks like a hidden one.
bool is_percpu(CallView& call, uint64_t address) {
  const auto end = call.env.symbol_address("__per_cpu_end");
  return end && address >= call.env.symbol_address("__per_cpu_start").value_or(0) && address < *end;
}

Constant fold_percpu_symbol(CallView& call) {
  const auto address = call.env.symbol_address(*call.arguments[0].text);
  return address ? Constant(*address) : std::nullopt;
}

TypeRef check_percpu_symbol(CallView& call) {
  const std::string& name = *call.arguments[0].text;
  const auto address = call.env.symbol_address(name);
  if (!address || !is_percpu(call, *address) || !call.env.symbol_address("__per_cpu_offset")) {
    call.env.diagnostics().emit<diag::Id::percpu_unresolved>(call.range, name);
    return nullptr;
  }
  return uint64_result(call);
}

// variable + table[cpu]; 0 for CPUs that cannot be.
Reg lower_percpu(Codegen& cg) {
  const Reg variable = cg.argument(0), table = cg.argument(1), cpu = cg.argument(2);
  const Reg possible = cg.compare(Cmp::ult, cpu, cg.parameter(image::ParameterKind::cpu_count, ""));
  return cg.if_else(
      possible,
      [&] {
        const Mem distance = cg.temporary(8);
        const Reg entry = cg.binary(Op::add, table, cg.binary(Op::mul, cpu, cg.constant(8)));
        checked_read(cg, distance, cg.constant(8), entry, types::Space::kernel);
        return cg.binary(Op::add, variable, cg.load(distance, 0, 8, false));
      },
      [&] { return cg.constant(0); });
}

// --- uaddr --------------------------------------------------------------------------------------------------------------

TypeRef check_uaddr(CallView& call) {
  const std::string& name = *call.arguments[0].text;
  const auto symbol = call.env.user_symbol(name);
  types::TypeContext& types = call.env.types();
  if (!symbol) return types.pointer(types.integer(8, true), types::Space::user);
  const bool one_word = symbol->size == 1 || symbol->size == 2 || symbol->size == 4;
  return types.pointer(types.integer(one_word ? static_cast<uint32_t>(symbol->size) : 8, true), types::Space::user);
}

template <bool OfProbe>
Constant fold_user_address(CallView& call) {
  const auto symbol = call.env.user_symbol(*call.arguments[0].text);
  if (!symbol) return std::nullopt;
  return Constant(OfProbe ? symbol->probe_address : symbol->address);
}

// Checked first of the library's three calls, so it is the one that reports.
TypeRef check_symbol_address(CallView& call) {
  const std::string& name = *call.arguments[0].text;
  // Outside of user probes the row itself is refused.
  if (call.env.probe_binary().empty() || call.env.user_symbol(name)) return uint64_result(call);
  call.env.diagnostics().emit<diag::Id::uaddr_unresolved>(call.range, call.env.probe_binary(), name);
  return nullptr;
}

// Where the process has loaded the file follows from where the probe fired. Return probes ask the kernel for the function;
// one that does not know (before Linux 6.8) leaves the address as the file has it.
Reg lower_uaddr(Codegen& cg) {
  constexpr uint32_t kIp = 128;  // of x86_64's struct pt_regs
  const Reg ip =
      cg.capable(types::kHasRetval) ? cg.helper(BPF_FUNC_get_func_ip, {cg.context()}) : cg.saved_register(kIp);
  const Reg loaded = cg.binary(Op::sub, ip, cg.argument(2));
  const Reg unknown = cg.compare(Cmp::eq, ip, cg.constant(0));
  return cg.binary(Op::add, cg.argument(1), cg.select(unknown, cg.constant(0), loaded));
}

// --- path ---------------------------------------------------------------------------------------------------------------

bool is_record(TypeRef type, std::string_view name) {
  return type && type->kind == Kind::c_record && type->c_record->printed_name() == name;
}

TypeRef check_path(CallView& call) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  const auto tracing = call.env.tracing();
  if (!tracing || *tracing == TracingKind::raw_tracepoint) {
    diagnostics.emit<diag::Id::path_probe>(call.range);
    return nullptr;
  }
  if (!call.env.has_feature("d_path")) {
    diagnostics.emit<diag::Id::path_missing>(call.range);
    return nullptr;
  }
  const Argument& path = call.arguments[0];
  if (unresolved(path)) return call.env.types().string(1);
  if (!path.type || (path.type->kind != Kind::pointer && path.type->kind != Kind::c_record)) {
    diagnostics.emit<diag::Id::path_argument>(call.range, given(path));
    return nullptr;
  }
  const TypeRef record = path.type->kind == Kind::pointer ? path.type->element : path.type;
  if (!is_record(record, "struct path")) {
    diagnostics.emit<diag::Id::path_record>(call.range, types::printed(path.type));
    return nullptr;
  }
  uint64_t size = std::stoull(call.env.config("max_strlen"));
  if (call.arguments.size() == 2) {
    const Argument& wanted = call.arguments[1];
    if (!wanted.integer || wanted.negative) {
      diagnostics.emit<diag::Id::path_size>(call.range);
      return nullptr;
    }
    size = std::min(size, std::max<uint64_t>(1, *wanted.integer));
  }
  return call.env.types().string(static_cast<uint32_t>(size));
}

// A path that does not fit leaves its end in the buffer.
Reg lower_path(Codegen& cg) {
  const uint32_t size = cg.result_type()->size;
  cg.zero(cg.result(), 0, size);
  const Mem to = cg.result();
  cg.with_place(0, [&](Reg path) { return cg.helper(BPF_FUNC_d_path, {path, to, cg.constant(size)}); }, cg.constant(0));
  return {};
}

// --- sockets and packets ------------------------------------------------------------------------------------------------

bool check_tracing(CallView& call) {
  const auto tracing = call.env.tracing();
  if (tracing && *tracing != TracingKind::iterator) return true;
  call.env.diagnostics().emit<diag::Id::builtin_quoted_provider>(call.range, call.row.name, call.env.provider());
  return false;
}

// A pointer to `record` that the verifier knows for one.
bool check_kernel_pointer(CallView& call, const Argument& argument, std::string_view record) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  if (unresolved(argument)) return true;
  if (!argument.type || argument.type->kind != Kind::pointer) {
    diagnostics.emit<diag::Id::call_argument_type>(call.range, call.row.name, "pointer", given(argument));
    return false;
  }
  if (!is_record(argument.type->element, record)) {
    diagnostics.emit<diag::Id::record_pointer>(call.range, call.row.name, record, types::printed(argument.type));
    return false;
  }
  if (argument.type->trusted) return true;
  diagnostics.emit<diag::Id::pointer_untrusted>(call.range, call.row.name);
  return false;
}

TypeRef check_socket_cookie(CallView& call) {
  if (!check_tracing(call) || !check_kernel_pointer(call, call.arguments[0], "struct sock")) return nullptr;
  return uint64_result(call);
}

Reg lower_socket_cookie(Codegen& cg) {
  return cg.with_place(0, [&](Reg socket) { return cg.helper(BPF_FUNC_get_socket_cookie, {socket}); }, cg.constant(0));
}

TypeRef check_skboutput(CallView& call) {
  if (!check_tracing(call) || !check_kernel_pointer(call, call.arguments[1], "struct sk_buff")) return nullptr;
  return uint32_result(call);
}

// The event's header and the length of the packet, to which the kernel appends the packet itself.
Reg lower_skboutput(Codegen& cg) {
  constexpr uint32_t kHeader = 24, kEvent = 0, kCpu = 4, kTime = 8, kLength = 16;
  static_assert(image::kEventHeaderSize == kLength);
  constexpr uint64_t kLengthLimit = BPF_F_CTXLEN_MASK >> 32;
  const Mem header = cg.temporary(kHeader);
  const Reg length = cg.binary(Op::bit_and, cg.argument(2), cg.constant(kLengthLimit));
  cg.store(header, kEvent, 4, cg.constant(cg.event_index()));
  cg.store(header, kCpu, 4, cg.constant(0));
  cg.store(header, kTime, 8, cg.helper(BPF_FUNC_ktime_get_ns, {}));
  cg.store(header, kLength, 8, length);
  const Reg flags = cg.binary(Op::bit_or, cg.binary(Op::shl, length, cg.constant(32)), cg.constant(BPF_F_CURRENT_CPU));
  constexpr auto kInvalid = static_cast<uint64_t>(-EINVAL);
  const auto send = [&](Reg packet) {
    return cg.helper(BPF_FUNC_skb_output, {packet, cg.packet_map(), flags, header, cg.constant(kHeader)});
  };
  return cg.with_place(1, send, cg.constant(kInvalid));
}

constexpr Param kName[] = {{"name", ParamKind::any}};
constexpr Param kLiteral[] = {{"name", ParamKind::string_literal}};
constexpr Param kProcess[] = {{"pid", ParamKind::any}};
constexpr Param kPercpuParams[] = {
    {"variable", ParamKind::integer}, {"table", ParamKind::integer}, {"cpu", ParamKind::integer}};
constexpr Param kUaddrParams[] = {
    {"symbol", ParamKind::string_literal}, {"address", ParamKind::integer}, {"probe", ParamKind::integer}};
constexpr Param kPathParams[] = {{"path", ParamKind::place}, {"size", ParamKind::any, true}};
constexpr Param kSocket[] = {{"socket", ParamKind::place}};
constexpr Param kPacketParams[] = {{"file", ParamKind::string_literal},
                                   {"packet", ParamKind::place},
                                   {"length", ParamKind::integer},
                                   {"offset", ParamKind::integer_literal}};

constexpr Builtin kRows[] = {
    {.name = "__comm_of",
     .params = kProcess,
     .summary = "Name of a process by its id; for the library's `comm`.",
     .example = "interval:s:1 { print(__comm_of(1)); }",
     .check = check_comm_of,
     .lower = lower_comm_of},
    {.name = "__percpu_address",
     .params = kPercpuParams,
     .summary = "Address of a CPU's copy of a variable; for the library's `percpu_kaddr`.",
     .example = "begin { print(__percpu_address(0, kaddr(\"__per_cpu_offset\"), cpu)); }",
     .check = uint64_result,
     .lower = lower_percpu},
    {.name = "__percpu_symbol",
     .params = kLiteral,
     .summary = "Address of a per-CPU variable before the CPU's offset is added; for the library's `percpu_kaddr`.",
     .example = "begin { print(__percpu_symbol(\"process_counts\")); }",
     .check = check_percpu_symbol,
     .fold = fold_percpu_symbol},
    {.name = "__probe_address",
     .params = kLiteral,
     .summary = "Address of the probed instruction in its file; for the library's `uaddr`.",
     .example = "uprobe:/bin/bash:readline { print(__probe_address(\"shell_name\")); }",
     .check = uint64_result,
     .fold = fold_user_address<true>},
    {.name = "__symbol_address",
     .params = kLiteral,
     .summary = "Address of a symbol in the probed file; for the library's `uaddr`.",
     .example = "uprobe:/bin/bash:readline { print(__symbol_address(\"shell_name\")); }",
     .check = check_symbol_address,
     .fold = fold_user_address<false>},
    {.name = "__uaddr",
     .params = kUaddrParams,
     .summary = "Address of a symbol of the probed file in the current process; for the library's `uaddr`.",
     .example = "uprobe:/bin/bash:readline { print(__uaddr(\"shell_name\", 0, 0)); }",
     .needs = types::kUserContext | types::kHasReg,
     .refusal = diag::Id::builtin_quoted_provider,
     .per_match = true,
     .check = check_uaddr,
     .lower = lower_uaddr},
    {.name = "kfunc_allowed",
     .params = kName,
     .summary = "Whether the kernel has a function for BPF programs and this probe may call it.",
     .example = "interval:s:1 { if comptime (kfunc_allowed(\"bpf_task_from_pid\")) { print(comm(1)); } }",
     .check = check_kfunc,
     .fold = fold_kfunc_allowed},
    {.name = "kfunc_exist",
     .params = kName,
     .summary = "Whether the kernel has a function, by its type information.",
     .example = "begin { print(kfunc_exist(\"bpf_task_from_pid\")); }",
     .check = check_kfunc,
     .fold = fold_kfunc_exist},
    {.name = "path",
     .params = kPathParams,
     .summary =
         "Full path of a file, from a `struct path`; of one longer than `size` the end. For functions that may call "
         "the d_path helper, and iterators.",
     .example = "fentry:filp_close { print(path(args.filp.f_path)); }",
     .check = check_path,
     .lower = lower_path},
    {.name = "skboutput",
     .params = kPacketParams,
     .summary =
         "Appends the first `length` bytes of a packet, without the first `offset` of them, to a pcap file; 0, or a "
         "negative error number.",
     .example = "rawtracepoint:netif_rx { _ = skboutput(\"rx.pcap\", args.skb, args.skb.len, 0); }",
     .check = check_skboutput,
     .lower = lower_skboutput,
     .action = image::Action::packet,
     .own_channel = true},
    {.name = "socket_cookie",
     .params = kSocket,
     .summary = "The number by which the kernel tells sockets apart.",
     .example = "fentry:tcp_rcv_established { @[socket_cookie(args.sk)] = count(); }",
     .check = check_socket_cookie,
     .lower = lower_socket_cookie},
};

}  // namespace

std::span<const Builtin> kernel_rows() { return kRows; }

}  // namespace sonde::builtins
