// Update hooks of the aggregations, run on host memory against a direct reading of the bucket rules.
#include <gtest/gtest.h>

#include <random>

#include "fake_environment.h"
#include "interpreting_codegen.h"

namespace sonde::builtins {
namespace {

using testing::FakeEnvironment;
using testing::InterpretingCodegen;
using testing::number;
using testing::of_type;

class Aggregates : public ::testing::Test {
 protected:
  types::TypeRef check(std::string_view name, std::vector<Argument> arguments) {
    CallView view{*find_builtin(name), {}, arguments, env_};
    return view.row.check(view);
  }
  std::string message() const { return env_.diagnostics_.all().empty() ? "" : env_.diagnostics_.all().back().text; }

  // A cell of `type` after `values`.
  std::vector<uint64_t> cell_after(types::TypeRef type, const std::vector<int64_t>& values, types::TypeRef value_type) {
    const Builtin& row = *find_builtin(type->aggregate);
    std::vector<uint64_t> cell(row.aggregate(type).cell_size / 8, 0);
    for (int64_t value : values) {
      InterpretingCodegen cg;
      cg.type = type;
      cg.arguments = {{.type = value_type, .bits = static_cast<uint64_t>(value)}};
      row.update(cg, InterpretingCodegen::mem(cell.data()));
    }
    return cell;
  }
  size_t bucket_hit(types::TypeRef type, int64_t value, types::TypeRef value_type) {
    const std::vector<uint64_t> cell = cell_after(type, {value}, value_type);
    const auto hit = std::find(cell.begin(), cell.end(), 1);
    EXPECT_EQ(std::count(cell.begin(), cell.end(), 0), static_cast<long>(cell.size()) - 1);
    return static_cast<size_t>(hit - cell.begin());
  }
  types::TypeRef int64() { return env_.types_.integer(8, true); }
  types::TypeRef uint64() { return env_.types_.integer(8, false); }

