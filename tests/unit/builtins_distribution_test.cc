// Update hooks and checks of series, deviation, quantiles and log-linear buckets, run on host memory.
#include <gtest/gtest.h>

#include <linux/bpf.h>

#include <algorithm>

#include "fake_environment.h"
#include "interpreting_codegen.h"

namespace sonde::builtins {
namespace {

using testing::FakeEnvironment;
using testing::InterpretingCodegen;
using testing::number;
using testing::of_type;
using testing::text;

class Distributions : public ::testing::Test {
 protected:
  Distributions() { env_.config_["unstable_tseries"] = "enable"; }

  types::TypeRef check(std::string_view name, std::vector<Argument> arguments) {
    CallView view{*find_builtin(name), {}, arguments, env_};
    return view.row.check(view);
  }
  std::string message() const { return env_.diagnostics_.all().empty() ? "" : env_.diagnostics_.all().back().text; }
  Argument literal(int64_t value) { return number(env_.types_, value); }
  types::TypeRef int64() { return env_.types_.integer(8, true); }

  void update(std::vector<uint64_t>& cell, types::TypeRef type, int64_t value, uint64_t now = 0, uint64_t block = 0) {
    const Builtin& row = *find_builtin(type->aggregate);
    cell.resize(row.aggregate(type).cell_size / 8, 0);
    InterpretingCodegen cg;
    cg.type = type;
    cg.arguments = {{.type = int64(), .bits = static_cast<uint64_t>(value), .memory = {}, .described = {}}};
    cg.helpers[BPF_FUNC_ktime_get_boot_ns] = [now](const auto&) { return now; };
    cg.parameters[image::ParameterKind::wall_offset] = 10000;
    if (!row.update_blocks) return row.update(cg, InterpretingCodegen::mem(cell.data()));
    for (uint64_t i = 0; i < 20; ++i) cg.blocks[i] = i == block ? cell.data() : nullptr;
    row.update_blocks(cg);
  }

