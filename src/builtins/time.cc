// Clocks, and their text.
#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"

namespace sonde::builtins {
namespace {

using image::Clock;

std::optional<Clock> clock_named(std::string_view word) {
  if (word == "boot") return Clock::boot;
  if (word == "monotonic") return Clock::monotonic;
  if (word == "tai") return Clock::tai;
  if (word == "sw_tai") return Clock::sw_tai;
  return std::nullopt;
}

TypeRef check_nsecs(CallView& call) {
  types::Type type = *call.env.types().integer(8, false);
  if (!call.arguments.empty()) {
    const Argument& mode = call.arguments[0];
    if (!mode.word) {
      call.env.diagnostics().emit<diag::Id::call_argument_type>(call.range, call.row.name, "timestamp_mode",
                                                                given(mode));
      return nullptr;
    }
    const std::optional<Clock> clock = clock_named(*mode.word);
    if (!clock) {
      call.env.diagnostics().emit<diag::Id::nsecs_mode>(call.range, *mode.word);
      return nullptr;
    }
    type.clock = *clock;
  }
  return call.env.types().intern(type);
}

Reg lower_nsecs(Codegen& cg) {
  const Clock clock = cg.argument_count() == 1 ? *clock_named(*cg.described(0).word) : Clock::boot;
  switch (clock) {
    case Clock::boot: return cg.helper(BPF_FUNC_ktime_get_boot_ns, {});
    case Clock::monotonic: return cg.helper(BPF_FUNC_ktime_get_ns, {});
    case Clock::tai: return cg.helper(BPF_FUNC_ktime_get_tai_ns, {});
    case Clock::sw_tai:
      return cg.binary(Op::add, cg.helper(BPF_FUNC_ktime_get_boot_ns, {}),
                       cg.parameter(image::ParameterKind::tai_offset, ""));
  }
  return {};
}

Reg lower_elapsed(Codegen& cg) {
  return cg.binary(Op::sub, cg.helper(BPF_FUNC_ktime_get_boot_ns, {}),
                   cg.parameter(image::ParameterKind::tracer_start_time, ""));
}

TypeRef check_strftime(CallView& call) {
  const Argument& time = call.arguments[1];
  if (time.integer && time.negative) {
    call.env.diagnostics().emit<diag::Id::strftime_negative>(call.range);
    return nullptr;
  }
  if (time.type->clock == Clock::monotonic) {
    call.env.diagnostics().emit<diag::Id::strftime_monotonic>(call.range);
    return nullptr;
  }
  return call.env.types().timestamp();
}

// timestamp: u32 format, u32 clock, u64 nanoseconds.
Reg lower_strftime(Codegen& cg) {
  const Mem to = cg.result();
  cg.store(to, 0, 4, cg.constant(cg.intern_string(*cg.described(0).text).value));
  cg.store(to, 4, 4, cg.constant(static_cast<uint64_t>(cg.argument_type(1)->clock)));
  cg.store(to, 8, 8, cg.argument(1));
  return {};
}

constexpr Param kNsecsParams[] = {{"mode", ParamKind::word, true}};
constexpr Param kStrftimeParams[] = {{"format", ParamKind::string_literal}, {"nanoseconds", ParamKind::integer}};
constexpr Param kTimeParams[] = {{"format", ParamKind::string_literal, true}};

constexpr Builtin kRows[] = {
    {.name = "elapsed",
     .kind = RowKind::value,
     .summary = "Nanoseconds since sonde started.",
     .example = "interval:s:1 { print(elapsed); }",
     .check = uint64_result,
     .lower = lower_elapsed},
    {.name = "jiffies",
     .kind = RowKind::value,
     .summary = "The kernel's tick counter.",
     .example = "interval:s:1 { print(jiffies); }",
     .check = uint64_result,
     .lower = call_helper<BPF_FUNC_jiffies64>},
    {.name = "nsecs",
     .kind = RowKind::value,
     .params = kNsecsParams,
     .summary =
         "Nanoseconds of a clock: `boot` (the default), `monotonic`, `tai`, or `sw_tai` (from the boot clock and an "
         "offset measured at start).",
     .example = "tracepoint:syscalls:sys_enter_read { @start[tid] = nsecs; }",
     .check = check_nsecs,
     .lower = lower_nsecs},
    {.name = "strftime",
     .params = kStrftimeParams,
     .summary = "A time given in nanoseconds, shown by a strftime(3) format when it is printed; `%f` is microseconds.",
     .example = "interval:s:1 { print(strftime(\"%H:%M:%S.%f\", nsecs)); }",
     .check = check_strftime,
     .lower = lower_strftime},
    {.name = "time",
     .params = kTimeParams,
     .summary = "Prints the local time by a strftime(3) format; the default is \"%H:%M:%S\\n\".",
     .example = "interval:s:1 { time(\"%F %T\\n\"); }",
     .action = image::Action::time},
};

}  // namespace

std::span<const Builtin> time_rows() { return kRows; }

}  // namespace sonde::builtins
