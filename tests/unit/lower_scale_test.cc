// Large scripts: compile time grows with their size and not faster, and the kernel takes the result.
#include <chrono>

#include "lower_harness.h"

namespace sonde::lower::test {
namespace {

using sema::BinaryOp;

double milliseconds(Script& script) {
  plan::Plan plan = plan::make_plan(script.program, script.config, script.sources, {false, "x86_64", "test"});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(lower(script.program, plan, script.sources, {}));
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - begin;
  return spent.count();
}

void many_probes(Script& s, size_t count) {
  const TypeRef comm = s.types.string(16);
  sema::Map* map = s.map("@", comm, s.types.aggregate("count", false));
  for (size_t i = 0; i < count; ++i)
    s.raw("probe" + std::to_string(i)).body.statements = {s.aggregate(map, s.call("comm", {}, comm), s.call("count"))};
}

void many_assignments(Script& s, size_t count) {
  sema::Map* map = s.map("@m", s.u64(), s.u64());
  sema::Program& program = s.raw();
  for (size_t i = 0; i < count; ++i)
    program.body.statements.push_back(s.assign(map, s.number(i % 64), s.binary(BinaryOp::add, s.arg(0), s.number(i))));
}

template <typename Fill>
double growth(Fill fill, size_t count) {
  Script warm, small, large;
  fill(warm, 1);
  milliseconds(warm);
  fill(small, count / 4);
  fill(large, count);
  const double one = milliseconds(small);
  const double all = milliseconds(large);
  testing::Test::RecordProperty("milliseconds", std::to_string(all));
  return all / one;
}

TEST(LowerScale, FiveHundredProbesCostFourTimesAHundredAndTwentyFive) { EXPECT_LT(growth(many_probes, 500), 8.0); }

TEST(LowerScale, TwoThousandAssignmentsCostFourTimesFiveHundred) { EXPECT_LT(growth(many_assignments, 2000), 8.0); }

TEST(LowerScale, TheKernelTakesTwoThousandAssignments) {
  Script s;
  many_assignments(s, 2000);
  const image::Image image = s.lower();
  Loaded kernel(image);
  kernel.run({5});
  EXPECT_EQ(kernel.entries("m_m"), 64u);
}

}  // namespace
}  // namespace sonde::lower::test
