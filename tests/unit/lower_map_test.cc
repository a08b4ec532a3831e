// Maps and aggregations: storage, atomic changes, merged reads, errors.
#include <thread>

#include "lower_harness.h"

namespace sonde::lower::test {
namespace {

using sema::BinaryOp;
using sema::JumpKind;

// Lowers the program, loads it, and runs it once per context.
struct Ran {
  Ran(Script& script, std::vector<std::vector<uint64_t>> contexts) : image(script.lower()), kernel(image) {
    for (auto& words : contexts) result = kernel.run(words);
  }
  image::Image image;
  Loaded kernel;
  uint32_t result = 0;
};

TEST(LowerMap, ScalarAssignmentSetsTheFlag) {
  Script s;
  sema::Map* map = s.map("@x", nullptr, s.u64());
  s.raw().body.statements = {s.assign(map, nullptr, s.binary(BinaryOp::add, s.read(map), s.arg(0)))};
  Ran ran(s, {});
  const uint32_t flag = *ran.image.maps[0].written_flag_offset;
  EXPECT_EQ(ran.kernel.scalar("m_x", flag), 0);
  ran.kernel.run({5});
  ran.kernel.run({6});
  EXPECT_EQ(ran.kernel.scalar("m_x"), 11);
  EXPECT_EQ(ran.kernel.scalar("m_x", flag), 1);
}

TEST(LowerMap, KeyedAssignmentAndRead) {
  Script s;
  sema::Map* map = s.map("@x", s.u64(), s.u64());
  s.raw().body.statements = {s.assign(map, s.arg(0), s.binary(BinaryOp::add, s.read(map, s.arg(0)), s.number(7))),
                             s.jump(JumpKind::return_jump, s.read(map, s.arg(1)))};
  Ran ran(s, {{1, 9}});
  EXPECT_EQ(ran.result, 0u);
  EXPECT_EQ(ran.kernel.run({1, 1}), 14u);
}

TEST(LowerMap, IncrementsAreNeverLost) {
  Script s;
  sema::Map* scalar = s.map("@n", nullptr, s.i64());
  sema::Map* keyed = s.map("@k", s.u64(), s.i64());
  sema::Program& program = s.raw();
  sema::Variable* i = s.variable(program, "$i", s.u64());
  program.body.statements = {s.for_range(i, s.number(0), s.number(20000),
                                         {s.increment(scalar, nullptr), s.increment(keyed, s.arg(0)),
                                          s.update(keyed, s.arg(0), BinaryOp::add, s.number(2))})};
  Ran ran(s, {});
  ASSERT_TRUE(ran.kernel.ok());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&] { ran.kernel.run({3}); });
  for (std::thread& thread : threads) thread.join();
  const uint64_t key = 3;
  EXPECT_EQ(ran.kernel.scalar("m_n"), 80000);
  EXPECT_EQ(ran.kernel.word("m_k", &key), 240000);
}

TEST(LowerMap, IncrementGivesOldOrNewValue) {
  Script s;
  sema::Map* map = s.map("@n", s.u64(), s.i64());
  auto* post = s.expr<sema::Increment>(s.i64());
  post->map = map;
  post->key = s.number(1);
  auto* pre = s.expr<sema::Increment>(s.i64());
  pre->map = map;
  pre->key = s.number(1);
  pre->prefix = true;
  pre->increment = false;
  s.raw().body.statements = {
      s.jump(JumpKind::return_jump, s.binary(BinaryOp::add, s.binary(BinaryOp::mul, post, s.number(100)), pre))};
  Ran ran(s, {{}});
  EXPECT_EQ(ran.result, 0u);  // 0 * 100 + 0
}

TEST(LowerMap, BitOperationsAreAtomicUpdates) {
  Script s;
  sema::Map* map = s.map("@b", nullptr, s.u64());
  s.raw().body.statements = {s.update(map, nullptr, BinaryOp::bit_or, s.number(0xff)),
                             s.update(map, nullptr, BinaryOp::bit_and, s.number(0x3c)),
                             s.update(map, nullptr, BinaryOp::bit_xor, s.number(0x0f)),
                             s.update(map, nullptr, BinaryOp::sub, s.number(1))};
  Ran ran(s, {{}});
  EXPECT_EQ(ran.kernel.scalar("m_b"), (0x3c ^ 0x0f) - 1);
}

