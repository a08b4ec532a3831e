// Storage and records of small typed programs, built by hand.
#include <gtest/gtest.h>

#include "plan/plan.h"
#include "types/capability.h"

namespace sonde::plan {
namespace {

using image::Action;
using image::MapKind;
using types::TypeRef;

class Planning : public ::testing::Test {
 protected:
  Planning() {
    buffer_ = sources_.add("stdin", "begin { print(1);\n  exit(); }\n");
    program_.programs.emplace_back();
    program().probe.full_name = "begin";
    program().probe.provider = "begin";
    program().range = range(0, 5);
  }

  sema::Program& program() { return program_.programs.front(); }
  source::Range range(uint32_t begin, uint32_t end) const { return {buffer_, begin, end}; }

  const sema::Map* map(const std::string& name, TypeRef key, TypeRef value) {
    sema::Map& map = program_.maps.emplace_back();
    map.name = name;
    map.scalar = key == nullptr;
    map.key = key;
    map.value = value;
    return &map;
  }
  const sema::Expr* constant(TypeRef type, uint64_t bits = 0) {
    auto* made = program_.nodes.make<sema::Constant>();
    made->kind = sema::ExprKind::constant;
    made->type = type;
    made->bits = bits;
    return made;
  }
  const sema::Expr* text(const std::string& bytes) {
    auto* made = program_.nodes.make<sema::Text>();
    made->kind = sema::ExprKind::text;
    made->type = types_.string(static_cast<uint32_t>(bytes.size() + 1));
    made->bytes = bytes;
    return made;
  }
  const sema::Expr* whole(const sema::Map* map) {
    auto* made = program_.nodes.make<sema::MapRef>();
    made->kind = sema::ExprKind::map_ref;
    made->type = types_.none();
    made->map = map;
    return made;
  }
  // A statement that calls `name`, with the arguments described as sema does.
  const sema::Call* call(const std::string& name, std::vector<const sema::Expr*> arguments, source::Range where = {}) {
    auto* made = program_.nodes.make<sema::Call>();
    made->kind = sema::ExprKind::call;
    made->type = types_.void_type();
    made->range = where;
    made->row = builtins::find_builtin(name);
    for (const sema::Expr* expr : arguments) {
      builtins::Argument described;
      described.type = expr->type;
      if (expr->kind == sema::ExprKind::text) described.text = sema::as<sema::Text>(*expr).bytes;
      if (expr->kind == sema::ExprKind::constant) described.integer = sema::as<sema::Constant>(*expr).bits;
      if (expr->kind == sema::ExprKind::map_ref)
        described.map = builtins::MapArgument{sema::as<sema::MapRef>(*expr).map->name, true, nullptr, nullptr};
      made->described.push_back(described);
    }
    made->arguments = std::move(arguments);
    auto* statement = program_.nodes.make<sema::Expression>();
    statement->kind = sema::StmtKind::expression;
    statement->value = made;
    program().body.statements.push_back(statement);
    return made;
  }
  const image::EventLayout& event(const sema::Call* call) { return plan_.image.events.at(plan_.events.at(call).value); }
  const image::MapDesc& desc(const sema::Map* map) { return plan_.image.maps.at(plan_.maps.at(map).value); }
  const image::Layout& layout(image::TypeId id) { return plan_.image.types.at(id.value); }
  void make() { plan_ = make_plan(program_, config_, sources_, {false, "x86_64", "6.1.0"}); }

