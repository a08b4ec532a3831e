// Memory: strings, structures behind pointers, arrays, scratch slots, relocations.
#include <unistd.h>

#include "lower_harness.h"

namespace sonde::lower::test {
namespace {

using sema::BinaryOp;
using sema::CastKind;
using sema::JumpKind;
using types::Space;

class Fields : public types::CRecordSource {
 public:
  std::vector<types::CField> fields(const types::CRecord&) override { return list; }
  std::vector<types::CField> list;
};

struct LowerMemory : testing::Test {
  Script s;
  sema::Program* program = &s.raw();
  image::Image image;
  std::unique_ptr<Loaded> kernel;

  uint32_t run(std::vector<const Stmt*> body, std::vector<uint64_t> words = {}, Options options = {}) {
    program->body.statements = std::move(body);
    image = s.lower(options);
    kernel = std::make_unique<Loaded>(image);
    return kernel->run(std::move(words));
  }
  const Stmt* give(const Expr* value) {
    return s.jump(JumpKind::return_jump, value->type->size == 8 ? value : s.cast(CastKind::integer, value, s.u64()));
  }
  static uint64_t address(const void* memory) { return reinterpret_cast<uint64_t>(memory); }
  // str(argN) of user memory with this capacity.
  const Expr* user_string(uint32_t number, uint32_t capacity) {
    program->probe.space = Space::user;
    return s.call("str", {s.arg(number)}, s.types.string(capacity));
  }
  const Expr* field(const Expr* base, const types::CRecord* record, const char* name, TypeRef type = nullptr) {
    auto* node = s.expr<sema::Field>(type);
    node->base = base;
    node->record = record;
    node->path = record->find(name);
    if (!type) node->type = node->path.back()->type;
    return node;
  }
};

TEST_F(LowerMemory, StringsCompareWithLiteralsByTheirBytes) {
  const TypeRef comm = s.types.string(16);
  const char* name = program_invocation_short_name;
  const auto same = [&](std::string text) {
    return s.cast(CastKind::integer, s.binary(BinaryOp::eq, s.call("comm", {}, comm), s.text(text)), s.u64());
  };
  const Expr* sum =
      s.binary(BinaryOp::add, same(name), s.binary(BinaryOp::mul, same(std::string(name) + "x"), s.number(2)));
  sum = s.binary(BinaryOp::add, sum, s.binary(BinaryOp::mul, same(std::string(name).substr(0, 1) + ""), s.number(4)));
  sum = s.binary(BinaryOp::add, sum, s.binary(BinaryOp::mul, same("longer than any comm"), s.number(8)));
  EXPECT_EQ(run({give(sum)}), 1u);
}

TEST_F(LowerMemory, StringsOfAnyCapacityCompare) {
  const Expr* same = s.binary(BinaryOp::eq, user_string(0, 64), user_string(1, 200));
  const char left[] = "the same text", right[] = "the same text", other[] = "the same texts";
  EXPECT_EQ(run({give(s.cast(CastKind::integer, same, s.u64()))}, {address(left), address(right)}), 1u);
  EXPECT_EQ(kernel->run({address(left), address(other)}), 0u);
  EXPECT_EQ(kernel->run({address(other), address(left)}), 0u);
}

TEST_F(LowerMemory, CountsByStringOfUserMemory) {
  const TypeRef path = s.types.string(64);
  sema::Map* map = s.map("@p", path, s.types.aggregate("count", false));
  const char text[] = "/etc/passwd", longer[] = "/etc/passwd and more";
  run({s.aggregate(map, user_string(0, 64), s.call("count"))}, {address(longer)});
  kernel->run({address(text)});
  kernel->run({address(text)});
  char key[64] = "/etc/passwd";
  EXPECT_EQ(kernel->entries("m_p"), 2u);
  EXPECT_EQ(kernel->word("m_p", key), 2);
}

TEST_F(LowerMemory, LongStringsTravelThroughScratch) {
  const TypeRef big = s.types.string(1024);
  sema::Variable* text = s.variable(*program, "$t", big);
  sema::Map* last = s.map("@last", nullptr, big);
  sema::Map* by_text = s.map("@by", big, s.types.aggregate("count", false));
  std::string input(700, 'q');
  run({s.declare(text), s.assign(text, user_string(0, 1024)), s.assign(last, nullptr, s.read(text)),
       s.aggregate(by_text, s.read(text), s.call("count")),
       s.expression(s.call("printf", {s.text("%s %s"), s.read(text), s.text("x")}))},
      {address(input.c_str())});
  const uint32_t zero = 0;
  EXPECT_STREQ(reinterpret_cast<const char*>(kernel->entry("m_last", &zero).data()), input.c_str());
  const std::string shorter = "short";
  kernel->run({address(shorter.c_str())});
  kernel->run({address(shorter.c_str())});
  std::string key = shorter;
  key.resize(1024, '\0');
  EXPECT_EQ(kernel->word("m_by", key.data()), 2);
  const auto records = kernel->records();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_STREQ(reinterpret_cast<const char*>(records[0].data() + image.events[0].fields[0].offset), input.c_str());
}

TEST_F(LowerMemory, ARunWithoutAFreeSlotIsSkippedAndCounted) {
  sema::Map* last = s.map("@last", s.u64(), s.types.string(1024));
  run({s.assign(last, s.number(1), user_string(0, 1024))}, {address("a")});
  EXPECT_EQ(kernel->entries("m_last"), 1u);
  bpf_map* slots = kernel->map(image::kScratchMap);
  const int cpus = libbpf_num_possible_cpus();
  std::vector<uint8_t> value(bpf_map__value_size(slots));
  for (uint32_t cpu = 0; cpu < static_cast<uint32_t>(cpus); ++cpu) {
    ASSERT_EQ(bpf_map_lookup_elem(bpf_map__fd(slots), &cpu, value.data()), 0);
    EXPECT_EQ(value[0], 0) << "a slot is still taken";
    value[0] = 0xff;
    bpf_map_update_elem(bpf_map__fd(slots), &cpu, value.data(), BPF_ANY);
  }
  kernel->run({address("b")});
  kernel->run({address("c")});
  EXPECT_EQ(kernel->scalar(image::kLossMap, offsetof(image::LossCell, busy)), 2);
}

TEST_F(LowerMemory, EverySlotWorks) {
  sema::Map* last = s.map("@last", nullptr, s.types.string(1024));
  const Expr* text = user_string(0, 1024);
  sema::Variable* copy = s.variable(*program, "$t", text->type);
  run({s.declare(copy), s.assign(copy, text), s.assign(last, nullptr, s.read(copy))}, {address("0")});
  bpf_map* slots = kernel->map(image::kScratchMap);
  const int cpus = libbpf_num_possible_cpus();
  std::vector<uint8_t> value(bpf_map__value_size(slots));
  for (int slot = 0; slot < 8; ++slot) {
    for (uint32_t cpu = 0; cpu < static_cast<uint32_t>(cpus); ++cpu) {
      std::fill(value.begin(), value.end(), 0);
      value[0] = static_cast<uint8_t>((1 << slot) - 1);
      bpf_map_update_elem(bpf_map__fd(slots), &cpu, value.data(), BPF_ANY);
    }
    const std::string text_now = "slot " + std::to_string(slot);
    kernel->run({address(text_now.c_str())});
    const uint32_t zero = 0;
    EXPECT_STREQ(reinterpret_cast<const char*>(kernel->entry("m_last", &zero).data()), text_now.c_str());
    for (uint32_t cpu = 0; cpu < static_cast<uint32_t>(cpus); ++cpu) {
      bpf_map_lookup_elem(bpf_map__fd(slots), &cpu, value.data());
      EXPECT_EQ(value[0], (1 << slot) - 1);
    }
  }
}

TEST_F(LowerMemory, ARecordThatDoesNotFitIsCounted) {
  run({s.expression(s.call("printf", {s.text("%s"), user_string(0, 1024)}))}, {address("x")});
  const uint64_t runs = Loaded::ring_bytes / 1024 + 100;
  for (uint64_t i = 1; i < runs; ++i) kernel->run({address("x")});
  const int64_t lost = kernel->scalar(image::kLossMap, offsetof(image::LossCell, events));
  EXPECT_GT(lost, 0);
  EXPECT_EQ(kernel->records().size() + static_cast<size_t>(lost), runs);
}

struct Inner {
  uint32_t number;
  char name[8];
};
struct Outer {
  uint8_t narrow;
  int16_t negative;
  uint32_t low : 5, high : 11;
  Inner inner;
  Outer* next;
  int32_t numbers[4];
};

struct LowerFields : LowerMemory {
  Fields inner_fields, outer_fields;
  types::CRecord* inner = s.types.add_record("struct", "inner", sizeof(Inner), 4, inner_fields, 1, false);
  types::CRecord* outer = s.types.add_record("struct", "outer", sizeof(Outer), 8, outer_fields, 2, false);
  TypeRef pointer = s.types.pointer(s.types.c_record(outer), Space::user);
  Outer second{200, -5, 3, 1000, {77, "second"}, nullptr, {1, -2, 3, 4}};
  Outer first{1, -1, 31, 5, {5, "first"}, &second, {10, 20, 30, 40}};