TEST(LowerMap, AFullMapIsCountedWhereItHappened) {
  Script s;
  sema::Map* map = s.map("@x", s.u64(), s.u64());
  map->declared_kind = "hash";
  map->declared_entries = 2;
  sema::Map* counts = s.map("@c", s.u64(), s.types.aggregate("count", false));
  counts->declared_kind = "percpuhash";
  counts->declared_entries = 2;
  s.raw().body.statements = {s.assign(map, s.arg(0), s.number(1)), s.aggregate(counts, s.arg(0), s.call("count"))};
  Ran ran(s, {{1}, {2}, {3}, {4}, {1}});
  ASSERT_EQ(ran.image.error_sites.size(), 2u);
  EXPECT_EQ(ran.image.error_sites[0].kind, image::ErrorKind::map_full);
  EXPECT_EQ(ran.image.error_sites[0].helper, "map_update_elem");
  EXPECT_EQ(ran.image.maps[ran.image.error_sites[1].map.value].name, "@c");
  EXPECT_EQ(ran.kernel.errors(), 4);
  const uint32_t site = 0;
  EXPECT_EQ(ran.kernel.word(image::kErrorMap, &site, 8) % -E2BIG, 0);
}

TEST(LowerMap, AggregationsMergeOverCpus) {
  Script s;
  const TypeRef number = s.u64();
  sema::Map* count = s.map("@count", nullptr, s.types.aggregate("count", false));
  sema::Map* sum = s.map("@sum", s.u64(), s.types.aggregate("sum", true));
  sema::Map* least = s.map("@min", s.u64(), s.types.aggregate("min", true));
  sema::Map* most = s.map("@max", nullptr, s.types.aggregate("max", false));
  sema::Map* mean = s.map("@avg", s.u64(), s.types.aggregate("avg", true));
  sema::Map* out = s.map("@out", s.u64(), s.u64());
  const Expr* value = s.cast(sema::CastKind::integer, s.arg(0), s.i64());
  s.raw("update").body.statements = {
      s.aggregate(count, nullptr, s.call("count")), s.aggregate(sum, s.number(1), s.call("sum", {value})),
      s.aggregate(least, s.number(1), s.call("min", {value})), s.aggregate(most, nullptr, s.call("max", {s.arg(1)})),
      s.aggregate(mean, s.number(1), s.call("avg", {value}))};
  s.raw("read").body.statements = {s.assign(out, s.number(0), s.read(count)),
                                   s.assign(out, s.number(1), s.read(sum, s.number(1))),
                                   s.assign(out, s.number(2), s.read(least, s.number(1))),
                                   s.assign(out, s.number(3), s.read(most)),
                                   s.assign(out, s.number(4), s.read(mean, s.number(1))),
                                   s.assign(out, s.number(5), s.read(mean, s.number(2)))};
  Ran ran(s, {});
  (void)number;
  ASSERT_TRUE(ran.kernel.ok());
  std::vector<std::thread> threads;
  for (int cpu = 0; cpu < 2; ++cpu)
    threads.emplace_back([&, cpu] {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET(cpu, &set);
      sched_setaffinity(0, sizeof set, &set);
      for (uint64_t i = 0; i < 10; ++i) ran.kernel.run({uint64_t{0} - i - (cpu ? 100 : 0), i + (cpu ? 50 : 0)});
    });
  for (std::thread& thread : threads) thread.join();
  ran.kernel.run({}, 1);
  const int64_t expected[] = {20, -1090, -109, 59, -54, 0};
  for (uint64_t key = 0; key < 6; ++key) EXPECT_EQ(ran.kernel.word("m_out", &key), expected[key]) << key;
}

TEST(LowerMap, HistogramsCountTheRightBucket) {
  Script s;
  sema::Map* plain = s.map("@h", nullptr, s.types.aggregate("hist", true));
  sema::Map* keyed = s.map("@k", s.u64(), s.types.aggregate("hist", true));
  s.raw().body.statements = {s.aggregate(plain, nullptr, s.call("hist", {s.arg(0)})),
                             s.aggregate(keyed, s.number(1), s.call("hist", {s.arg(0)}))};
  Ran ran(s, {{0}, {1}, {1000}, {1023}, {1024}, {~uint64_t{0}}});
  // Bucket 0: negative; 1: zero; 2: one; k + 2: 2^k.
  EXPECT_EQ(ran.kernel.scalar("m_h", 0), 1);
  EXPECT_EQ(ran.kernel.scalar("m_h", 8), 1);
  EXPECT_EQ(ran.kernel.scalar("m_h", 16), 1);
  EXPECT_EQ(ran.kernel.scalar("m_h", 8 * 11), 2);
  EXPECT_EQ(ran.kernel.scalar("m_h", 8 * 12), 1);
  const uint64_t key = 1;
  EXPECT_EQ(ran.kernel.word("m_k", &key, 8 * 11), 2);
}

