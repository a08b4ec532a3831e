// Aggregations that say more about how values are distributed, in time or over their range: series, deviation, quantiles
// and log-linear buckets.
#include <algorithm>
#include <array>
#include <optional>

#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"
#include "builtins/histogram.h"

namespace sonde::builtins {
namespace {

using image::AggDesc;
using image::MergeRule;
using image::SeriesRule;
using image::View;

// --- tseries ------------------------------------------------------------------------------------------------------------

constexpr uint64_t kMostIntervals = 1000000;
constexpr std::array<std::string_view, 5> kRules = {"", "sum", "min", "max", "avg"};  // by SeriesRule

// A literal that counts something, from 1 on; reports what is wrong with it.
std::optional<uint64_t> series_number(CallView& call, size_t index, std::string_view name) {
  const Argument& argument = call.arguments[index];
  if (!argument.integer || argument.negative) {
    call.env.diagnostics().emit<diag::Id::tseries_literal>(call.range, name);
    return std::nullopt;
  }
  if (*argument.integer == 0) {
    call.env.diagnostics().emit<diag::Id::tseries_zero>(call.range, name, 0);
    return std::nullopt;
  }
  return argument.integer;
}

bool series_allowed(CallView& call) {
  const std::string state = call.env.config("unstable_tseries");
  if (state == "error") {
    call.env.diagnostics().emit<diag::Id::unstable_refused>(call.range, "tseries", "unstable_tseries");
    return false;
  }
  if (state == "warn") call.env.diagnostics().emit<diag::Id::unstable_used>({}, "tseries", "unstable_tseries");
  return true;
}

TypeRef check_tseries(CallView& call) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  if (!series_allowed(call)) return nullptr;
  const std::optional<uint64_t> interval = series_number(call, 1, "interval_ns");
  if (!interval) return nullptr;
  const std::optional<uint64_t> intervals = series_number(call, 2, "num_intervals");
  if (!intervals) return nullptr;
  if (*intervals > kMostIntervals) {
    diagnostics.emit<diag::Id::tseries_many>(call.range, *intervals);
    return nullptr;
  }
  size_t rule = 0;
  if (call.arguments.size() == 4) {
    const Argument& wanted = call.arguments[3];
    rule = wanted.text ? static_cast<size_t>(std::ranges::find(kRules, *wanted.text) - kRules.begin()) : 0;
    if (rule == 0 || rule >= kRules.size()) {
      diagnostics.emit<diag::Id::tseries_rule>(call.range, wanted.text ? "\"" + *wanted.text + "\"" : given(wanted));
      return nullptr;
    }
  }
  const Argument& number = call.arguments[0];
  const bool is_signed = unresolved(number) || number.type->kind == Kind::enumeration || number.type->is_signed;
  types::Type type = *call.env.types().aggregate("tseries", is_signed);
  type.bits = static_cast<uint32_t>(rule);
  type.max = *intervals;
  type.step = *interval;
  return call.env.types().intern(type);
}

AggDesc describe_tseries(TypeRef type) {
  const auto intervals = static_cast<uint32_t>(type->max);
  const uint32_t slots = std::min(intervals, image::kSeriesBlock);
  AggDesc desc = described(type, View::series, {}, slots * static_cast<uint32_t>(sizeof(image::SeriesSlot)));
  desc.interval = type->step;
  desc.intervals = intervals;
  desc.rule = static_cast<SeriesRule>(type->bits);
  return desc;
}

// The slot of the current interval starts over when it still holds an older one.
void update_slot(Codegen& cg, Mem slot, Reg n, Reg epoch, Reg boot) {
  constexpr uint32_t kEpoch = offsetof(image::SeriesSlot, epoch), kValue = offsetof(image::SeriesSlot, value),
                     kMeta = offsetof(image::SeriesSlot, meta);
  const TypeRef type = cg.result_type();
  const auto rule = static_cast<SeriesRule>(type->bits);
  const Reg stale = cg.compare(Cmp::ne, cg.load(slot, kEpoch, kField, false), epoch);
  cg.if_then(stale, [&] {
    cg.store(slot, kEpoch, kField, epoch);
    cg.store(slot, kMeta, kField, cg.constant(0));
    cg.store(slot, kValue, kField, cg.constant(0));
  });
  const Reg old = cg.load(slot, kValue, kField, false);
  const auto keep_better = [&](Cmp signed_order, Cmp unsigned_order) {
    const Reg better = cg.compare(type->is_signed ? signed_order : unsigned_order, n, old);
    cg.store(slot, kValue, kField, cg.select(cg.binary(Op::bit_or, better, stale), n, old));
    cg.store(slot, kMeta, kField, cg.constant(1));
  };
  switch (rule) {
    case SeriesRule::last:
      cg.store(slot, kValue, kField, n);
      cg.store(slot, kMeta, kField, boot);
      return;
    case SeriesRule::min: keep_better(Cmp::slt, Cmp::ult); return;
    case SeriesRule::max: keep_better(Cmp::sgt, Cmp::ugt); return;
    case SeriesRule::sum:
    case SeriesRule::avg:
      cg.store(slot, kValue, kField, cg.binary(Op::add, old, n));
      add_to(cg, slot, kMeta, cg.constant(1));
      return;
  }
}

void update_tseries(Codegen& cg) {
  const TypeRef type = cg.result_type();
  const auto intervals = static_cast<uint32_t>(type->max);
  const Reg n = cg.argument(0);
  const Reg boot = cg.helper(BPF_FUNC_ktime_get_boot_ns, {});
  const Reg wall = cg.binary(Op::add, boot, cg.parameter(image::ParameterKind::wall_offset, ""));
  const Reg epoch = cg.binary(Op::udiv, wall, cg.constant(type->step));
  const Reg number = cg.binary(Op::umod, epoch, cg.constant(intervals));
  const Reg block = cg.binary(Op::udiv, number, cg.constant(image::kSeriesBlock));
  cg.with_cell(block, [&](Mem cell) {
    const Reg in_block = cg.binary(Op::umod, number, cg.constant(image::kSeriesBlock));
    const Reg index = cg.bound(in_block, std::min(intervals, image::kSeriesBlock));
    update_slot(cg, cg.offset(cell, cg.binary(Op::mul, index, cg.constant(sizeof(image::SeriesSlot)))), n, epoch, boot);
  });
}

// --- stddev -------------------------------------------------------------------------------------------------------------

// total, count, and the sum of the squares as four sums of 32-bit limbs, least significant first.
constexpr uint32_t kTotal = 0, kCount = 8, kLimbs = 16;

TypeRef check_stddev(CallView& call) {
  const Argument& number = call.arguments[0];
  if (!unresolved(number) && !integer_like(number.type)) {
    call.env.diagnostics().emit<diag::Id::call_argument_type>(call.range, call.row.name, "integer",
                                                              types::printed(number.type));
    return nullptr;
  }
  return call.env.types().aggregate(call.row.name, number.type->kind != Kind::enumeration && number.type->is_signed);
}

AggDesc describe_stddev(TypeRef type) {
  return described(type, View::deviation,
                   {{MergeRule::add, kTotal, 1}, {MergeRule::add, kCount, 1}, {MergeRule::add, kLimbs, 4}},
                   kLimbs + 4 * kField);
}

void update_stddev(Codegen& cg, Mem cell) {
  const Reg n = cg.argument(0);
  add_to(cg, cell, kTotal, n);
  add_to(cg, cell, kCount, cg.constant(1));
  Reg size = n;
  if (cg.result_type()->is_signed)
    size = cg.select(cg.compare(Cmp::slt, n, cg.constant(0)), cg.binary(Op::sub, cg.constant(0), n), n);
  const auto low = [&](Reg value) { return cg.binary(Op::bit_and, value, cg.constant(UINT32_MAX)); };
  const auto high = [&](Reg value) { return cg.binary(Op::lshr, value, cg.constant(32)); };
  const Reg a = high(size), b = low(size);
  const Reg squared_low = cg.binary(Op::mul, b, b), mixed = cg.binary(Op::mul, a, b),
            squared_high = cg.binary(Op::mul, a, a);
  const auto twice = [&](Reg value) { return cg.binary(Op::shl, value, cg.constant(1)); };
  add_to(cg, cell, kLimbs, low(squared_low));
  add_to(cg, cell, kLimbs + kField, cg.binary(Op::add, high(squared_low), twice(low(mixed))));
  add_to(cg, cell, kLimbs + 2 * kField, cg.binary(Op::add, low(squared_high), twice(high(mixed))));
  add_to(cg, cell, kLimbs + 3 * kField, high(squared_high));
}

// --- quantiles ----------------------------------------------------------------------------------------------------------

constexpr uint64_t kMostBits = 5;

TypeRef check_quantiles(CallView& call) {
  uint64_t bits = kMostBits;
  if (call.arguments.size() == 2) {
    const Argument& argument = call.arguments[1];
    if (!argument.integer || argument.negative || *argument.integer > kMostBits) {
      call.env.diagnostics().emit<diag::Id::quantiles_bits>(call.range);
      return nullptr;
    }
    bits = *argument.integer;
  }
  types::Type type = *call.env.types().aggregate("quantiles", true);
  type.bits = static_cast<uint32_t>(bits);
  return call.env.types().intern(type);
}

// Buckets, least value, greatest value, and the mark that there is one.
AggDesc describe_quantiles(TypeRef type) {
  const uint32_t buckets = log2_buckets(type->bits);
  const uint32_t behind = buckets * kField;
  AggDesc desc =
      described(type, View::quantiles,
                {{MergeRule::add, 0, buckets}, {MergeRule::min, behind, 1}, {MergeRule::max, behind + kField, 1}},
                behind + 3 * kField);
  desc.bits = type->bits;
  desc.set_offset = behind + 2 * kField;
  return desc;
}

void update_quantiles(Codegen& cg, Mem cell) {
  const uint32_t bits = cg.result_type()->bits;
  const uint32_t buckets = log2_buckets(bits);
  const uint32_t least = buckets * kField, greatest = least + kField, set = greatest + kField;
  const Reg n = cg.argument(0);
  const Reg first = cg.compare(Cmp::eq, cg.load(cell, set, kField, false), cg.constant(0));
  const auto keep = [&](uint32_t at, Cmp better) {
    const Reg old = cg.load(cell, at, kField, false);
    cg.store(cell, at, kField, cg.select(cg.binary(Op::bit_or, first, cg.compare(better, n, old)), n, old));
  };
  keep(least, Cmp::slt);
  keep(greatest, Cmp::sgt);
  cg.store(cell, set, kField, cg.constant(1));
  add_to_bucket(cg, cell, log2_bucket(cg, n, bits), buckets);
}

// --- llquantize -----------------------------------------------------------------------------------------------------------

constexpr size_t kMostBounds = 1000;

// One order of magnitude: [low, high) in buckets that end at multiples of `width`, the first of which is number `first`.
struct Magnitude {
  uint64_t low, high, width;
  uint32_t first;