  LowerFields() {
    const auto integer = [&](uint32_t size, bool is_signed) { return s.types.integer(size, is_signed); };
    inner_fields.list = {{"number", integer(4, false), 0, 0, 0, ""}, {"name", s.types.string(8), 4, 0, 0, ""}};
    outer_fields.list = {{"narrow", integer(1, false), 0, 0, 0, ""},
                         {"negative", integer(2, true), 2, 0, 0, ""},
                         {"low", integer(4, false), 4, 0, 5, ""},
                         {"high", integer(4, false), 4, 5, 11, ""},
                         {"inner", s.types.c_record(inner), offsetof(Outer, inner), 0, 0, ""},
                         {"next", pointer, offsetof(Outer, next), 0, 0, ""},
                         {"numbers", s.types.array(integer(4, true), 4), offsetof(Outer, numbers), 0, 0, ""}};
  }
  const Expr* base() { return s.cast(CastKind::pointer, s.arg(0), pointer); }
  const Expr* next() { return field(base(), outer, "next"); }
};

TEST_F(LowerFields, MembersOfEveryKind) {
  sema::Map* out = s.map("@out", s.u64(), s.i64());
  const auto put = [&](uint64_t key, const Expr* value) {
    return s.assign(out, s.number(key), s.cast(CastKind::integer, value, s.i64()));
  };
  const Expr* embedded = field(next(), outer, "inner");
  const Expr* numbers = field(next(), outer, "numbers");
  run({put(0, field(next(), outer, "narrow")), put(1, field(next(), outer, "negative")),
       put(2, field(next(), outer, "low")), put(3, field(next(), outer, "high")),
       put(4, field(embedded, inner, "number")), put(5, s.index(numbers, s.number(1), s.types.integer(4, true))),
       put(6, s.index(numbers, s.arg(1), s.types.integer(4, true))),
       put(7, s.binary(BinaryOp::eq, field(embedded, inner, "name"), s.text("second")))},
      {address(&first), 3});
  const int64_t expected[] = {200, -5, 3, 1000, 77, -2, 4, 1};
  for (uint64_t key = 0; key < 8; ++key) EXPECT_EQ(kernel->word("m_out", &key), expected[key]) << key;
}

TEST_F(LowerFields, AnIndexBeyondTheArrayIsCountedAndStaysInside) {
  const Expr* numbers = field(base(), outer, "numbers");
  EXPECT_EQ(run({give(s.index(numbers, s.arg(1), s.types.integer(4, true)))}, {address(&first), 2}), 30u);
  EXPECT_EQ(kernel->errors(), 0);
  kernel->run({address(&first), 9});
  ASSERT_EQ(image.error_sites.size(), 1u);
  EXPECT_EQ(image.error_sites[0].kind, image::ErrorKind::array_bounds);
  EXPECT_EQ(kernel->errors(), 1);
}

TEST_F(LowerFields, WholeStructuresAreValues) {
  sema::Variable* copy = s.variable(*program, "$o", s.types.c_record(outer));
  sema::Map* by = s.map("@by", s.types.c_record(inner), s.types.aggregate("count", false));
  auto* whole = s.expr<sema::Dereference>(s.types.c_record(outer));
  whole->pointer = next();
  EXPECT_EQ(run({s.declare(copy), s.assign(copy, whole),
                 s.aggregate(by, field(s.read(copy), outer, "inner"), s.call("count")),
                 give(field(field(s.read(copy), outer, "inner"), inner, "number"))},
                {address(&first)}),
            77u);
  EXPECT_EQ(kernel->word("m_by", &second.inner), 1);
}

TEST_F(LowerFields, FailedReadsGiveZero) {
  EXPECT_EQ(run({give(field(base(), outer, "narrow"))}, {16}), 0u);
  Options options;
  options.runtime_warnings = true;
  EXPECT_EQ(run({give(field(base(), outer, "narrow"))}, {16}, options), 0u);
  ASSERT_EQ(image.error_sites.size(), 1u);
  EXPECT_TRUE(image.error_sites[0].optional);
  EXPECT_EQ(image.error_sites[0].helper, "probe_read_user");
  EXPECT_EQ(kernel->errors(), 1);
}

// The local layout is wrong on purpose: only the loader's relocation can give the right answer.
TEST_F(LowerMemory, PortableObjectsAreRelocated) {
  Fields fields;
  types::CRecord* task = s.types.add_record("struct", "task_struct", 64, 8, fields, 7, true);
  const TypeRef pointer = s.types.pointer(s.types.c_record(task), Space::kernel);
  fields.list = {{"group_leader", pointer, 16, 0, 0, ""},
                 {"tgid", s.types.integer(4, true), 8, 0, 0, ""},
                 {"comm", s.types.string(16), 24, 0, 0, ""},
                 {"in_execve", s.types.integer(4, false), 4, 3, 1, ""}};
  const Expr* current = s.cast(CastKind::pointer, s.call("curtask", {}, s.u64()), pointer);
  sema::Map* out = s.map("@out", s.u64(), s.i64());
  sema::Map* name = s.map("@name", nullptr, s.types.string(16));
  const auto number = [&](const Expr* value) { return s.cast(CastKind::integer, value, s.i64()); };
  Options options;
  options.portable = true;
  run({s.assign(out, s.number(0), number(field(current, task, "tgid"))),
       s.assign(out, s.number(1), number(field(field(current, task, "group_leader"), task, "tgid"))),
       s.assign(out, s.number(2), number(field(current, task, "in_execve"))),
       s.assign(name, nullptr, field(current, task, "comm"))},
      {}, options);
  uint64_t key = 0;
  EXPECT_EQ(kernel->word("m_out", &key), getpid());
  key = 1;
  EXPECT_EQ(kernel->word("m_out", &key), getpid());
  key = 2;
  EXPECT_EQ(kernel->word("m_out", &key), 0);
  const uint32_t zero = 0;
  EXPECT_STREQ(reinterpret_cast<const char*>(kernel->entry("m_name", &zero).data()), program_invocation_short_name);
}

TEST_F(LowerMemory, IntegersAndArraysConvert) {
  const TypeRef bytes = s.types.array(s.types.integer(1, false), 8);
  const Expr* array = s.cast(CastKind::int_to_array, s.arg(0), bytes);
  EXPECT_EQ(run({give(s.index(array, s.number(2), s.types.integer(1, false)))}, {0x0102030405060708}), 6u);
  EXPECT_EQ(run({give(s.cast(CastKind::array_to_int, array, s.u64()))}, {0x05060708}), 0x05060708u);
}

TEST_F(LowerMemory, TuplesCompareByMeaning) {
  const Expr* left = s.tuple({s.arg(0), user_string(1, 32)});
  const Expr* right = s.tuple({s.number(5), user_string(2, 40)});
  const Expr* same = s.binary(BinaryOp::eq, left, right);
  const char a[] = "abc", b[] = "abd";
  EXPECT_EQ(run({give(s.cast(CastKind::integer, same, s.u64()))}, {5, address(a), address(a)}), 1u);
  EXPECT_EQ(kernel->run({5, address(a), address(b)}), 0u);
  EXPECT_EQ(kernel->run({6, address(a), address(a)}), 0u);
}

}  // namespace
}  // namespace sonde::lower::test
