// Percentiles against the sorted values that filled the buckets.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "runtime/value/aggregate.h"
#include "runtime/value/format.h"
#include "runtime/value/percentile.h"

namespace sonde::value {
namespace {

std::string shown(const Value& value) {
  std::string text;
  append_text(text, value);
  return text;
}

TEST(Percentile, OneBucketPerValueIsExact) {
  Histogram histogram;
  for (uint64_t i = 1; i <= 100; ++i) histogram.buckets.push_back({"", Integer{i, true}, Integer{i, true}, 1});
  EXPECT_EQ(percentile(histogram, 500, {}), 50);
  EXPECT_EQ(percentile(histogram, 900, {}), 90);
  EXPECT_EQ(percentile(histogram, 990, {}), 99);
  EXPECT_EQ(percentile(histogram, 999, {}), 100);
  EXPECT_EQ(percentile({}, 500, {}), 0);
}

TEST(Percentile, OpenEndsStandForTheirOtherEnd) {
  const Histogram below{{{"", std::nullopt, Integer{static_cast<uint64_t>(-1), true}, 5}}, false};
  EXPECT_EQ(percentile(below, 500, {}), -1);
  const Histogram above{{{"", Integer{10, false}, std::nullopt, 5}}, false};
  EXPECT_EQ(percentile(above, 500, {}), 10);
}

TEST(Percentile, ValuesAreSpreadOverTheirBucket) {
  const Histogram histogram{{{"", Integer{0, true}, Integer{99, true}, 100}}, false};
  EXPECT_EQ(percentile(histogram, 500, {}), 49);
  EXPECT_EQ(percentile(histogram, 990, {}), 98);
  EXPECT_EQ(percentile(histogram, 500, {.middle = true}), 49);
  EXPECT_EQ(percentile(histogram, 990, {.middle = true, .greatest = 40}), 40);
}

// The promise of quantiles(): relative error at most 1 / 2^(bits + 1), here against 20,000 values of any magnitude.
TEST(Percentile, QuantilesKeepTheirErrorBound) {
  std::mt19937_64 random(11);
  for (uint32_t bits = 0; bits <= 5; ++bits) {
    std::vector<int64_t> values;
    for (int i = 0; i < 20000; ++i) values.push_back(static_cast<int64_t>(random() >> (random() % 60 + 1)));
    std::ranges::sort(values);
    image::AggDesc desc;
    desc.view = image::View::quantiles;
    desc.bits = bits;
    desc.is_signed = true;
    std::vector<uint64_t> fields(bucket_count(bits) + 2, 0);
    for (const int64_t value : values) ++fields[bucket_of(value, bits)];
    fields[bucket_count(bits)] = static_cast<uint64_t>(values.front());
    fields[bucket_count(bits) + 1] = static_cast<uint64_t>(values.back());
    const Value made = percentiles(desc, fields);
    const auto& record = std::get<Record>(made.data);
    const double shares[] = {0.5, 0.9, 0.99, 0.999};
    for (size_t i = 0; i < 4; ++i) {
      const auto rank = static_cast<size_t>(std::ceil(shares[i] * static_cast<double>(values.size()))) - 1;
      const auto exact = static_cast<double>(values[rank]);
      const auto found =
          static_cast<double>(static_cast<int64_t>(std::get<Integer>(record.members[i].value.data).bits));
      EXPECT_LE(std::abs(found - exact), exact / std::pow(2, bits + 1) + 1e-9)
          << record.members[i].name << " bits " << bits;
    }
  }
}

TEST(Percentile, QuantilesShowCountAndExtremes) {
  image::AggDesc desc;
  desc.view = image::View::quantiles;
  desc.bits = 5;
  desc.is_signed = true;
  std::vector<uint64_t> fields(bucket_count(5) + 2, 0);
  for (int64_t value = 1; value <= 10; ++value) ++fields[bucket_of(value, 5)];
  fields[bucket_count(5)] = 1;
  fields[bucket_count(5) + 1] = 10;
  EXPECT_EQ(shown(aggregate_value(desc, fields)),
            "{ .count = 10, .min = 1, .p50 = 5, .p90 = 9, .p99 = 10, .p99.9 = 10, .max = 10 }");
  EXPECT_TRUE(std::holds_alternative<Null>(percentiles({.view = image::View::scalar}, {}).data));
}

TEST(Deviation, IsThatOfAllValues) {
  image::AggDesc desc;
  desc.view = image::View::deviation;
  desc.is_signed = true;
  const auto fields = [](const std::vector<int64_t>& values) {
    std::vector<uint64_t> cell(6, 0);
    for (const int64_t value : values) {
      cell[0] += static_cast<uint64_t>(value);
      ++cell[1];
      const auto square = static_cast<unsigned __int128>(static_cast<__int128>(value) * value);
      for (size_t limb = 0; limb < 4; ++limb) cell[2 + limb] += static_cast<uint32_t>(square >> (32 * limb));
    }
    return cell;
  };
  EXPECT_EQ(shown(aggregate_value(desc, fields({2, 4, 4, 4, 5, 5, 7, 9}))), "2");
  EXPECT_EQ(shown(aggregate_value(desc, fields({-10, 10}))), "10");
  EXPECT_EQ(shown(aggregate_value(desc, fields({7, 7, 7}))), "0");
  EXPECT_EQ(shown(aggregate_value(desc, fields({}))), "0");
  // Squares far beyond 64 bits.
  EXPECT_EQ(shown(aggregate_value(desc, fields({-4000000000000000000, 4000000000000000000}))), "4000000000000000000");
}

TEST(Bounded, BucketsLieBetweenTheBounds) {
  image::AggDesc desc;
  desc.view = image::View::bounded;
  desc.bounds = {1, 2, 10, 100};
  const Value value = aggregate_value(desc, std::vector<uint64_t>{3, 1, 2, 0, 4});
  const auto& buckets = std::get<Histogram>(value.data).buckets;
  ASSERT_EQ(buckets.size(), 5U);
  EXPECT_EQ(buckets[0].header, "(..., 1)");
  EXPECT_EQ(buckets[1].header, "[1]");
  EXPECT_EQ(buckets[2].header, "[2, 10)");
  EXPECT_EQ(buckets[2].max->bits, 9U);
  EXPECT_EQ(buckets[4].header, "[100, ...)");
  EXPECT_FALSE(buckets[4].max);
}

}  // namespace
}  // namespace sonde::value