  FakeEnvironment env_;
};

TEST_F(Distributions, SeriesStartOverInANewInterval) {
  const types::TypeRef type = check("tseries", {of_type(int64()), literal(1000), literal(3), text(env_.types_, "sum")});
  ASSERT_NE(type, nullptr) << message();
  std::vector<uint64_t> cell;
  update(cell, type, 5, 500);  // wall 10500: epoch 10, slot 1
  update(cell, type, 7, 999);
  update(cell, type, 1, 1000);  // epoch 11, slot 2
  EXPECT_EQ(cell, (std::vector<uint64_t>{0, 0, 0, 10, 12, 2, 11, 1, 1}));
  update(cell, type, 2, 3000);  // epoch 13, slot 1 again
  EXPECT_EQ(cell[3], 13U);
  EXPECT_EQ(cell[4], 2U);
  EXPECT_EQ(cell[5], 1U);
}

TEST_F(Distributions, LongSeriesAreKeptInBlocks) {
  const types::TypeRef type = check("tseries", {of_type(int64()), literal(1000), literal(1000000)});
  ASSERT_NE(type, nullptr) << message();
  EXPECT_EQ(find_builtin("tseries")->aggregate(type).intervals, 1000000U);
  std::vector<uint64_t> cell;
  update(cell, type, 5, 32'000, 1);  // epoch 42: slot 10 of block 1
  EXPECT_EQ(cell.size(), 3U * image::kSeriesBlock);
  EXPECT_EQ(cell[30], 42U);
  EXPECT_EQ(cell[31], 5U);
  std::vector<uint64_t> next;
  update(next, type, 6, 1'000'032'000, 1);  // a window later the same slot
  EXPECT_EQ(next[30], 1'000'042U);
}

TEST_F(Distributions, SeriesKeepWhatTheirRuleSays) {
  const auto value_after = [&](const char* rule) {
    std::vector<Argument> arguments = {of_type(int64()), literal(1000), literal(1)};
    if (rule) arguments.push_back(text(env_.types_, rule));
    const types::TypeRef type = check("tseries", arguments);
    std::vector<uint64_t> cell;
    for (const int64_t value : {-3, 8, 1}) update(cell, type, value);
    return static_cast<int64_t>(cell[1]);
  };
  EXPECT_EQ(value_after(nullptr), 1);
  EXPECT_EQ(value_after("min"), -3);
  EXPECT_EQ(value_after("max"), 8);
  EXPECT_EQ(value_after("sum"), 6);
  EXPECT_EQ(value_after("avg"), 6);  // divided when it is shown
}

TEST_F(Distributions, SeriesCheckTheirBounds) {
  const auto refused = [&](std::vector<Argument> arguments) {
    EXPECT_EQ(check("tseries", std::move(arguments)), nullptr);
    return message();
  };
  const Argument n = of_type(int64());
  EXPECT_EQ(refused({n, literal(0), literal(1)}), "tseries() interval_ns must be >= 1 (0 provided)");
  EXPECT_EQ(refused({n, literal(-1), literal(1)}), "tseries: invalid interval_ns value (must be non-negative literal)");
  EXPECT_EQ(refused({n, literal(1), literal(0)}), "tseries() num_intervals must be >= 1 (0 provided)");
  EXPECT_EQ(refused({n, literal(1), of_type(int64())}),
            "tseries: invalid num_intervals value (must be non-negative literal)");
  EXPECT_EQ(refused({n, literal(1), literal(1000001)}), "tseries() num_intervals must be < 1000000 (1000001 provided)");
  EXPECT_EQ(refused({n, literal(1), literal(1), text(env_.types_, "foo")}),
            "tseries() expects one of the following aggregation functions: avg, max, min, sum (\"foo\" provided)");
  env_.config_["unstable_tseries"] = "error";
  EXPECT_TRUE(refused({n, literal(1), literal(1)}).starts_with("tseries feature is not enabled by default."));
}

TEST_F(Distributions, DeviationSumsSquaresInLimbs) {
  const types::TypeRef type = check("stddev", {of_type(int64())});
  std::vector<uint64_t> cell;
  const std::vector<int64_t> values = {3, -5, INT64_MIN, INT64_MAX, int64_t{1} << 40, 0x123456789abcdef};
  unsigned __int128 squares = 0;
  for (const int64_t value : values) {
    update(cell, type, value);
    squares += static_cast<unsigned __int128>(static_cast<__int128>(value) * value);
  }
  unsigned __int128 sum = 0;
  for (size_t limb = 0; limb < 4; ++limb) sum += static_cast<unsigned __int128>(cell[2 + limb]) << (32 * limb);
  EXPECT_TRUE(sum == squares);
  EXPECT_EQ(cell[1], values.size());
}

TEST_F(Distributions, QuantilesKeepExtremes) {
  const types::TypeRef type = check("quantiles", {of_type(int64()), literal(0)});
  std::vector<uint64_t> cell;
  for (const int64_t value : {5, -7, 100}) update(cell, type, value);
  const image::AggDesc desc = find_builtin("quantiles")->aggregate(type);
  EXPECT_EQ(static_cast<int64_t>(cell[desc.fields[1].offset / 8]), -7);
  EXPECT_EQ(static_cast<int64_t>(cell[desc.fields[2].offset / 8]), 100);
  EXPECT_EQ(cell[0], 1U);  // the negative one
  EXPECT_EQ(check("quantiles", {of_type(int64()), literal(6)}), nullptr);
  EXPECT_EQ(message(), "quantiles: invalid bits value, need a literal from 0 to 5");
}

TEST_F(Distributions, LogLinearBucketsAgreeWithTheirBounds) {
  const types::TypeRef type = check("llquantize", {of_type(int64()), literal(10), literal(0), literal(3), literal(20)});
  ASSERT_NE(type, nullptr) << message();
  const image::AggDesc desc = find_builtin("llquantize")->aggregate(type);
  EXPECT_EQ(desc.fields[0].count, desc.bounds.size() + 1);
  EXPECT_TRUE(std::ranges::is_sorted(desc.bounds));
  EXPECT_EQ(desc.bounds.front(), 1U);
  EXPECT_EQ(desc.bounds.back(), 10000U);
  for (const int64_t value :
       {-5L, 0L, 1L, 2L, 9L, 10L, 14L, 15L, 99L, 100L, 149L, 150L, 999L, 1000L, 9999L, 10000L, 1L << 62}) {
    std::vector<uint64_t> cell;
    update(cell, type, value);
    const auto hit = std::ranges::find(cell, 1U) - cell.begin();
    const auto wanted =
        value < 0 ? 0 : std::ranges::upper_bound(desc.bounds, static_cast<uint64_t>(value)) - desc.bounds.begin();
    EXPECT_EQ(hit, wanted) << value;
  }
}

TEST_F(Distributions, LogLinearChecksItsBounds) {
  const auto refused = [&](int64_t factor, int64_t low, int64_t high, int64_t steps) {
    EXPECT_EQ(check("llquantize", {of_type(int64()), literal(factor), literal(low), literal(high), literal(steps)}),
              nullptr);
    return message();
  };
  EXPECT_EQ(refused(1, 0, 3, 10),
            "llquantize() needs a factor of 2 or more, at least one step, and low not above high");
  EXPECT_EQ(refused(10, 4, 3, 10),
            "llquantize() needs a factor of 2 or more, at least one step, and low not above high");
  EXPECT_EQ(refused(10, 0, 18, 10), "llquantize() values must fit in 63 bits (10 to the power of 19 does not)");
  EXPECT_EQ(refused(10, 0, 6, 1000), "llquantize() too many buckets, must be <= 1000 (would need 4600)");
  EXPECT_EQ(refused(10, -1, 6, 10), "llquantize: invalid low value (must be non-negative literal)");
}

}  // namespace
}  // namespace sonde::builtins