  uint64_t buckets() const { return (high + width - 1) / width - low / width; }
};

// Empty if the greatest bound does not fit 63 bits.
std::vector<Magnitude> magnitudes(uint64_t factor, uint64_t low, uint64_t high, uint64_t steps) {
  std::vector<Magnitude> all;
  unsigned __int128 power = 1;
  uint64_t bucket = 1;
  for (uint64_t exponent = 0; exponent <= high; ++exponent) {
    const unsigned __int128 next = power * factor;
    if (next > INT64_MAX) return {};
    if (exponent >= low) {
      const auto from = static_cast<uint64_t>(power), to = static_cast<uint64_t>(next);
      const uint64_t width = std::max<uint64_t>(1, to / steps);
      all.push_back({from, to, width, static_cast<uint32_t>(std::min<uint64_t>(bucket, UINT32_MAX))});
      bucket += all.back().buckets();
    }
    power = next;
  }
  return all;
}

std::vector<Magnitude> magnitudes(TypeRef type) { return magnitudes(type->bits, type->min, type->max, type->step); }

// Lower bounds of all buckets but the first, and the end of the last but one.
uint64_t bound_count(const std::vector<Magnitude>& all) {
  const Magnitude& last = all.back();
  return last.first + last.buckets();
}

TypeRef check_llquantize(CallView& call) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  static constexpr std::string_view kNames[] = {"factor", "low", "high", "steps"};
  for (size_t i = 1; i <= 4; ++i) {
    if (call.arguments[i].integer && !call.arguments[i].negative) continue;
    diagnostics.emit<diag::Id::llquantize_literal>(call.range, kNames[i - 1]);
    return nullptr;
  }
  const auto number = [&](size_t index) { return *call.arguments[index].integer; };
  const uint64_t factor = number(1), low = number(2), high = number(3), steps = number(4);
  if (factor < 2 || steps < 1 || low > high) {
    diagnostics.emit<diag::Id::llquantize_range>(call.range);
    return nullptr;
  }
  const std::vector<Magnitude> all =
      high < 63 && factor <= UINT32_MAX ? magnitudes(factor, low, high, steps) : std::vector<Magnitude>{};
  if (all.empty()) {
    diagnostics.emit<diag::Id::llquantize_large>(call.range, factor, high + 1);
    return nullptr;
  }
  if (bound_count(all) > kMostBounds) {
    diagnostics.emit<diag::Id::llquantize_buckets>(call.range, bound_count(all));
    return nullptr;
  }
  types::Type type = *call.env.types().aggregate("llquantize", true);
  type.bits = static_cast<uint32_t>(factor);
  type.min = low;
  type.max = high;
  type.step = steps;
  return call.env.types().intern(type);
}

