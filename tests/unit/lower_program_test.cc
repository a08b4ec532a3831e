// Whole programs through the verifier of the running kernel, and what they do when they run.
#include "lower_harness.h"

namespace sonde::lower::test {
namespace {

using sema::BinaryOp;
using sema::JumpKind;

TEST(LowerProgram, EmptyProgramReturnsItsDefault) {
  Script s;
  s.raw().probe.default_return = 7;
  const image::Image image = s.lower();
  Loaded kernel(image);
  EXPECT_EQ(kernel.run(), 7u);
}

TEST(LowerProgram, ReturnsAnArgument) {
  Script s;
  s.raw().body.statements = {s.jump(JumpKind::return_jump, s.binary(BinaryOp::add, s.arg(0), s.number(2)))};
  const image::Image image = s.lower();
  Loaded kernel(image);
  EXPECT_EQ(kernel.run({40}), 42u);
}

TEST(LowerProgram, PredicateGuardsTheBody) {
  Script s;
  sema::Map* map = s.map("@n", nullptr, s.types.aggregate("count", false));
  sema::Program& program = s.raw();
  program.predicate = s.binary(BinaryOp::gt, s.arg(0), s.number(5));
  program.body.statements = {s.aggregate(map, nullptr, s.call("count"))};
  const image::Image image = s.lower();
  Loaded kernel(image);
  for (uint64_t i = 0; i < 10; ++i) kernel.run({i});
  EXPECT_EQ(kernel.scalar("m_n"), 4);
}

TEST(LowerProgram, CountsByComm) {
  Script s;
  const TypeRef comm = s.types.string(16);
  sema::Map* map = s.map("@", comm, s.types.aggregate("count", false));
  s.raw().body.statements = {s.aggregate(map, s.call("comm", {}, comm), s.call("count"))};
  const image::Image image = s.lower();
  Loaded kernel(image);
  for (int i = 0; i < 3; ++i) kernel.run();
  ASSERT_EQ(kernel.entries("m_"), 1u);
  char key[16] = {};
  std::strncpy(key, program_invocation_short_name, 15);
  EXPECT_EQ(kernel.word("m_", key), 3);
}

TEST(LowerProgram, PrintfFillsARecord) {
  Script s;
  const TypeRef comm = s.types.string(16);
  s.raw().body.statements = {
      s.expression(s.call("printf", {s.text("%d %s %s"), s.binary(BinaryOp::mul, s.arg(0), s.number(3)),
                                     s.call("comm", {}, comm), s.text("tail")}))};
  const image::Image image = s.lower();
  Loaded kernel(image);
  kernel.run({5});
  kernel.run({6});
  const auto records = kernel.records();
  ASSERT_EQ(records.size(), 2u);
  const image::EventLayout& layout = image.events.at(0);
  ASSERT_EQ(records[1].size(), layout.size);
  image::EventHeader header;
  std::memcpy(&header, records[1].data(), sizeof header);
  EXPECT_EQ(header.event, 0u);
  EXPECT_GT(header.time, 0u);
  uint64_t value = 0;
  std::memcpy(&value, records[1].data() + layout.fields[0].offset, 8);
  EXPECT_EQ(value, 18u);
  EXPECT_STREQ(reinterpret_cast<const char*>(records[1].data() + layout.fields[1].offset),
               program_invocation_short_name);
  EXPECT_STREQ(reinterpret_cast<const char*>(records[1].data() + layout.fields[2].offset), "tail");
}

}  // namespace
}  // namespace sonde::lower::test
