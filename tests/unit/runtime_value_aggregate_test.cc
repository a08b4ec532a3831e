// Bucket arithmetic, labels and bounds of histograms; views of merged cells; print()'s division.
#include <gtest/gtest.h>

#include "runtime/value/aggregate.h"
#include "runtime/value/format.h"

namespace sonde::value {
namespace {

std::string label(int64_t n, uint32_t bits) { return log2_bucket(bucket_of(n, bits), bits).header; }
std::string linear_label(int64_t n, uint64_t min, uint64_t max, uint64_t step) {
  return linear_bucket(linear_bucket_of(n, min, max, step), min, max, step).header;
}
std::string shown(const Value& value) {
  std::string out;
  append_text(out, value);
  return out;
}
constexpr auto kMinus = [](int64_t n) { return static_cast<uint64_t>(n); };

TEST(Hist, LabelsWithoutSubdivision) {
  EXPECT_EQ(label(-1, 0), "(..., 0)");
  EXPECT_EQ(label(INT64_MIN, 0), "(..., 0)");
  EXPECT_EQ(label(0, 0), "[0]");
  EXPECT_EQ(label(1, 0), "[1]");
  EXPECT_EQ(label(2, 0), "[2, 4)");
  EXPECT_EQ(label(5, 0), "[4, 8)");
  EXPECT_EQ(label(9, 0), "[8, 16)");
  EXPECT_EQ(label(1023, 0), "[512, 1K)");
  EXPECT_EQ(label(1024, 0), "[1K, 2K)");
  EXPECT_EQ(label(600 * 1024, 0), "[512K, 1M)");
  EXPECT_EQ(label(int64_t{1} << 40, 0), "[1T, 2T)");
  EXPECT_EQ(label(INT64_MAX, 0), "[4E, 8E)");
}

TEST(Hist, LabelsWithSubdivision) {
  EXPECT_EQ(label(5, 1), "[4, 6)");
  EXPECT_EQ(label(800, 1), "[768, 1024)");
  EXPECT_EQ(label(1500, 1), "[1024, 1536)");
  EXPECT_EQ(label(2000, 1), "[1536, 2K)");
  EXPECT_EQ(label(2048, 1), "[2K, 3K)");
  EXPECT_EQ(label(7, 2), "[7]");
  EXPECT_EQ(label(8, 2), "[8, 10)");
  EXPECT_EQ(label(14, 2), "[14, 16)");
  EXPECT_EQ(label(16, 2), "[16, 20)");
  EXPECT_EQ(label(80, 2), "[80, 96)");
  EXPECT_EQ(label(100, 2), "[96, 112)");
  EXPECT_EQ(label(100, 5), "[100, 102)");
  EXPECT_EQ(label(105, 5), "[104, 106)");
}

TEST(Hist, BoundsEncloseExactlyTheirNumbers) {
  for (uint32_t bits = 0; bits <= 5; ++bits) {
    uint64_t next = 0;
    for (uint32_t i = 1; i < bucket_count(bits); ++i) {
      const Bucket bucket = log2_bucket(i, bits);
      ASSERT_TRUE(bucket.min && bucket.max);
      EXPECT_EQ(bucket.min->bits, next) << "gap below bucket " << i << " of k=" << bits;
      EXPECT_EQ(bucket_of(static_cast<int64_t>(bucket.min->bits), bits), i);
      EXPECT_EQ(bucket_of(static_cast<int64_t>(bucket.max->bits), bits), i);
      next = bucket.max->bits + 1;
    }
    EXPECT_EQ(next, uint64_t{1} << 63) << "k=" << bits;
  }
}

TEST(Hist, NegativeBucketIsOpenBelow) {
  const Bucket bucket = log2_bucket(0, 3);
  EXPECT_FALSE(bucket.min);
  EXPECT_EQ(static_cast<int64_t>(bucket.max->bits), -1);
}

TEST(Lhist, Labels) {
  EXPECT_EQ(linear_label(-5, 0, 10, 2), "(..., 0)");
  EXPECT_EQ(linear_label(3, 0, 10, 2), "[2, 4)");
  EXPECT_EQ(linear_label(9, 0, 10, 2), "[8, 10)");
  EXPECT_EQ(linear_label(10, 0, 10, 2), "[10, ...)");
  EXPECT_EQ(linear_label(50, 0, 10, 2), "[10, ...)");
  EXPECT_EQ(linear_label(5, 0, 10, 1), "[5]");
  EXPECT_EQ(linear_label(10, 0, 10, 1), "[10, ...)");
  EXPECT_EQ(linear_label(4096, 0, 10240, 1024), "[4K, 5K)");
  EXPECT_EQ(linear_label(99999, 0, 10240, 1024), "[10K, ...)");
  EXPECT_EQ(linear_label(0, 0, 10240, 1024), "[0, 1K)");
  EXPECT_EQ(linear_label(4 << 20, 0, 10 << 20, 1 << 20), "[4M, 5M)");
  EXPECT_EQ(linear_label(100000000, 0, 1000000000, 100000000), "[100000000, 200000000)");
  EXPECT_EQ(linear_label(7, 5, 15, 5), "[5, 10)");
  EXPECT_EQ(linear_label(4, 5, 15, 5), "(..., 5)");
}

TEST(Lhist, StepThatDoesNotDivideTheRange) {
  EXPECT_EQ(linear_label(4, 0, 10, 3), "[3, 6)");
  EXPECT_EQ(linear_label(8, 0, 10, 3), "[6, 9)");
  EXPECT_EQ(linear_label(9, 0, 10, 3), "[9, ...)");
  EXPECT_EQ(linear_label(10, 0, 10, 3), "[9, ...)");
}

TEST(Aggregate, Scalars) {
  EXPECT_EQ(shown(aggregate_value({.is_signed = false}, std::vector<uint64_t>{UINT64_MAX})), "18446744073709551615");
  EXPECT_EQ(shown(aggregate_value({.is_signed = true}, std::vector<uint64_t>{kMinus(-5)})), "-5");
  EXPECT_EQ(shown(aggregate_value({}, {})), "0");
}

TEST(Aggregate, AverageTruncatesTowardsZero) {
  const image::AggDesc avg{.view = image::View::ratio, .is_signed = true};
  EXPECT_EQ(shown(aggregate_value(avg, std::vector<uint64_t>{kMinus(-3), 2})), "-1");
  EXPECT_EQ(shown(aggregate_value(avg, std::vector<uint64_t>{11, 2})), "5");
  EXPECT_EQ(shown(aggregate_value(avg, std::vector<uint64_t>{11, 0})), "0");
  EXPECT_EQ(shown(aggregate_value(avg, std::vector<uint64_t>{kMinus(INT64_MIN), UINT64_MAX})), "0");
  const image::AggDesc unsigned_avg{.view = image::View::ratio, .is_signed = false};
  EXPECT_EQ(shown(aggregate_value(unsigned_avg, std::vector<uint64_t>{UINT64_MAX, 1})), "18446744073709551615");
}

TEST(Aggregate, Stats) {
  const image::AggDesc stats{.view = image::View::stats, .is_signed = true};
  EXPECT_EQ(shown(aggregate_value(stats, std::vector<uint64_t>{kMinus(-3), 2})),
            "{ .count = 2, .average = -1, .total = -3 }");
}

TEST(Aggregate, HistogramsAreCutToTheirFilledPart) {
  std::vector<uint64_t> counts(bucket_count(0));
  counts[bucket_of(2, 0)] = 2;
  counts[bucket_of(9, 0)] = 1;
  const Value value = aggregate_value({.view = image::View::log2}, counts);
  const auto& buckets = std::get<Histogram>(value.data).buckets;
  ASSERT_EQ(buckets.size(), 3U);
  EXPECT_EQ(buckets[0].header, "[2, 4)");
  EXPECT_EQ(buckets[1].count, 0U);
  EXPECT_EQ(buckets[2].header, "[8, 16)");
  EXPECT_TRUE(std::get<Histogram>(aggregate_value({.view = image::View::log2}, std::vector<uint64_t>(65)).data)
                  .buckets.empty());
}

TEST(Aggregate, DamagedDescriptorsStayHarmless) {
  const std::vector<uint64_t> counts(4000, 1);
  EXPECT_EQ(std::get<Histogram>(aggregate_value({.view = image::View::log2, .bits = 4000}, counts).data).buckets.size(),
            bucket_count(5));
  EXPECT_TRUE(std::get<Histogram>(aggregate_value({.view = image::View::linear, .min = 5, .max = 1}, counts).data)
                  .buckets.empty());
}

TEST(Aggregate, Forms) {
  image::MapDesc desc;
  EXPECT_EQ(form_of(desc), MapForm::plain);
  desc.aggregate = image::AggDesc{.view = image::View::ratio};
  EXPECT_EQ(form_of(desc), MapForm::stats);
  desc.aggregate->view = image::View::linear;
  EXPECT_EQ(form_of(desc), MapForm::histogram);
  desc.aggregate->view = image::View::scalar;
  EXPECT_EQ(form_of(desc), MapForm::plain);
}

std::string divided(Value value, int64_t div) {
  divide(value, div);
  return shown(value);
}

TEST(Divide, IntegersAtAnyDepth) {
  const Value seven{Integer{7, true, 1}};
  EXPECT_EQ(divided({Integer{100, true, 1}}, 300), "0");
  EXPECT_EQ(divided({Integer{kMinus(-7), true}}, 2), "-3");
  EXPECT_EQ(divided({Integer{UINT64_MAX, false}}, 2), "9223372036854775807");
  EXPECT_EQ(divided(seven, 0), "7");
  EXPECT_EQ(divided({Tuple{{seven, {Array{{seven}}}, {Text{"7"}}, {true}, {Record{{{"a", seven}}}}}}}, 3),
            "(2, [2], 7, true, { .a = 2 })");
  EXPECT_EQ(divided({Enumerator{{8, true, 8}, ""}}, 2), "8");
  EXPECT_EQ(divided({Integer{kMinus(INT64_MIN), true}}, -1), "-9223372036854775808");
}

TEST(Divide, StatsAndHistograms) {
  EXPECT_EQ(divided({Stats{4, {10, true}, {40, true}}}, 5), "{ .count = 4, .average = 2, .total = 40 }");
  Value value{Histogram{{{"[1]", {}, {}, 9}}, false}};
  divide(value, 2);
  EXPECT_EQ(std::get<Histogram>(value.data).buckets[0].count, 4U);
  std::get<Histogram>(value.data).linear = true;
  divide(value, 2);
  EXPECT_EQ(std::get<Histogram>(value.data).buckets[0].count, 4U);
}

}  // namespace
}  // namespace sonde::value
