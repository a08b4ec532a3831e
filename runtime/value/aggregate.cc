// Views of aggregations and the bucket arithmetic of histograms.
#include "runtime/value/aggregate.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <variant>

#include "runtime/value/format.h"
#include "runtime/value/percentile.h"

namespace sonde::value {
namespace {

// Suffix letters of boundary numbers, one per factor of 1024.
constexpr const char* kUnits[] = {"", "K", "M", "G", "T", "P", "E"};

// Greatest k of hist(n, k).
constexpr uint32_t kMaxBits = 5;

uint64_t field(std::span<const uint64_t> fields, size_t index) { return index < fields.size() ? fields[index] : 0; }

// total / count as the view `ratio` shows it: truncating, 0 without a count. In 128 bits nothing can overflow.
uint64_t average(uint64_t total, uint64_t count, bool is_signed) {
  if (count == 0) return 0;
  if (!is_signed) return total / count;
  return static_cast<uint64_t>(static_cast<__int128>(static_cast<int64_t>(total)) / static_cast<__int128>(count));
}

std::string plain(uint64_t number) {
  std::string text;
  append_decimal(text, {number, false});
  return text;
}

// The lower bound of hist bucket `index` (from 1 on) as (N + i) * 2^exponent; the first 2N + 1 are plain numbers.
struct Boundary {
  uint64_t mantissa;
  uint32_t exponent;
};

Boundary lower_boundary(uint32_t index, uint32_t bits) {
  const uint64_t per_power = uint64_t{1} << bits;
  if (index <= 2 * per_power) return {index - 1, 0};
  // The inverse of bucket_of: index - 1 = ((exponent + 1) << bits) + i with i in [0, N).
  return {per_power + ((index - 1) & (per_power - 1)), ((index - 1) >> bits) - 1};
}

// The exponent goes into a letter in steps of ten.
std::string boundary_text(Boundary boundary) {
  return plain(boundary.mantissa << (boundary.exponent % 10)) + kUnits[boundary.exponent / 10];
}

// lhist boundaries get a letter only if the step is a multiple of 1024.
std::string linear_boundary(uint64_t number, uint64_t step) {
  constexpr uint64_t kilo = 1024, mega = kilo * kilo;
  if (step % kilo != 0 || number == 0) return plain(number);
  if (number % mega == 0) return plain(number / mega) + "M";
  if (number % kilo == 0) return plain(number / kilo) + "K";
  return plain(number);
}

std::string half_open(const std::string& low, const std::string& high) { return "[" + low + ", " + high + ")"; }

template <typename MakeBucket>
Histogram histogram(std::span<const uint64_t> counts, size_t known, MakeBucket make) {
  Histogram result;
  size_t first = 0, last = std::min(counts.size(), known);
  while (first < last && counts[first] == 0) ++first;
  while (last > first && counts[last - 1] == 0) --last;
  for (size_t i = first; i < last; ++i) {
    result.buckets.push_back(make(static_cast<uint32_t>(i)));
    result.buckets.back().count = counts[i];
  }
  return result;
}

void divide_integer(Integer& number, int64_t div) {
  const auto divisor = static_cast<__int128>(div);
  if (number.is_signed) {
    number.bits = static_cast<uint64_t>(static_cast<__int128>(static_cast<int64_t>(number.bits)) / divisor);
  } else {
    number.bits = static_cast<uint64_t>(static_cast<__int128>(number.bits) / divisor);
  }
}

struct Divide {
  int64_t div;