TEST(LowerMap, KeysOfTuplesHaveNoStrayBytes) {
  Script s;
  const TypeRef narrow = s.types.integer(1, false);
  const TypeRef comm = s.types.string(16);
  const TypeRef key = s.types.tuple({narrow, s.u64(), comm, s.types.integer(4, true)});
  sema::Map* map = s.map("@t", key, s.types.aggregate("count", false));
  sema::Program& program = s.raw();
  sema::Variable* text = s.variable(program, "$s", comm);
  const auto pick = [&] {
    return s.conditional(s.binary(BinaryOp::eq, s.arg(0), s.number(0)), s.text("a long string", 16), s.text("ab", 16),
                         comm);
  };
  program.body.statements = {
      s.declare(text), s.assign(text, s.text("0123456789abcde", 16)), s.assign(text, pick()),
      s.assign(text, s.text("ab", 16)),
      s.aggregate(map, s.tuple({s.number(1, narrow), s.number(2), s.read(text), s.number(3, s.types.integer(4, true))}),
                  s.call("count"))};
  Ran ran(s, {{0}, {1}, {0}});
  EXPECT_EQ(ran.kernel.entries("m_t"), 1u);
  char bytes[40] = {1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 'a', 'b'};
  bytes[32] = 3;
  ASSERT_EQ(key->size, sizeof bytes);
  EXPECT_EQ(ran.kernel.word("m_t", bytes), 3);
}

TEST(LowerMap, DeleteHasLengthAndFind) {
  Script s;
  sema::Map* map = s.map("@x", s.u64(), s.u64());
  sema::Program& program = s.raw();
  sema::Variable* found = s.variable(program, "$v", s.u64());
  const TypeRef boolean = s.types.boolean();
  const auto number = [&](const Expr* expr) { return s.cast(sema::CastKind::integer, expr, s.u64()); };
  const auto times = [&](const Expr* expr, uint64_t by) { return s.binary(BinaryOp::mul, expr, s.number(by)); };
  const Expr* sum = times(number(s.call("has_key", {s.whole(map), s.number(1)}, boolean)), 1);
  sum = s.binary(BinaryOp::add, sum, times(number(s.call("has_key", {s.whole(map), s.number(9)}, boolean)), 2));
  sum = s.binary(BinaryOp::add, sum, times(s.call("len", {s.whole(map)}, s.u64()), 10));
  sum = s.binary(BinaryOp::add, sum,
                 times(number(s.call("find", {s.whole(map), s.number(2), s.address_of(found)}, boolean)), 100));
  sum = s.binary(BinaryOp::add, sum, times(s.read(found), 1000));
  program.body.statements = {s.declare(found),
                             s.assign(map, s.number(1), s.number(5)),
                             s.assign(map, s.number(2), s.number(6)),
                             s.assign(map, s.number(3), s.number(7)),
                             s.expression(s.call("delete", {s.whole(map), s.number(3)}, boolean)),
                             s.jump(JumpKind::return_jump, sum)};
  Ran ran(s, {{}});
  EXPECT_EQ(ran.result, 6121u);
}

TEST(LowerMap, DeleteEmptiesScalarMaps) {
  Script s;
  sema::Map* plain = s.map("@x", nullptr, s.u64());
  sema::Map* count = s.map("@c", nullptr, s.types.aggregate("count", false));
  const TypeRef boolean = s.types.boolean();
  s.raw("set").body.statements = {s.assign(plain, nullptr, s.number(5)), s.aggregate(count, nullptr, s.call("count"))};
  s.raw("clear").body.statements = {s.expression(s.call("delete", {s.whole(plain)}, boolean)),
                                    s.expression(s.call("delete", {s.whole(count)}, boolean))};
  Ran ran(s, {{}});
  EXPECT_EQ(ran.kernel.scalar("m_x"), 5);
  EXPECT_EQ(ran.kernel.scalar("m_c"), 1);
  ran.kernel.run({}, 1);
  EXPECT_EQ(ran.kernel.scalar("m_x"), 0);
  EXPECT_EQ(ran.kernel.scalar("m_x", *ran.image.maps[0].written_flag_offset), 0);
  EXPECT_EQ(ran.kernel.scalar("m_c"), 0);
}

}  // namespace
}  // namespace sonde::lower::test