AggDesc describe_llquantize(TypeRef type) {
  const std::vector<Magnitude> all = magnitudes(type);
  const auto buckets = static_cast<uint32_t>(bound_count(all) + 1);
  AggDesc desc = described(type, View::bounded, {{MergeRule::add, 0, buckets}}, buckets * kField);
  for (const Magnitude& magnitude : all)
    for (uint64_t bound = magnitude.low; bound < magnitude.high;
         bound = (bound / magnitude.width + 1) * magnitude.width)
      desc.bounds.push_back(bound);
  desc.bounds.push_back(all.back().high);
  return desc;
}

// The order of magnitude by comparisons with its few ends, then one division.
void update_llquantize(Codegen& cg, Mem cell) {
  const std::vector<Magnitude> all = magnitudes(cg.result_type());
  const auto buckets = static_cast<uint32_t>(bound_count(all) + 1);
  const Reg n = cg.argument(0);
  // Wider than any value: nothing is added to the number of a bucket without an end.
  constexpr uint64_t kEndless = uint64_t{1} << 63;
  Reg width = cg.constant(kEndless), first = cg.constant(0);
  const auto from = [&](uint64_t least, uint64_t wide, uint64_t number) {
    const Reg here = cg.compare(Cmp::sge, n, cg.constant(least));
    width = cg.select(here, cg.constant(wide), width);
    first = cg.select(here, cg.constant(number - least / wide), first);
  };
  for (const Magnitude& magnitude : all) from(magnitude.low, magnitude.width, magnitude.first);
  from(all.back().high, kEndless, buckets - 1);
  const Reg index = cg.binary(Op::add, first, cg.binary(Op::udiv, n, width));
  const Reg negative = cg.compare(Cmp::slt, n, cg.constant(0));
  add_to_bucket(cg, cell, cg.select(negative, cg.constant(0), index), buckets);
}