  types::TypeContext types_;
  source::SourceSet sources_;
  source::BufferId buffer_;
  sema::TypedProgram program_;
  sema::Config config_;
  Plan plan_;
};

TEST_F(Planning, MapsGetTheCheapestKindThatHoldsThem) {
  const TypeRef u64 = types_.integer(8, false), count = types_.aggregate("count", false);
  const sema::Map* number = map("@n", nullptr, u64);
  const sema::Map* name = map("@", nullptr, types_.string(5));
  const sema::Map* calls = map("@c", nullptr, count);
  const sema::Map* sum = map("@s", nullptr, types_.aggregate("sum", true));
  const sema::Map* table = map("@t", types_.string(16), u64);
  const sema::Map* counts = map("@k", types_.tuple({u64, types_.string(4)}), count);
  make();
  EXPECT_EQ(desc(number).kind, MapKind::array);
  EXPECT_EQ(desc(number).value_size, 16u);
  EXPECT_EQ(desc(number).written_flag_offset, 8u);
  EXPECT_EQ(desc(number).elf_name, "m_n");
  EXPECT_EQ(desc(name).written_flag_offset, 8u);
  EXPECT_EQ(desc(name).elf_name, "m_");
  EXPECT_EQ(desc(calls).kind, MapKind::percpu_array);
  EXPECT_EQ(desc(calls).value_size, 8u);
  EXPECT_EQ(desc(calls).written_flag_offset, std::nullopt);
  EXPECT_EQ(desc(sum).aggregate->set_offset, 8u);
  EXPECT_EQ(desc(table).kind, MapKind::hash);
  EXPECT_EQ(desc(table).key_size, 16u);
  EXPECT_EQ(desc(table).value_size, 8u);
  EXPECT_EQ(desc(table).max_entries, 4096u);
  EXPECT_EQ(desc(counts).kind, MapKind::percpu_hash);
  EXPECT_EQ(desc(counts).key_size, 16u);
  EXPECT_EQ(layout(desc(counts).key).kind, image::LayoutKind::tuple);
}

TEST_F(Planning, HistogramsKeepAllBucketsInOneValue) {
  types::Type type = *types_.aggregate("hist", true);
  type.bits = 2;
  const sema::Map* histogram = map("@h", types_.integer(8, true), types_.intern(type));
  make();
  EXPECT_EQ(desc(histogram).value_size, desc(histogram).aggregate->fields.at(0).count * 8);
  EXPECT_EQ(desc(histogram).aggregate->bits, 2u);
}

TEST_F(Planning, DeclarationsChooseKindAndCapacity) {
  sema::Map* cache = const_cast<sema::Map*>(map("@l", types_.integer(8, true), types_.integer(8, true)));
  cache->declared_kind = "lruhash";
  cache->declared_entries = 7;
  make();
  EXPECT_EQ(desc(cache).kind, MapKind::lru_hash);
  EXPECT_EQ(desc(cache).max_entries, 7u);
}

TEST_F(Planning, MapsThatAreNeverWrittenAreEmptyNumbers) {
  const sema::Map* unused = map("@u", nullptr, nullptr);
  make();
  EXPECT_EQ(layout(desc(unused).value).kind, image::LayoutKind::integer);
  EXPECT_TRUE(desc(unused).written_flag_offset);
}

TEST_F(Planning, FieldsOfRecordsAreAligned) {
  const sema::Call* printf = call("printf", {text("%d %s %d"), constant(types_.integer(1, true)),
                                             constant(types_.string(3)), constant(types_.integer(4, false))});
  make();
  const image::EventLayout& layout_of_call = event(printf);
  EXPECT_EQ(layout_of_call.action, Action::printf);
  ASSERT_EQ(layout_of_call.fields.size(), 3u);
  EXPECT_EQ(layout_of_call.fields[0].offset, image::kEventHeaderSize);
  EXPECT_EQ(layout_of_call.fields[1].offset, image::kEventHeaderSize + 1);
  EXPECT_EQ(layout_of_call.fields[2].offset, image::kEventHeaderSize + 4);
  EXPECT_EQ(layout_of_call.size, image::kEventHeaderSize + 8);
  EXPECT_EQ(plan_.image.formats.at(layout_of_call.format.value).source, "%d %s %d");
}

TEST_F(Planning, PrintOfAMapCarriesNoValue) {
  const sema::Map* reads = map("@reads", types_.integer(8, false), types_.aggregate("count", false));
  const sema::Call* all = call("print", {whole(reads)}, range(8, 16));
  const TypeRef literal = types_.integer(1, true);
  const sema::Call* top = call("print", {whole(reads), constant(literal, 5), constant(literal, 10)}, range(8, 17));
  const sema::Call* clear = call("clear", {whole(reads)}, range(8, 18));
  make();
  EXPECT_EQ(event(all).action, Action::print_map);
  EXPECT_TRUE(event(all).fields.empty());
  EXPECT_EQ(event(all).map, plan_.maps.at(reads));
  EXPECT_EQ(event(all).integers, (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(event(top).integers, (std::vector<int64_t>{5, 10}));
  EXPECT_EQ(event(clear).action, Action::clear_map);
}

TEST_F(Planning, AggregatesTravelAsNumbers) {
  auto* read = program_.nodes.make<sema::MapRead>();
  read->kind = sema::ExprKind::map_read;
  read->type = types_.aggregate("sum", true);
  read->map = map("@s", nullptr, read->type);
  const sema::Call* printf = call("printf", {text("%s"), read});
  make();
  const image::Layout& field = layout(event(printf).fields.at(0).type);
  EXPECT_EQ(field.kind, image::LayoutKind::integer);
  EXPECT_TRUE(field.is_signed);
  EXPECT_EQ(field.size, 8u);
}

TEST_F(Planning, OtherActionsHaveTheirDefaults) {
  const sema::Call* time = call("time", {}, range(0, 1));
  const sema::Call* join = call("join", {constant(types_.integer(8, false))}, range(0, 2));
  const sema::Call* comma = call("join", {constant(types_.integer(8, false)), text(",")}, range(0, 3));
  const sema::Call* exit = call("exit", {}, range(0, 4));
  make();
  const auto format = [&](const sema::Call* which) { return plan_.image.formats.at(event(which).format.value).source; };
  EXPECT_EQ(format(time), "%H:%M:%S\n");
  EXPECT_EQ(format(join), " ");
  EXPECT_EQ(format(comma), ",");
  EXPECT_EQ(event(join).fields.size(), 16u);
  EXPECT_EQ(event(join).size, image::kEventHeaderSize + 16 * 1024);
  EXPECT_EQ(event(exit).fields.size(), 1u);
  EXPECT_EQ(layout(event(exit).fields[0].type).name, "int64");
}

TEST_F(Planning, EqualRecordsAreSharedOnlyAtOnePlace) {
  const TypeRef u64 = types_.integer(8, false);
  const sema::Call* first = call("print", {constant(u64)}, range(8, 16));
  const sema::Call* copy = call("print", {constant(u64)}, range(8, 16));
  const sema::Call* elsewhere = call("print", {constant(u64)}, range(20, 26));
  make();
  EXPECT_EQ(plan_.events.at(first), plan_.events.at(copy));
  EXPECT_NE(plan_.events.at(first), plan_.events.at(elsewhere));
}

TEST_F(Planning, RingAndLossesExistOnlyForRecords) {
  make();
  EXPECT_TRUE(plan_.image.maps.empty());
  call("exit", {});
  make();
  ASSERT_EQ(plan_.image.maps.size(), 2u);
  EXPECT_EQ(plan_.image.maps[0].elf_name, image::kRingMap);
  EXPECT_EQ(plan_.image.maps[1].elf_name, image::kLossMap);
  EXPECT_EQ(plan_.image.maps[1].max_entries, 1u);
}

TEST_F(Planning, ProgramsAreNamedAfterTheirProbes) {
  sema::Program& probe = program_.programs.emplace_back();
  probe.probe.full_name = "uprobe:./demo:add";
  probe.probe.capabilities = types::kSleepable;
  sema::Program& long_one = program_.programs.emplace_back();
  long_one.probe.full_name = "uprobe:/" + std::string(200, 'x') + ":f";
  make();
  EXPECT_EQ(plan_.image.programs[0].symbol, "begin_1");
  EXPECT_EQ(plan_.image.programs[0].section, "s_begin_1");
  EXPECT_FALSE(plan_.image.programs[0].sleepable);
  EXPECT_EQ(plan_.image.programs[1].symbol, "uprobe___demo_add_2");
  EXPECT_TRUE(plan_.image.programs[1].sleepable);
  EXPECT_EQ(plan_.image.programs[2].symbol.size(), 127u + 2);
  EXPECT_EQ(plan_.programs.at(&probe).value, 1u);
}

TEST_F(Planning, SpansCarryTheirTextAndLevels) {
  Plan plan;
  const image::SpanId one = add_span(plan, sources_, range(8, 16), nullptr);
  EXPECT_EQ(plan.image.spans[one.value], (image::SourceSpan{"stdin", 1, 9, 17, 1, "begin { print(1);", {}}));
  const image::SpanId lines = add_span(plan, sources_, range(6, 29), nullptr);
  EXPECT_EQ(plan.image.spans[lines.value].end_column, 0u);
  EXPECT_EQ(plan.image.spans[lines.value].end_line, 2u);
  EXPECT_EQ(plan.image.spans[lines.value].text, "begin { print(1);\n  exit(); }");
  EXPECT_EQ(add_span(plan, sources_, range(8, 16), nullptr), one);
  EXPECT_FALSE(add_span(plan, sources_, {}, nullptr).valid());
  const std::vector<source::Range> levels = {range(20, 26)};
  const image::SpanId expanded = add_span(plan, sources_, range(8, 16), &levels);
  EXPECT_NE(expanded, one);
  ASSERT_EQ(plan.image.spans[expanded.value].expanded_from.size(), 1u);
  EXPECT_EQ(plan.image.spans[plan.image.spans[expanded.value].expanded_from[0].value].line, 2u);
}

TEST_F(Planning, NamedParametersAreListed) {
  program_.options.push_back({"limit", "how many", image::ParameterKind::unsigned_integer, "10"});
  make();
  ASSERT_EQ(plan_.image.parameters.size(), 1u);
  EXPECT_EQ(plan_.image.parameters[0].name, "limit");
  EXPECT_EQ(plan_.image.parameters[0].default_text, "10");
  EXPECT_EQ(plan_.image.target.kernel_release, "6.1.0");
}

TEST_F(Planning, ImagesSurviveTheirFile) {
  map("@t", types_.string(16), types_.integer(8, false));
  call("printf", {text("%d\n"), constant(types_.integer(4, true))});
  call("exit", {});
  make();
  const auto back = image::read(image::write(plan_.image));
  ASSERT_TRUE(back.has_value()) << back.error().text();
  EXPECT_EQ(*back, plan_.image);
}

}  // namespace
}  // namespace sonde::plan