  void operator()(Integer& number) const { divide_integer(number, div); }
  void operator()(Array& array) const {
    for (Value& element : array.elements) std::visit(*this, element.data);
  }
  void operator()(Tuple& tuple) const {
    for (Value& element : tuple.elements) std::visit(*this, element.data);
  }
  void operator()(Record& record) const {
    for (Member& member : record.members) std::visit(*this, member.value.data);
  }
  void operator()(Histogram& histogram) const {
    if (histogram.linear) return;
    for (Bucket& bucket : histogram.buckets) {
      Integer count{bucket.count, false};
      divide_integer(count, div);
      bucket.count = count.bits;
    }
  }
  void operator()(Stats& stats) const { divide_integer(stats.average, div); }
  template <typename Other>
  void operator()(Other&) const {}
};

// Bucket `index` between ascending bounds: the first lies below all, the last above all.
Bucket bounded_bucket(uint32_t index, const std::vector<uint64_t>& bounds) {
  Bucket bucket;
  if (index > 0) bucket.min = Integer{bounds[index - 1], false};
  if (index < bounds.size()) bucket.max = Integer{bounds[index] - 1, bounds[index] == 0};
  if (index == 0) {
    bucket.header = "(..., " + plain(bounds[0]) + ")";
  } else if (index == bounds.size()) {
    bucket.header = "[" + plain(bounds[index - 1]) + ", ...)";
  } else if (bounds[index] == bounds[index - 1] + 1) {
    bucket.header = "[" + plain(bounds[index - 1]) + "]";
  } else {
    bucket.header = half_open(plain(bounds[index - 1]), plain(bounds[index]));
  }
  return bucket;
}

// The fields of `deviation` from the sum of the values on.
enum : size_t { kTotal, kCount, kSquares };

// Square root of (sum of squares - total^2 / count) / count. The squares come as four limbs of 32 bits, each summed in 64,
// so that no carry is lost between CPUs. Long double has 64 bits of mantissa: enough for a result shown as an integer.
uint64_t deviation(const image::AggDesc& desc, std::span<const uint64_t> fields) {
  const auto count = static_cast<long double>(field(fields, kCount));
  if (count == 0) return 0;
  constexpr long double kLimb = 4294967296.0L;
  long double squares = 0;
  for (size_t limb = 4; limb-- > 0;)
    squares = squares * kLimb + static_cast<long double>(field(fields, kSquares + limb));
  const uint64_t total = field(fields, kTotal);
  const long double sum =
      desc.is_signed ? static_cast<long double>(static_cast<int64_t>(total)) : static_cast<long double>(total);
  const long double variance = (squares - sum / count * sum) / count;
  return variance <= 0 ? 0 : static_cast<uint64_t>(std::sqrt(variance));
}

// What quantiles() shows: exact count and extremes, percentiles from buckets whose middle is at most 1/2^(bits + 1) off.
Value quantiles(const image::AggDesc& desc, std::span<const uint64_t> fields) {
  const uint32_t buckets = bucket_count(std::min(desc.bits, kMaxBits));
  uint64_t count = 0;
  for (uint32_t i = 0; i < buckets; ++i) count += field(fields, i);
  const Integer least{field(fields, buckets), desc.is_signed}, greatest{field(fields, buckets + 1), desc.is_signed};
  Record record;
  record.members.push_back({"count", {Integer{count, false}}});
  record.members.push_back({"min", {least}});
  Value inner = percentiles(desc, fields);
  if (auto* between = std::get_if<Record>(&inner.data))
    for (Member& member : between->members) record.members.push_back(std::move(member));
  record.members.push_back({"max", {greatest}});
  return {std::move(record)};
}

}  // namespace

Value percentiles(const image::AggDesc& desc, std::span<const uint64_t> fields) {
  const Value shown = [&] {
    image::AggDesc plain_desc = desc;
    // The buckets of quantiles are those of hist.
    if (desc.view == image::View::quantiles) plain_desc.view = image::View::log2;
    return aggregate_value(plain_desc, fields);
  }();
  const auto* histogram = std::get_if<Histogram>(&shown.data);
  if (!histogram || histogram->buckets.empty()) return {Null{}};
  PercentileOptions options;
  if (desc.view == image::View::quantiles) {
    const uint32_t buckets = bucket_count(std::min(desc.bits, kMaxBits));
    options = {.middle = true,
               .least = static_cast<int64_t>(field(fields, buckets)),
               .greatest = static_cast<int64_t>(field(fields, buckets + 1))};
  }
  return {percentile_record(*histogram, options)};
}

Value aggregate_value(const image::AggDesc& desc, std::span<const uint64_t> fields) {
  const uint64_t total = field(fields, 0);
  switch (desc.view) {
    case image::View::scalar: return {Integer{total, desc.is_signed}};
    case image::View::ratio: return {Integer{average(total, field(fields, 1), desc.is_signed), desc.is_signed}};
    case image::View::stats: {
      const uint64_t count = field(fields, 1);
      return {Stats{count, {average(total, count, desc.is_signed), desc.is_signed}, {total, desc.is_signed}}};
    }
    case image::View::log2: {
      const uint32_t bits = std::min(desc.bits, kMaxBits);
      return {histogram(fields, bucket_count(bits), [&](uint32_t i) { return log2_bucket(i, bits); })};
    }
    case image::View::series: return {Series{desc.interval, {}}};
    case image::View::deviation: return {Integer{deviation(desc, fields), false}};
    case image::View::quantiles: return quantiles(desc, fields);
    case image::View::bounded:
      return {histogram(fields, desc.bounds.size() + 1, [&](uint32_t i) { return bounded_bucket(i, desc.bounds); })};
    case image::View::linear: {
      Histogram result = histogram(fields, linear_bucket_count(desc.min, desc.max, desc.step),
                                   [&](uint32_t i) { return linear_bucket(i, desc.min, desc.max, desc.step); });
      result.linear = true;
      return {std::move(result)};
    }
  }
  return {Null{}};
}

MapForm form_of(const image::MapDesc& desc) {
  if (!desc.aggregate) return MapForm::plain;
  switch (desc.aggregate->view) {
    case image::View::scalar: return MapForm::plain;
    case image::View::ratio:
    case image::View::deviation:
    case image::View::stats: return MapForm::stats;
    case image::View::log2:
    case image::View::bounded:
    case image::View::linear: return MapForm::histogram;
    case image::View::quantiles: return MapForm::plain;
    case image::View::series: return MapForm::series;
  }
  return MapForm::plain;
}

void divide(Value& value, int64_t div) {
  if (div == 0 || div == 1) return;
  std::visit(Divide{div}, value.data);
}

uint32_t bucket_of(int64_t n, uint32_t bits) {
  if (n < 0) return 0;
  const auto number = static_cast<uint64_t>(n);
  const uint64_t per_power = uint64_t{1} << bits;
  if (number < 2 * per_power) return static_cast<uint32_t>(number + 1);
  const auto exponent = static_cast<uint32_t>(std::bit_width(number) - 1) - bits;
  return static_cast<uint32_t>(((uint64_t{exponent} + 1) << bits) + (number >> exponent) - per_power + 1);
}

uint32_t bucket_count(uint32_t bits) { return ((64 - bits) << bits) + 1; }

Bucket log2_bucket(uint32_t index, uint32_t bits) {
  Bucket bucket;
  if (index == 0) {
    bucket.header = "(..., 0)";
    bucket.max = Integer{~uint64_t{0}, true};
    return bucket;
  }
  const uint64_t per_power = uint64_t{1} << bits;
  if (index <= 2 * per_power) {
    const uint64_t number = index - 1;
    bucket.header = "[" + plain(number) + "]";
    bucket.min = bucket.max = Integer{number, true};
    return bucket;
  }
  // The upper bound is written as the lower one of the next bucket, whose exponent may already reach the next letter.
  const Boundary low = lower_boundary(index, bits);
  const Boundary high = lower_boundary(index + 1, bits);
  bucket.header = half_open(boundary_text(low), boundary_text(high));
  bucket.min = Integer{low.mantissa << low.exponent, true};
  bucket.max = Integer{(high.mantissa << high.exponent) - 1, true};
  return bucket;
}

uint32_t linear_bucket_of(int64_t n, uint64_t min, uint64_t max, uint64_t step) {
  if (n < 0 || static_cast<uint64_t>(n) < min) return 0;
  const uint64_t number = std::min(static_cast<uint64_t>(n), max);
  return static_cast<uint32_t>(1 + (number - min) / step);
}

uint32_t linear_bucket_count(uint64_t min, uint64_t max, uint64_t step) {
  if (step == 0 || max < min) return 0;
  return static_cast<uint32_t>(2 + (max - min) / step);
}

Bucket linear_bucket(uint32_t index, uint64_t min, uint64_t max, uint64_t step) {
  Bucket bucket;
  if (index == 0) {
    bucket.header = "(..., " + linear_boundary(min, step) + ")";
    bucket.max = Integer{min - 1, min == 0};
    return bucket;
  }
  const uint64_t low = min + (index - 1) * step;
  bucket.min = Integer{low, false};
  if (index + 1 >= linear_bucket_count(min, max, step)) {
    bucket.header = "[" + linear_boundary(low, step) + ", ...)";
    return bucket;
  }
  bucket.max = Integer{low + step - 1, false};
  bucket.header =
      step == 1 ? "[" + plain(low) + "]" : half_open(linear_boundary(low, step), linear_boundary(low + step, step));
  return bucket;
}

}  // namespace sonde::value