constexpr Param kNumber[] = {{"n", ParamKind::any}};
constexpr Param kSeriesParams[] = {{"n", ParamKind::integer},
                                   {"interval", ParamKind::any},
                                   {"intervals", ParamKind::any},
                                   {"function", ParamKind::any, true}};
constexpr Param kQuantilesParams[] = {{"n", ParamKind::integer}, {"bits", ParamKind::any, true}};
constexpr Param kLogLinearParams[] = {{"n", ParamKind::integer},
                                      {"factor", ParamKind::any},
                                      {"low", ParamKind::any},
                                      {"high", ParamKind::any},
                                      {"steps", ParamKind::any}};

constexpr Builtin kRows[] = {
    {.name = "llquantize",
     .kind = RowKind::aggregate,
     .params = kLogLinearParams,
     .summary =
         "Histogram from factor^low to factor^(high + 1): every power of the factor is split into buckets as wide "
         "as its upper end divided by `steps`.",
     .example = "tracepoint:syscalls:sys_exit_read { @bytes = llquantize(args.ret, 10, 0, 6, 10); }",
     .check = check_llquantize,
     .aggregate = describe_llquantize,
     .update = update_llquantize},
    {.name = "quantiles",
     .kind = RowKind::aggregate,
     .params = kQuantilesParams,
     .summary =
         "Count, least and greatest value, and the 50th, 90th, 99th and 99.9th percentile with a relative error of "
         "at most 1/2^(bits + 1); bits is 5 (1.6 %) unless given, 0 to 5.",
     .example = "tracepoint:syscalls:sys_exit_read { @[comm] = quantiles(args.ret); }",
     .check = check_quantiles,
     .aggregate = describe_quantiles,
     .update = update_quantiles},
    {.name = "stddev",
     .kind = RowKind::aggregate,
     .params = kNumber,
     .summary = "Standard deviation of the values (of all of them, not of a sample), as an integer.",
     .example = "tracepoint:syscalls:sys_exit_read { @ = stddev(args.ret); }",
     .check = check_stddev,
     .aggregate = describe_stddev,
     .update = update_stddev},
    {.name = "tseries",
     .kind = RowKind::aggregate,
     .params = kSeriesParams,
     .summary =
         "Values over time: the last `intervals` (at most 1365) intervals of so many nanoseconds, each with its last "
         "value, or its `avg`, `max`, `min` or `sum`.",
     .example = "tracepoint:syscalls:sys_enter_read { @ = tseries(args.count, 100ms, 20, \"sum\"); }",
     .check = check_tseries,
     .aggregate = describe_tseries,
     .update_blocks = update_tseries},
};

}  // namespace

std::span<const Builtin> distribution_rows() { return kRows; }

}  // namespace sonde::builtins