  FakeEnvironment env_;
};

// The rule in words: one bucket per value below 2N, then every power of two is split into N equal ranges.
size_t log2_bucket(int64_t n, uint32_t bits) {
  if (n < 0) return 0;
  const uint64_t value = static_cast<uint64_t>(n), split = uint64_t{1} << bits;
  if (value < 2 * split) return value + 1;
  size_t index = 2 * split + 1;
  for (uint32_t power = bits + 1;; ++power) {
    for (uint64_t part = 0; part < split; ++part, ++index) {
      const uint64_t low = (uint64_t{1} << power) + part * (uint64_t{1} << (power - bits));
      if (value >= low && value - low < (uint64_t{1} << (power - bits))) return index;
    }
  }
}

TEST_F(Aggregates, HistPutsEveryValueInItsBucket) {
  std::mt19937_64 random(5);
  for (uint32_t bits = 0; bits <= 5; ++bits) {
    const types::TypeRef type = check("hist", {number(env_.types_, 1), number(env_.types_, bits)});
    ASSERT_NE(type, nullptr);
    std::vector<int64_t> values = {0, 1, 2, 3, 5, 100, 105, 1500, INT64_MAX, INT64_MIN, -1, INT64_MAX - 1};
    for (int power = 0; power < 63; ++power)
      for (int64_t around = -1; around <= 1; ++around) values.push_back((int64_t{1} << power) + around);
    for (int i = 0; i < 300; ++i) values.push_back(static_cast<int64_t>(random() >> (random() % 64)));
    for (int64_t value : values)
      EXPECT_EQ(bucket_hit(type, value, int64()), log2_bucket(value, bits)) << value << " with " << bits << " bits";
  }
}

TEST_F(Aggregates, HistHoldsTheGreatestValueInItsLastBucket) {
  const types::TypeRef type = check("hist", {number(env_.types_, 1)});
  const image::AggDesc desc = find_builtin("hist")->aggregate(type);
  EXPECT_EQ(desc.fields.at(0).count, 65u);
  EXPECT_EQ(bucket_hit(type, INT64_MAX, int64()), 64u);
  EXPECT_EQ(bucket_hit(type, static_cast<int64_t>(1ull << 63), uint64()), 0u);
}

TEST_F(Aggregates, LhistCutsAtBothEnds) {
  auto lhist = [&](int64_t min, int64_t max, int64_t step) {
    return check("lhist", {number(env_.types_, 1), number(env_.types_, min), number(env_.types_, max),
                           number(env_.types_, step)});
  };
  const types::TypeRef even = lhist(0, 100, 10);
  EXPECT_EQ(bucket_hit(even, -1, int64()), 0u);
  EXPECT_EQ(bucket_hit(even, 0, int64()), 1u);
  EXPECT_EQ(bucket_hit(even, 37, int64()), 4u);
  EXPECT_EQ(bucket_hit(even, 99, int64()), 10u);
  EXPECT_EQ(bucket_hit(even, 100, int64()), 11u);
  EXPECT_EQ(bucket_hit(even, INT64_MAX, int64()), 11u);
  EXPECT_EQ(bucket_hit(even, -1, uint64()), 11u);  // 2^64 - 1
  const types::TypeRef odd = lhist(5, 25, 8);
  EXPECT_EQ(find_builtin("lhist")->aggregate(odd).fields.at(0).count, 4u);
  EXPECT_EQ(bucket_hit(odd, 4, int64()), 0u);
  EXPECT_EQ(bucket_hit(odd, 20, int64()), 2u);
  EXPECT_EQ(bucket_hit(odd, 21, int64()), 3u);
  EXPECT_EQ(bucket_hit(odd, 26, int64()), 3u);
}

TEST_F(Aggregates, CellsHoldTotalsExtremesAndMarks) {
  const types::TypeRef value = int64();
  auto& types = env_.types_;
  using Cell = std::vector<uint64_t>;
  EXPECT_EQ(cell_after(types.aggregate("count", false), {1, 1, 1}, value), Cell{3});
  EXPECT_EQ(cell_after(types.aggregate("sum", true), {5, -1}, value), (Cell{4, 1}));
  EXPECT_EQ(cell_after(types.aggregate("sum", true), {0}, value), (Cell{0, 1}));
  EXPECT_EQ(cell_after(types.aggregate("avg", true), {3, 8}, value), (Cell{11, 2}));
  EXPECT_EQ(cell_after(types.aggregate("stats", true), {4, 9}, value), (Cell{13, 2}));
  EXPECT_EQ(cell_after(types.aggregate("max", true), {-5, -9}, value), (Cell{static_cast<uint64_t>(-5), 1}));
  EXPECT_EQ(cell_after(types.aggregate("min", true), {4, -2, 7}, value), (Cell{static_cast<uint64_t>(-2), 1}));
  EXPECT_EQ(cell_after(types.aggregate("min", false), {4, -2, 7}, uint64()), (Cell{4, 1}));
  EXPECT_EQ(cell_after(types.aggregate("max", false), {4, -2, 7}, uint64()), (Cell{static_cast<uint64_t>(-2), 1}));
}

TEST_F(Aggregates, SignFollowsTheArgument) {
  EXPECT_EQ(types::printed(check("sum", {number(env_.types_, 5)})), "sum_t");
  EXPECT_EQ(types::printed(check("sum", {of_type(uint64())})), "usum_t");
  EXPECT_EQ(types::printed(check("max", {of_type(env_.types_.aggregate("count", false))})), "umax_t");
  EXPECT_EQ(check("avg", {of_type(env_.types_.string(2))}), nullptr);
  EXPECT_EQ(message(), "avg() only supports integer arguments (string[2] provided)");
}

TEST_F(Aggregates, HistogramsCheckTheirBounds) {
  auto& types = env_.types_;
  EXPECT_EQ(check("hist", {number(types, 1), number(types, 6)}), nullptr);
  EXPECT_EQ(message(), "hist: bits 6 must be 0..5");
  const auto refused = [&](Argument min, Argument max, Argument step) {
    EXPECT_EQ(check("lhist", {number(types, 1), min, max, step}), nullptr);
    return message();
  };
  EXPECT_EQ(refused(number(types, 0), number(types, 10), number(types, 0)), "lhist() step must be >= 1 (0 provided)");
  EXPECT_EQ(refused(number(types, 10), number(types, 0), number(types, 1)),
            "lhist() min must be less than max (provided min 10 and max 0)");
  EXPECT_EQ(refused(number(types, 0), number(types, 10), number(types, 20)),
            "lhist() step is too large for the given range (provided step 20 for range 10)");
  EXPECT_EQ(refused(number(types, 0), number(types, 1001), number(types, 1)),
            "lhist() too many buckets, must be <= 1000 (would need 1001)");
  EXPECT_EQ(refused(number(types, -1), number(types, 10), number(types, 1)),
            "lhist: invalid min value (must be non-negative literal)");
  EXPECT_EQ(refused(number(types, 0), of_type(int64()), number(types, 1)),
            "lhist: invalid max value (must be non-negative literal)");
  EXPECT_EQ(refused(number(types, 0), number(types, 10), of_type(int64())), "lhist: invalid step value");
}

}  // namespace
}  // namespace sonde::builtins
