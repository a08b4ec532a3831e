// Call stacks: frame addresses, turned into symbols when they are printed.
#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"
#include "types/capability.h"

namespace sonde::builtins {
namespace {

using image::StackMode;

constexpr uint32_t kDefaultLimit = 127;
constexpr uint64_t kMaxLimit = 1024;
constexpr uint32_t kFrame = 8;  // bytes

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
  cg.if_then(failed, [&] { cg.report_error(image::ErrorKind::stack_read, "get_stack", bytes, false); });
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

constexpr Param kParams[] = {{"mode", ParamKind::word_or_literal, true}, {"limit", ParamKind::word_or_literal, true}};

constexpr Builtin kRows[] = {
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
