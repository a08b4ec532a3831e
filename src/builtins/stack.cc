// Call stacks: frame addresses, turned into symbols when they are printed.
#include <cstddef>

#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"
#include "image/unwind_tables.h"
#include "types/capability.h"

namespace sonde::builtins {
namespace {

using image::StackMode;

constexpr uint32_t kDefaultLimit = 127;
constexpr uint64_t kMaxLimit = 1024;
constexpr uint32_t kFrame = 8;  // bytes
// Offsets into struct pt_regs of x86_64 (uapi/asm/ptrace.h).
constexpr uint32_t kFramePointer = 32;
constexpr uint32_t kInstructionPointer = 128;
constexpr uint32_t kStackPointer = 152;

// "sonde" is the mode's name; scripts written for the reference call it by that tool's.
std::optional<StackMode> mode_named(std::string_view word) {
  if (word == "sonde" || word == "bpftrace") return StackMode::symbols;
  if (word == "perf") return StackMode::perf;
  if (word == "raw") return StackMode::raw;
  if (word == "build_id") return StackMode::build_id;
  return std::nullopt;
}

struct StackArguments {
  std::optional<StackMode> mode;
  uint32_t limit = kDefaultLimit;
};

bool parse_limit(CallView& call, const Argument& argument, StackArguments& parsed) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  if (!argument.integer || argument.negative) {
    diagnostics.emit<diag::Id::stack_limit_invalid>(call.range, call.row.name);
    return false;
  }
  if (*argument.integer > kMaxLimit) {
    diagnostics.emit<diag::Id::stack_limit_large>(call.range, call.row.name, *argument.integer);
    return false;
  }
  parsed.limit = static_cast<uint32_t>(*argument.integer);
  return true;
}

bool parse_mode(CallView& call, const Argument& argument, StackArguments& parsed) {
  parsed.mode = mode_named(*argument.word);
  if (parsed.mode) return true;
  call.env.diagnostics().emit<diag::Id::stack_mode_unknown>(call.range, call.row.name);
  return false;
}

bool parse(CallView& call, StackArguments& parsed) {
  const std::vector<Argument>& arguments = call.arguments;
  if (arguments.size() == 2 && !arguments[0].word) {
    call.env.diagnostics().emit<diag::Id::stack_mode_first>(call.range);
    return parse_limit(call, arguments[1], parsed) && false;
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool is_mode = i == 0 && arguments[i].word;
    if (!(is_mode ? parse_mode(call, arguments[i], parsed) : parse_limit(call, arguments[i], parsed))) return false;
  }
  return true;
}

TypeRef check_stack(CallView& call, bool user) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  StackArguments parsed;
  if (!parse(call, parsed)) return nullptr;
  if (parsed.mode == StackMode::build_id && !user) {
    diagnostics.emit<diag::Id::stack_build_id>(call.range);
    return nullptr;
  }
  if (!parsed.mode) {
    parsed.mode = mode_named(call.env.config("stack_mode")).value_or(StackMode::symbols);
    if (parsed.mode == StackMode::build_id && !user) {
      diagnostics.emit<diag::Id::stack_build_id_default>(call.range);
      parsed.mode = StackMode::raw;
    }
  }
  return call.env.types().stack(user, *parsed.mode, parsed.limit);
}

TypeRef check_dw_ustack(CallView& call) {
  constexpr std::string_view kFeature = "dw_ustack (DWARF stack unwinding)";
  constexpr std::string_view kKey = "unstable_dw_ustack";
  const std::string state = call.env.config(kKey);
  if (state == "error") {
    call.env.diagnostics().emit<diag::Id::unstable_refused>(call.range, kFeature, kKey);
    return nullptr;
  }
  if (state == "warn") call.env.diagnostics().emit<diag::Id::unstable_used>({}, kFeature, kKey);
  return check_stack(call, true);
}

// Fills count and frames at byte `at` of the result. The helper clears what it does not fill, so the value can be a key.
void read_frames(Codegen& cg, uint32_t at, uint64_t flags) {
  const Mem to = cg.result();
  const uint32_t size = *cg.result_type()->count * kFrame;
  if (size == 0) {
    cg.store(to, at, 8, cg.constant(0));
    return;
  }
  const Mem frames = cg.offset(to, at + 8);
  const Reg bytes = cg.helper(BPF_FUNC_get_stack, {cg.context(), frames, cg.constant(size), cg.constant(flags)});
  const Reg failed = cg.compare(Cmp::slt, bytes, cg.constant(0));
  const char* which = flags & BPF_F_USER_STACK ? "ustack" : "kstack";
  cg.if_then(failed, [&] { cg.report_error(image::ErrorKind::stack_read, which, bytes, false); });
  cg.store(to, at, 8, cg.select(failed, cg.constant(0), cg.binary(Op::lshr, bytes, cg.constant(3))));
}

