// Aggregations: what a cell holds, how cells of several CPUs are merged and shown, and how one value is added. A cell is
// only ever updated by its own CPU, so plain loads and stores suffice.
#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"
#include "builtins/histogram.h"

namespace sonde::builtins {
namespace {

using image::AggDesc;
using image::MergeRule;
using image::View;

constexpr uint64_t kMaxBits = 5;
constexpr uint64_t kMaxLinearBuckets = 1000;

// --- count --------------------------------------------------------------------------------------------------------------

TypeRef check_count(CallView& call) { return call.env.types().aggregate("count", false); }
AggDesc describe_count(TypeRef type) { return described(type, View::scalar, {{MergeRule::add, 0, 1}}, kField); }
void update_count(Codegen& cg, Mem cell) { add_to(cg, cell, 0, cg.constant(1)); }

// --- sum, min, max: a value and a mark that there is one ------------------------------------------------------------------

constexpr uint32_t kSet = 8;

// Integers keep their sign; a castable aggregate counts as the number that it reads as.
TypeRef check_number(CallView& call) {
  const Argument& number = call.arguments[0];
  if (!unresolved(number) && !integer_like(number.type)) {
    call.env.diagnostics().emit<diag::Id::call_argument_type>(call.range, call.row.name, "integer",
                                                              types::printed(number.type));
    return nullptr;
  }
  const bool is_signed = number.type->kind == Kind::enumeration ? false : number.type->is_signed;
  return call.env.types().aggregate(call.row.name, is_signed);
}

AggDesc describe_marked(TypeRef type, MergeRule rule) {
  AggDesc desc = described(type, View::scalar, {{rule, 0, 1}}, 2 * kField);
  desc.set_offset = kSet;
  return desc;
}
AggDesc describe_sum(TypeRef type) { return describe_marked(type, MergeRule::add); }
AggDesc describe_min(TypeRef type) { return describe_marked(type, MergeRule::min); }
AggDesc describe_max(TypeRef type) { return describe_marked(type, MergeRule::max); }

// The mark lets `sum(0)` show as a value where an untouched map shows nothing.
void update_sum(Codegen& cg, Mem cell) {
  add_to(cg, cell, 0, cg.argument(0));
  cg.store(cell, kSet, kField, cg.constant(1));
}

void update_extreme(Codegen& cg, Mem cell, Cmp signed_order, Cmp unsigned_order) {
  const Reg value = cg.argument(0);
  const Reg better =
      cg.compare(cg.result_type()->is_signed ? signed_order : unsigned_order, value, cg.load(cell, 0, kField, false));
  const Reg first = cg.compare(Cmp::eq, cg.load(cell, kSet, kField, false), cg.constant(0));
  cg.if_then(cg.binary(Op::bit_or, better, first), [&] {
    cg.store(cell, 0, kField, value);
    cg.store(cell, kSet, kField, cg.constant(1));
  });
}
void update_min(Codegen& cg, Mem cell) { update_extreme(cg, cell, Cmp::slt, Cmp::ult); }
void update_max(Codegen& cg, Mem cell) { update_extreme(cg, cell, Cmp::sgt, Cmp::ugt); }

// --- avg, stats: total and count ----------------------------------------------------------------------------------------

AggDesc describe_ratio(TypeRef type, View view) {
  return described(type, view, {{MergeRule::add, 0, 1}, {MergeRule::add, kField, 1}}, 2 * kField);
}
AggDesc describe_avg(TypeRef type) { return describe_ratio(type, View::ratio); }
AggDesc describe_stats(TypeRef type) { return describe_ratio(type, View::stats); }

void update_ratio(Codegen& cg, Mem cell) {
  add_to(cg, cell, 0, cg.argument(0));
  add_to(cg, cell, kField, cg.constant(1));
}

// --- hist ---------------------------------------------------------------------------------------------------------------

TypeRef check_hist(CallView& call) {
  uint64_t bits = 0;
  if (call.arguments.size() == 2) {
    const Argument& argument = call.arguments[1];
    if (!argument.integer) {
      call.env.diagnostics().emit<diag::Id::hist_bits_literal>(call.range);
      return nullptr;
    }
    bits = *argument.integer;
    if (bits > kMaxBits) {
      call.env.diagnostics().emit<diag::Id::hist_bits>(call.range, static_cast<int64_t>(bits));
      return nullptr;
    }
  }
  types::Type type = *call.env.types().aggregate("hist", true);
  type.bits = static_cast<uint32_t>(bits);
  return call.env.types().intern(type);
}

AggDesc describe_hist(TypeRef type) {
  const uint32_t buckets = log2_buckets(type->bits);
  AggDesc desc = described(type, View::log2, {{MergeRule::add, 0, buckets}}, buckets * kField);
  desc.bits = type->bits;
  return desc;
}

void update_hist(Codegen& cg, Mem cell) {
  const uint32_t bits = cg.result_type()->bits;
  add_to_bucket(cg, cell, log2_bucket(cg, cg.argument(0), bits), log2_buckets(bits));
}

// --- lhist --------------------------------------------------------------------------------------------------------------

TypeRef check_lhist(CallView& call) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  static constexpr std::string_view kNames[] = {"min", "max"};
  for (size_t i = 1; i <= 2; ++i) {
    const Argument& bound = call.arguments[i];
    if (bound.integer && !bound.negative) continue;
    diagnostics.emit<diag::Id::lhist_bound>(call.range, kNames[i - 1]);
    return nullptr;
  }
  const Argument& step_argument = call.arguments[3];
  if (!step_argument.integer || step_argument.negative) {
    diagnostics.emit<diag::Id::lhist_step>(call.range);
    return nullptr;
  }
  const uint64_t min = *call.arguments[1].integer, max = *call.arguments[2].integer, step = *step_argument.integer;
  if (step == 0) {
    diagnostics.emit<diag::Id::lhist_step_zero>(call.range, step);
    return nullptr;
  }
  if (min > max) {
    diagnostics.emit<diag::Id::lhist_order>(call.range, min, max);
    return nullptr;
  }
  if (step > max - min) {
    diagnostics.emit<diag::Id::lhist_step_large>(call.range, step, max - min);
    return nullptr;
  }
  if ((max - min) / step > kMaxLinearBuckets) {
    diagnostics.emit<diag::Id::lhist_buckets>(call.range, (max - min) / step);
    return nullptr;
  }
  types::Type type = *call.env.types().aggregate("lhist", true);
  type.min = min;
  type.max = max;
  type.step = step;
  return call.env.types().intern(type);
}

uint32_t linear_buckets(TypeRef type) { return static_cast<uint32_t>((type->max - type->min) / type->step + 2); }

AggDesc describe_lhist(TypeRef type) {
  const uint32_t buckets = linear_buckets(type);
  AggDesc desc = described(type, View::linear, {{MergeRule::add, 0, buckets}}, buckets * kField);
  desc.min = type->min;
  desc.max = type->max;
  desc.step = type->step;
  return desc;
}

// Values above `max` fall in the same bucket as `max` itself, so they may be cut to it.
void update_lhist(Codegen& cg, Mem cell) {
  const TypeRef type = cg.result_type();
  const bool is_signed = cg.argument_type(0)->is_signed;
  const Reg n = cg.argument(0);
  const Reg min = cg.constant(type->min), max = cg.constant(type->max);
  const Reg above = cg.compare(is_signed ? Cmp::sgt : Cmp::ugt, n, max);
  const Reg below = cg.compare(is_signed ? Cmp::slt : Cmp::ult, n, min);
  const Reg distance = cg.binary(Op::sub, cg.select(above, max, n), min);
  const Reg bucket = cg.binary(Op::add, cg.binary(Op::udiv, distance, cg.constant(type->step)), cg.constant(1));
  add_to_bucket(cg, cell, cg.select(below, cg.constant(0), bucket), linear_buckets(type));
}

constexpr Param kNumber[] = {{"n", ParamKind::any}};
constexpr Param kHistParams[] = {{"n", ParamKind::integer}, {"bits", ParamKind::any, true}};
constexpr Param kLhistParams[] = {
    {"n", ParamKind::integer}, {"min", ParamKind::any}, {"max", ParamKind::any}, {"step", ParamKind::any}};

constexpr Builtin kRows[] = {
    {.name = "avg",
     .kind = RowKind::aggregate,
     .params = kNumber,
     .summary = "Average of the values, as an integer.",
     .example = "tracepoint:syscalls:sys_exit_read { @ = avg(args.ret); }",
     .check = check_number,
     .aggregate = describe_avg,
     .update = update_ratio},
    {.name = "count",
     .kind = RowKind::aggregate,
     .summary = "Number of calls.",
     .example = "tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }",
     .check = check_count,
     .aggregate = describe_count,
     .update = update_count},
    {.name = "hist",
     .kind = RowKind::aggregate,
     .params = kHistParams,
     .summary = "Histogram whose buckets double in width; with `bits` each is split into 2^bits equal ones.",
     .example = "tracepoint:syscalls:sys_exit_read { @bytes = hist(args.ret); }",
     .check = check_hist,
     .aggregate = describe_hist,
     .update = update_hist},
    {.name = "lhist",
     .kind = RowKind::aggregate,
     .params = kLhistParams,
     .summary = "Histogram from `min` to `max` in buckets of width `step`.",
     .example = "tracepoint:block:block_rq_issue { @size = lhist(args.bytes, 0, 65536, 4096); }",
     .check = check_lhist,
     .aggregate = describe_lhist,
     .update = update_lhist},
    {.name = "max",
     .kind = RowKind::aggregate,
     .params = kNumber,
     .summary = "Greatest of the values.",
     .example = "tracepoint:syscalls:sys_exit_read { @ = max(args.ret); }",
     .check = check_number,
     .aggregate = describe_max,
     .update = update_max},
    {.name = "min",
     .kind = RowKind::aggregate,
     .params = kNumber,
     .summary = "Least of the values.",
     .example = "tracepoint:syscalls:sys_exit_read { @ = min(args.ret); }",
     .check = check_number,
     .aggregate = describe_min,
     .update = update_min},
    {.name = "stats",
     .kind = RowKind::aggregate,
     .params = kNumber,
     .summary = "Count, average and total of the values.",
     .example = "tracepoint:syscalls:sys_exit_read { @[comm] = stats(args.ret); }",
     .check = check_number,
     .aggregate = describe_stats,
     .update = update_ratio},
    {.name = "sum",
     .kind = RowKind::aggregate,
     .params = kNumber,
     .summary = "Sum of the values.",
     .example = "tracepoint:syscalls:sys_exit_read { @[comm] = sum(args.ret); }",
     .check = check_number,
     .aggregate = describe_sum,
     .update = update_sum},
};

}  // namespace

// With N = 2^bits and p = log2(n) - bits, the bucket of n >= N is ((p + 1) << bits) + (n >> p) - N + 1. Smaller n have a
// bucket each, n + 1, which is the same formula with p = 0; `n | N` has the logarithm that yields this p for them and
// leaves that of the others alone, so there is no branch for small values.
Reg log2_bucket(Codegen& cg, Reg n, uint32_t bits) {
  const uint64_t n_buckets = uint64_t{1} << bits;
  const Reg p = cg.binary(Op::sub, cg.log2(cg.binary(Op::bit_or, n, cg.constant(n_buckets))), cg.constant(bits));
  const Reg row = cg.binary(Op::shl, cg.binary(Op::add, p, cg.constant(1)), cg.constant(bits));
  const Reg column = cg.binary(Op::sub, cg.binary(Op::lshr, n, p), cg.constant(n_buckets - 1));
  const Reg negative = cg.compare(Cmp::slt, n, cg.constant(0));
  return cg.select(negative, cg.constant(0), cg.binary(Op::add, row, column));
}

std::span<const Builtin> aggregate_rows() { return kRows; }

}  // namespace sonde::builtins
