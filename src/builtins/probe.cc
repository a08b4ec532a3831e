// The probe that fired: its name, its function, its registers, and acting on what it interrupted.
#include <algorithm>
#include <utility>

#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"
#include "types/capability.h"

namespace sonde::builtins {
namespace {

using Constant = std::optional<std::variant<uint64_t, std::string>>;

// Byte offsets into struct pt_regs of x86_64 (arch/x86/include/asm/ptrace.h).
constexpr std::pair<std::string_view, uint32_t> kRegisters[] = {
    {"r15", 0},  {"r14", 8},  {"r13", 16}, {"r12", 24},    {"bp", 32},  {"bx", 40},  {"r11", 48}, {"r10", 56},
    {"r9", 64},  {"r8", 72},  {"ax", 80},  {"cx", 88},     {"dx", 96},  {"si", 104}, {"di", 112}, {"orig_rax", 120},
    {"ip", 128}, {"pc", 128}, {"cs", 136}, {"flags", 144}, {"sp", 152}, {"ss", 160},
};
constexpr uint32_t kIp = 128;
constexpr uint32_t kCs = 136;
constexpr uint64_t kPrivilegeMask = 3;  // of the code segment selector: 3 in user mode

const std::pair<std::string_view, uint32_t>* find_register(std::string_view name) {
  const auto* found = std::ranges::find(kRegisters, name, &std::pair<std::string_view, uint32_t>::first);
  return found == std::end(kRegisters) ? nullptr : found;
}

TypeRef check_text(CallView& call, const std::string& text) {
  return call.env.types().string(static_cast<uint32_t>(text.size() + 1));
}

// --- func ---------------------------------------------------------------------------------------------------------------

// Entry probes on registers stand on the function's first instruction; all others ask the helper.
bool asks_helper(bool has_registers, bool has_retval) { return !has_registers || has_retval; }

TypeRef check_func(CallView& call) {
  if (asks_helper(call.env.capable(types::kHasReg), call.env.capable(types::kHasRetval)) &&
      !call.env.has_feature("get_func_ip")) {
    call.env.diagnostics().emit<diag::Id::func_ip_missing>(call.range);
    return nullptr;
  }
  types::TypeContext& types = call.env.types();
  return call.env.capable(types::kUserContext) ? types.user_symbol() : types.kernel_symbol();
}

Reg lower_func(Codegen& cg) {
  const bool helper = asks_helper(cg.capable(types::kHasReg), cg.capable(types::kHasRetval));
  const Reg address = helper ? cg.helper(BPF_FUNC_get_func_ip, {cg.context()}) : cg.saved_register(kIp);
  if (!cg.capable(types::kUserContext)) return address;
  store_user_symbol(cg, address);
  return {};
}

// --- registers ----------------------------------------------------------------------------------------------------------

TypeRef check_reg(CallView& call) {
  const std::string& name = *call.arguments[0].text;
  if (!find_register(name)) {
    call.env.diagnostics().emit<diag::Id::register_unknown>(call.range, name);
    return nullptr;
  }
  return uint64_result(call);
}

Reg lower_reg(Codegen& cg) { return cg.saved_register(find_register(*cg.described(0).text)->second); }

Reg lower_usermode(Codegen& cg) {
  // Without saved registers there is nothing that was interrupted: sonde itself runs begin and end, the kernel the rest.
  if (!cg.capable(types::kHasReg)) return cg.constant(cg.capable(types::kRunsInTracer) ? 1 : 0);
  const Reg level = cg.binary(Op::bit_and, cg.saved_register(kCs), cg.constant(kPrivilegeMask));
  return cg.compare(Cmp::ne, level, cg.constant(0));
}

constexpr Param kRegParams[] = {{"name", ParamKind::string_literal}};

constexpr Builtin kRows[] = {
    {.name = "func",
     .kind = RowKind::value,
     .summary = "Name of the function that the probe is on.",
     .example = "kprobe:vfs_* { @[func] = count(); }",
     .needs = types::kHasFunc,
     .refusal = diag::Id::builtin_value_provider,
     .check = check_func,
     .lower = lower_func},
    {.name = "probe",
     .kind = RowKind::value,
     .summary = "Full name of the probe; every match of a wildcard has its own.",
     .example = "tracepoint:syscalls:sys_enter_* { @[probe] = count(); }",
     .per_match = true,
     .check = [](CallView& call) { return check_text(call, call.env.probe_name()); },
     .fold = [](CallView& call) { return Constant(call.env.probe_name()); }},
    {.name = "probetype",
     .kind = RowKind::value,
     .summary = "Type of the probe: the provider's name, or `special` for begin and end.",
     .example = "interval:s:1 { print(probetype); }",
     .check = [](CallView& call) { return check_text(call, call.env.probetype()); },
     .fold = [](CallView& call) { return Constant(call.env.probetype()); }},
    {.name = "reg",
     .params = kRegParams,
     .summary = "A register of what the probe interrupted.",
     .example = "kprobe:vfs_read { @[reg(\"sp\")] = count(); }",
     .needs = types::kHasReg,
     .refusal = diag::Id::builtin_quoted_provider,
     .check = check_reg,
     .lower = lower_reg},
    {.name = "usermode",
     .kind = RowKind::value,
     .summary = "1 if the probe interrupted user mode, else 0.",
     .example = "profile:hz:99 { @[usermode] = count(); }",
     .check = integer_result<1, true>,
     .lower = lower_usermode},
};

}  // namespace

std::span<const Builtin> probe_rows() { return kRows; }

}  // namespace sonde::builtins