// kernel_stack: u64 count, frames.
Reg lower_kstack(Codegen& cg) {
  read_frames(cg, 0, 0);
  return {};
}

// user_stack: u32 pid, u32 program, u64 count, frames.
Reg lower_ustack(Codegen& cg) {
  const Mem to = cg.result();
  cg.store(to, 0, 4, current_tgid(cg));
  cg.store(to, 4, 4, cg.constant(cg.program_index()));
  read_frames(cg, 8, BPF_F_USER_STACK);
  return {};
}

// Registers of the task in user mode: the context where that is a user probe's, else what the kernel saved at its entry.
struct UserRegisters {
  Reg ip, sp, fp;
};

UserRegisters user_registers(Codegen& cg) {
  if (cg.capable(types::kUserContext))
    return {cg.saved_register(kInstructionPointer), cg.saved_register(kStackPointer), cg.saved_register(kFramePointer)};
  const Reg task = cg.helper(BPF_FUNC_get_current_task_btf, {});
  const Reg saved = cg.helper(BPF_FUNC_task_pt_regs, {task});
  const auto read = [&](uint32_t offset) {
    const Mem word = cg.temporary(8);
    cg.probe_read(word, cg.constant(8), cg.binary(Op::add, saved, cg.constant(offset)), types::Space::kernel);
    return cg.load(word, 0, 8, false);
  };
  return {read(kInstructionPointer), read(kStackPointer), read(kFramePointer)};
}

// user_stack, as lower_ustack, walked by tables.
Reg lower_dw_ustack(Codegen& cg) {
  const Mem to = cg.result();
  const Reg process = current_tgid(cg);
  cg.store(to, 0, 4, process);
  cg.store(to, 4, 4, cg.constant(cg.program_index()));
  const uint32_t limit = *cg.result_type()->count;
  if (limit == 0) {
    cg.store(to, 8, 8, cg.constant(0));
    return {};
  }
  const UserRegisters registers = user_registers(cg);
  const Mem state = cg.untracked(sizeof(sonde_unwind_state));
  cg.store(state, offsetof(sonde_unwind_state, ip), 8, registers.ip);
  cg.store(state, offsetof(sonde_unwind_state, sp), 8, registers.sp);
  cg.store(state, offsetof(sonde_unwind_state, fp), 8, registers.fp);
  cg.store(state, offsetof(sonde_unwind_state, process), 4, process);
  cg.store(state, offsetof(sonde_unwind_state, is_return), 4, cg.constant(0));
  // The whole value can be a key: frames that the walk does not reach are zero.
  const Mem frames = cg.offset(to, 16);
  cg.zero(frames, 0, limit * kFrame);
  cg.store(to, 8, 8, cg.routine("sonde_unwind", {state, frames, cg.constant(limit)}));
  return {};
}

constexpr Param kParams[] = {{"mode", ParamKind::word_or_literal, true}, {"limit", ParamKind::word_or_literal, true}};

constexpr Builtin kRows[] = {
    {.name = "dw_ustack",
     .kind = RowKind::value,
     .params = kParams,
     .summary = "The user stack, as `ustack`, of programs built without frame pointers: walked in the kernel by the "
                "`.eh_frame` tables of the processes named by -p, -c or --dwarf-pid. x86_64 only. Unstable: config "
                "`unstable_dw_ustack`.",
     .example = "profile:hz:99 { @[dw_ustack] = count(); }",
     .needs = types::kKernelStack,
     .refusal = diag::Id::stack_helper,
     .check = check_dw_ustack,
     .lower = lower_dw_ustack},
    {.name = "kstack",
     .kind = RowKind::value,
     .params = kParams,
     .summary = "The kernel stack, at most `limit` frames of it (127 by default), shown by `mode`: `sonde` (symbol and "
                "offset), `perf` (address, symbol and offset) or `raw` (addresses).",
     .example = "profile:hz:99 { @[kstack(perf, 10)] = count(); }",
     .needs = types::kKernelStack,
     .refusal = diag::Id::stack_helper,
     .check = [](CallView& call) { return check_stack(call, false); },
     .lower = lower_kstack},
    {.name = "ustack",
     .kind = RowKind::value,
     .params = kParams,
     .summary = "The user stack, as `kstack`; further mode: `build_id` (build id and file offset).",
     .example = "profile:hz:99 { @[ustack, comm] = count(); }",
     .needs = types::kKernelStack,
     .refusal = diag::Id::stack_helper,
     .check = [](CallView& call) { return check_stack(call, true); },
     .lower = lower_ustack},
};

}  // namespace

std::span<const Builtin> stack_rows() { return kRows; }

}  // namespace sonde::builtins
