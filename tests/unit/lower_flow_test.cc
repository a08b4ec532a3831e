// Control flow: conditions, loops of every kind, jumps out of them, and what outer variables they change.
#include "lower_harness.h"

namespace sonde::lower::test {
namespace {

using sema::BinaryOp;
using sema::JumpKind;

struct LowerFlow : testing::Test {
  Script s;
  sema::Program* program = &s.raw();
  sema::Variable* sum = s.variable(*program, "$sum", s.u64());
  sema::Variable* i = s.variable(*program, "$i", s.u64());
  sema::Variable* j = s.variable(*program, "$j", s.u64());

  const Stmt* add(const Expr* value) { return s.assign(sum, s.binary(BinaryOp::add, s.read(sum), value)); }
  const Stmt* give_back() { return s.jump(JumpKind::return_jump, s.read(sum)); }
  const Expr* equal(const Expr* left, uint64_t right) { return s.binary(BinaryOp::eq, left, s.number(right)); }
  uint32_t run(std::vector<const Stmt*> body, std::vector<uint64_t> words = {}) {
    body.insert(body.begin(), s.declare(sum));
    program->body.statements = std::move(body);
    image = s.lower();
    kernel = std::make_unique<Loaded>(image);
    return kernel->run(words);
  }
  image::Image image;
  std::unique_ptr<Loaded> kernel;
};

TEST_F(LowerFlow, ARangeSumsItsValues) {
  EXPECT_EQ(run({s.for_range(i, s.number(3), s.number(10), {add(s.read(i))}), give_back()}), 42u);
}

TEST_F(LowerFlow, ARangeWithVariableEnds) {
  EXPECT_EQ(run({s.for_range(i, s.arg(0), s.arg(1), {add(s.read(i))}), give_back()}, {3, 10}), 42u);
  EXPECT_EQ(kernel->run({10, 3}), 0u);
}

TEST_F(LowerFlow, ASignedRangeStartsBelowZero) {
  sema::Variable* k = s.variable(*program, "$k", s.i64());
  EXPECT_EQ(run({s.for_range(k, s.number(static_cast<uint64_t>(-2), s.i64()), s.number(5, s.i64()),
                             {add(s.cast(sema::CastKind::integer, s.read(k), s.u64()))}),
                 give_back()}),
            7u);
}

TEST_F(LowerFlow, AMillionTurns) {
  EXPECT_EQ(run({s.for_range(i, s.number(0), s.number(1000000), {add(s.number(1))}), give_back()}), 1000000u);
}

TEST_F(LowerFlow, NestedLoopsSeeAllOuterVariables) {
  EXPECT_EQ(
      run({s.for_range(i, s.number(0), s.number(10),
                       {s.for_range(j, s.number(0), s.arg(0), {add(s.binary(BinaryOp::mul, s.read(i), s.read(j)))})}),
           give_back()},
          {5}),
      450u);
}

TEST_F(LowerFlow, BreakContinueAndReturn) {
  EXPECT_EQ(run({s.for_range(i, s.number(0), s.number(100),
                             {s.if_then(equal(s.read(i), 3), {s.jump(JumpKind::continue_jump)}),
                              s.if_then(equal(s.read(i), 6), {s.jump(JumpKind::break_jump)}),
                              s.for_range(j, s.number(0), s.number(10),
                                          {s.if_then(s.binary(BinaryOp::eq, s.read(i), s.arg(0)),
                                                     {s.jump(JumpKind::return_jump, s.number(777))})}),
                              add(s.read(i))}),
                 give_back()},
                {50}),
            12u);
  EXPECT_EQ(kernel->run({4}), 777u);
}

TEST_F(LowerFlow, WhileStopsWhenItsConditionFails) {
  EXPECT_EQ(run({s.while_loop(s.binary(BinaryOp::lt, s.read(sum), s.arg(0)), {add(s.number(3))}), give_back()}, {10}),
            12u);
}

TEST_F(LowerFlow, AnEndlessWhileIsStoppedAndCounted) {
  EXPECT_EQ(run({s.while_loop(s.binary(BinaryOp::ne, s.read(sum), s.number(1)), {add(s.number(2))}), give_back()}),
            2u << 23);
  ASSERT_EQ(image.error_sites.size(), 1u);
  EXPECT_EQ(image.error_sites[0].kind, image::ErrorKind::loop_limit);
  EXPECT_EQ(kernel->errors(), 1);
}

TEST_F(LowerFlow, LoopsReadTheContext) {
  EXPECT_EQ(run({s.while_loop(s.binary(BinaryOp::lt, s.read(sum), s.arg(0)), {add(s.arg(1))}), give_back()}, {10, 4}),
            12u);
}

TEST_F(LowerFlow, UnrollCopiesItsBody) {
  EXPECT_EQ(
      run({s.unroll(5, {s.declare(i), s.assign(i, s.binary(BinaryOp::add, s.read(i), s.number(2))), add(s.read(i))}),
           give_back()}),
      10u);
}

TEST_F(LowerFlow, MapLoopsSeeEveryEntry) {
  sema::Map* map = s.map("@m", s.u64(), s.u64());
  sema::Variable* pair = s.variable(*program, "$kv", s.types.tuple({s.u64(), s.u64()}));
  EXPECT_EQ(
      run({s.for_range(i, s.number(0), s.number(10),
                       {s.assign(map, s.read(i), s.binary(BinaryOp::mul, s.read(i), s.number(10)))}),
           s.for_map(pair, map, {add(s.element(s.read(pair), 0)), add(s.element(s.read(pair), 1))}), give_back()}),
      495u);
}

TEST_F(LowerFlow, MapLoopsOverAggregationsReadTheirNumber) {
  sema::Map* map = s.map("@m", s.types.string(16), s.types.aggregate("count", false));
  sema::Variable* pair = s.variable(*program, "$kv", s.types.tuple({s.types.string(16), s.u64()}));
  const Expr* key = s.call("comm", {}, s.types.string(16));
  EXPECT_EQ(run({s.aggregate(map, key, s.call("count")), s.aggregate(map, s.text("other", 16), s.call("count")),
                 s.aggregate(map, key, s.call("count")), s.for_map(pair, map, {add(s.element(s.read(pair), 1))}),
                 give_back()}),
            3u);
}

TEST_F(LowerFlow, OnlyInnerBodiesUseScratch) {
  sema::Map* map = s.map("@n", s.types.tuple(std::vector<TypeRef>(3, s.u64())), s.types.aggregate("count", false));
  sema::Variable* k = s.variable(*program, "$k", s.u64());
  const Stmt* count = s.aggregate(map, s.tuple({s.read(i), s.read(j), s.read(k)}), s.call("count"));
  run({s.for_range(i, s.number(0), s.number(2),
                   {s.for_range(j, s.number(0), s.number(3), {s.for_range(k, s.number(0), s.number(4), {count})})})});
  EXPECT_EQ(kernel->entries("m_n"), 24u);
}

TEST_F(LowerFlow, LogicalOperatorsShortCircuit) {
  sema::Map* map = s.map("@hits", nullptr, s.i64());
  auto* hit = s.expr<sema::Increment>(s.i64());
  hit->map = map;
  const Expr* counted = s.cast(sema::CastKind::to_bool, hit, s.types.boolean());
  EXPECT_EQ(run({s.if_then(s.logical(true, equal(s.arg(0), 1), counted), {add(s.number(1))}),
                 s.if_then(s.logical(false, equal(s.arg(0), 1), counted), {add(s.number(2))}), give_back()},
                {1}),
            2u);
  EXPECT_EQ(kernel->scalar("m_hits"), 1);
}

TEST_F(LowerFlow, DivisionByZeroGivesOneAndIsCounted) {
  EXPECT_EQ(run({add(s.binary(BinaryOp::div, s.arg(0), s.arg(1))), add(s.binary(BinaryOp::mod, s.arg(0), s.arg(1))),
                 give_back()},
                {17, 5}),
            5u);
  EXPECT_EQ(kernel->run({17, 0}), 2u);
  EXPECT_EQ(image.error_sites.size(), 2u);
  EXPECT_EQ(kernel->errors(), 2);
}

TEST_F(LowerFlow, LargeVariablesInLoopsLiveInScratch) {
  const TypeRef big = s.types.string(512);
  sema::Variable* text = s.variable(*program, "$t", big);
  EXPECT_EQ(run({s.declare(text), s.assign(text, s.text("first", 512)),
                 s.for_range(i, s.number(0), s.number(4),
                             {s.if_then(s.binary(BinaryOp::eq, s.read(text), s.text("first")), {add(s.number(1))}),
                              s.if_then(equal(s.read(i), 1), {s.assign(text, s.text("second", 512))})}),
                 give_back()}),
            2u);
  EXPECT_EQ(kernel->run({}), 2u);  // the slot was given back
}

}  // namespace
}  // namespace sonde::lower::test
