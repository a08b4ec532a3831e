// Acting on the system: signals, overridden functions, memory of the process. All of it only with --unsafe.
#include <algorithm>
#include <cctype>
#include <utility>

#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"
#include "types/capability.h"

namespace sonde::builtins {
namespace {

// Numbers of x86_64.
constexpr std::pair<std::string_view, uint64_t> kSignals[] = {
    {"HUP", 1},   {"INT", 2},    {"QUIT", 3},    {"ILL", 4},   {"TRAP", 5},  {"ABRT", 6},  {"IOT", 6},
    {"BUS", 7},   {"FPE", 8},    {"KILL", 9},    {"USR1", 10}, {"SEGV", 11}, {"USR2", 12}, {"PIPE", 13},
    {"ALRM", 14}, {"TERM", 15},  {"STKFLT", 16}, {"CHLD", 17}, {"CLD", 17},  {"CONT", 18}, {"STOP", 19},
    {"TSTP", 20}, {"TTIN", 21},  {"TTOU", 22},   {"URG", 23},  {"XCPU", 24}, {"XFSZ", 25}, {"VTALRM", 26},
    {"PROF", 27}, {"WINCH", 28}, {"POLL", 29},   {"IO", 29},   {"PWR", 30},  {"SYS", 31},
};
constexpr uint64_t kMaxSignal = 64;

// By name in any case, with or without SIG.
std::optional<uint64_t> signal_number(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
  const std::string_view plain = name.starts_with("SIG") ? std::string_view(name).substr(3) : std::string_view(name);
  const auto* found = std::ranges::find(kSignals, plain, &std::pair<std::string_view, uint64_t>::first);
  return found == std::end(kSignals) ? std::nullopt : std::optional(found->second);
}

bool check_unsafe(CallView& call, std::string_view name) {
  if (call.env.unsafe_allowed()) return true;
  call.env.diagnostics().emit<diag::Id::builtin_unsafe>(call.range, name);
  return false;
}

// --- signal -------------------------------------------------------------------------------------------------------------

// The library's macros pass their own name as second argument: it stands in messages and chooses the helper.
bool check_number(CallView& call, const std::string& name) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  const Argument& number = call.arguments[0];
  if (number.text) {
    if (signal_number(*number.text)) return true;
    diagnostics.emit<diag::Id::signal_name_unknown>(call.range, *number.text);
  } else if (number.integer) {
    if (!number.negative && *number.integer >= 1 && *number.integer <= kMaxSignal) return true;
    if (number.negative) {
      diagnostics.emit<diag::Id::signal_literal>(call.range, name);
    } else {
      diagnostics.emit<diag::Id::signal_range>(call.range, name);
    }
  } else if (number.boolean) {
    diagnostics.emit<diag::Id::signal_literal>(call.range, name);
  } else {
    if (unresolved(number) || (number.type && integer_like(number.type))) return true;
    diagnostics.emit<diag::Id::signal_argument>(call.range, name);
  }
  return false;
}

TypeRef check_signal(CallView& call) {
  const std::string& name = *call.arguments[1].text;
  if (!call.env.capable(types::kSignals)) {
    call.env.diagnostics().emit<diag::Id::builtin_probetype>(call.range, name, call.env.probetype());
    return nullptr;
  }
  if (!check_number(call, name) || !check_unsafe(call, name)) return nullptr;
  return call.env.types().integer(8, true);
}

Reg lower_signal(Codegen& cg) {
  const Argument& number = cg.described(0);
  const Reg value = number.text ? cg.constant(*signal_number(*number.text)) : cg.argument(0);
  const bool thread = *cg.described(1).text == "signal_thread";
  return cg.helper(thread ? BPF_FUNC_send_signal_thread : BPF_FUNC_send_signal, {value});
}

// --- override, write_user -----------------------------------------------------------------------------------------------

TypeRef check_override(CallView& call) {
  // Kernel functions entered through saved registers, with their arguments in them: kprobes.
  const bool kprobe =
      call.env.capable(types::kHasReg) && call.env.capable(types::kHasArgN) && !call.env.capable(types::kUserContext);
  if (!kprobe) {
    call.env.diagnostics().emit<diag::Id::override_probe>(call.range);
    return nullptr;
  }
  if (!check_unsafe(call, call.row.name)) return nullptr;
  return call.env.types().void_type();
}

Reg lower_override(Codegen& cg) {
  cg.helper(BPF_FUNC_override_return, {cg.context(), cg.argument(0)});
  return {};
}

TypeRef check_write_user(CallView& call) {
  if (!check_unsafe(call, call.row.name)) return nullptr;
  const Argument& source = call.arguments[1];
  const bool memory = source.type && (source.type->kind == Kind::pointer || source.type->kind == Kind::string);
  if (!unresolved(source) && !memory) {
    call.env.diagnostics().emit<diag::Id::call_argument_type>(call.range, call.row.name, "pointer", given(source));
    return nullptr;
  }
  return bool_result(call);
}

Reg lower_write_user(Codegen& cg) {
  const Operand source = cg.argument_type(1)->kind == Kind::string ? Operand(cg.argument_memory(1)) : cg.argument(1);
  const Reg code = cg.helper(BPF_FUNC_probe_write_user, {cg.argument(0), source, cg.argument(2)});
  return cg.compare(Cmp::eq, code, cg.constant(0));
}

constexpr Param kUnwatchParams[] = {{"address", ParamKind::integer}};
constexpr Param kSignalParams[] = {{"number", ParamKind::any}, {"name", ParamKind::string_literal}};
constexpr Param kOverrideParams[] = {{"value", ParamKind::integer}};
constexpr Param kWriteParams[] = {
    {"destination", ParamKind::pointer_or_integer}, {"source", ParamKind::any}, {"length", ParamKind::integer}};

constexpr Builtin kRows[] = {
    {.name = "__signal",
     .params = kSignalParams,
     .summary = "Sends a signal and gives the helper's code; for the library's `signal` and `signal_thread`.",
     .example = "tracepoint:syscalls:sys_enter_read { print(__signal(10, \"signal\")); }",
     .check = check_signal,
     .lower = lower_signal},
    {.name = "override",
     .params = kOverrideParams,
     .summary =
         "Skips the probed function and makes it return a value; unsafe, for kprobes on functions that allow it.",
     .example = "kprobe:should_failslab /comm == \"test\"/ { override(-12); }",
     .check = check_override,
     .lower = lower_override},
    {.name = "unwatch",
     .params = kUnwatchParams,
     .summary = "Removes the watchpoints on an address; nothing happens if there are none.",
     .example = "watchpoint:0x10000000:8:w { print(kstack); unwatch(0x10000000); }",
     .action = image::Action::unwatch},
    {.name = "write_user",
     .params = kWriteParams,
     .summary = "Copies bytes to an address of the current process; true if that worked; unsafe.",
     .example = "uprobe:./demo:work { $v = (uint32)7; write_user(arg0, &$v, 4); }",
     .check = check_write_user,
     .lower = lower_write_user},
};

}  // namespace

std::span<const Builtin> act_rows() { return kRows; }

}  // namespace sonde::builtins
