// Promotion, interning, names and layouts of types (language.md 4 and 5).
#include <gtest/gtest.h>

#include "types/layout.h"
#include "types/type.h"

namespace sonde::types {
namespace {

class Types : public testing::Test {
 protected:
  TypeRef i(uint32_t bits) { return context_.integer(bits / 8, true); }
  TypeRef u(uint32_t bits) { return context_.integer(bits / 8, false); }
  std::string common(TypeRef left, TypeRef right) {
    TypeRef forward = promote(context_, left, right);
    EXPECT_EQ(forward, promote(context_, right, left));
    return forward ? printed(forward) : "-";
  }
  TypeContext context_;
};

TEST_F(Types, EqualContentsAreOneType) {
  EXPECT_EQ(i(32), i(32));
  EXPECT_NE(i(32), u(32));
  EXPECT_EQ(context_.tuple({i(8), context_.string(4)}), context_.tuple({i(8), context_.string(4)}));
  EXPECT_NE(context_.pointer(i(8), Space::user), context_.pointer(i(8), Space::kernel));
  EXPECT_NE(context_.literal(1), i(8));
  EXPECT_EQ(context_.inflexible(context_.literal(1)), i(8));
}

TEST_F(Types, LiteralsTakeTheSmallestSignedType) {
  EXPECT_EQ(printed(context_.literal(127)), "int8");
  EXPECT_EQ(printed(context_.literal(128)), "int16");
  EXPECT_EQ(printed(context_.literal(INT32_MAX)), "int32");
  EXPECT_EQ(printed(context_.literal(1ull << 31)), "int64");
  EXPECT_EQ(printed(context_.literal(1ull << 63)), "uint64");
  EXPECT_FALSE(context_.literal(1ull << 63)->flexible);
  EXPECT_EQ(printed(context_.negative_literal(-129)), "int16");
  EXPECT_FALSE(context_.negative_literal(-1)->flexible);
}

TEST_F(Types, IntegersPromote) {
  EXPECT_EQ(common(i(8), i(32)), "int32");
  EXPECT_EQ(common(u(64), u(16)), "uint64");
  EXPECT_EQ(common(i(32), u(16)), "int32");
  EXPECT_EQ(common(i(8), u(8)), "int16");
  EXPECT_EQ(common(i(8), u(32)), "int64");
  EXPECT_EQ(common(i(8), u(64)), "int64");
  EXPECT_EQ(common(i(64), u(64)), "int64");
  EXPECT_EQ(common(context_.literal(3), u(16)), "uint16");
  EXPECT_EQ(common(context_.literal(300), u(8)), "uint16");
  EXPECT_EQ(common(context_.literal(3), u(64)), "uint64");
  EXPECT_TRUE(promote(context_, context_.literal(3), context_.literal(300))->flexible);
  EXPECT_FALSE(promote(context_, context_.literal(3), i(8))->flexible);
}

TEST_F(Types, EnumsActAsUnsigned) {
  const CEnum* color = context_.add_enum({"color", {{"red", 0}}, 4, true});
  const CEnum* size = context_.add_enum({"size", {{"big", 0}}, 4, false});
  EXPECT_EQ(common(context_.enumeration(color), context_.enumeration(color, 4)), "enum color");
  EXPECT_EQ(promote(context_, context_.enumeration(color), context_.enumeration(color, 4))->size, 8u);
  EXPECT_EQ(common(context_.enumeration(color), context_.enumeration(size)), "uint64");
  EXPECT_EQ(common(context_.enumeration(color), context_.literal(1)), "uint64");
  EXPECT_EQ(common(context_.enumeration(color), i(8)), "int64");
}

TEST_F(Types, FamiliesDoNotMix) {
  EXPECT_EQ(common(context_.boolean(), i(8)), "-");
  EXPECT_EQ(common(context_.string(4), i(8)), "-");
  EXPECT_EQ(common(context_.pointer(i(8), Space::none), i(64)), "-");
  EXPECT_EQ(common(context_.kernel_symbol(), context_.user_symbol()), "-");
}

TEST_F(Types, CompoundsPromoteByTheirParts) {
  EXPECT_EQ(common(context_.string(4), context_.string(9)), "string[9]");
  EXPECT_EQ(common(context_.tuple({i(8), context_.string(2)}), context_.tuple({i(64), context_.string(6)})),
            "(int64,string[6])");
  EXPECT_EQ(common(context_.tuple({i(8)}), context_.tuple({i(8), i(8)})), "-");
  EXPECT_EQ(common(context_.array(i(32), 4), context_.array(i(32), std::nullopt)), "int32[4]");
  EXPECT_EQ(common(context_.array(i(32), 4), context_.array(i(32), 5)), "-");
  EXPECT_EQ(common(context_.aggregate("sum", true), context_.aggregate("sum", false)), "sum_t");
  EXPECT_EQ(common(context_.aggregate("sum", true), context_.aggregate("avg", true)), "-");
  EXPECT_EQ(common(context_.stack(false, image::StackMode::perf, 3), context_.stack(false, image::StackMode::perf, 4)),
            "-");
  const TypeRef record = context_.record({{"a", i(8)}, {"b", context_.string(2)}});
  const TypeRef swapped = context_.record({{"b", context_.string(4)}, {"a", i(32)}});
  EXPECT_EQ(printed(promote(context_, record, swapped)), "record { .a = int32, .b = string[4] }");
}

TEST_F(Types, PointerSpaceAndTrust) {
  Type trusted = *context_.pointer(i(32), Space::kernel);
  trusted.trusted = true;
  const TypeRef result = promote(context_, context_.intern(trusted), context_.pointer(i(32), Space::none));
  EXPECT_EQ(result->space, Space::kernel);
  EXPECT_FALSE(result->trusted);
}

TEST_F(Types, Names) {
  EXPECT_EQ(printed(context_.string(0)), "string");
  EXPECT_EQ(printed(context_.buffer(16)), "buffer[20]");
  EXPECT_EQ(printed(context_.inet()), "inet[24]");
  EXPECT_EQ(printed(context_.aggregate("min", false)), "umin_t");
  EXPECT_EQ(printed(context_.aggregate("count", false)), "count_t");
  EXPECT_EQ(printed(context_.stack(true, image::StackMode::symbols, 127)), "ustack_sonde_127");
  EXPECT_EQ(printed(context_.pointer(context_.pointer(context_.void_type(), Space::none), Space::none)), "void * *");
  EXPECT_EQ(base_name(context_.stack(false, image::StackMode::raw, 1)), "kstack");
  EXPECT_EQ(base_name(u(8)), "int");
  EXPECT_EQ(base_name(context_.boolean()), "bool");
}

TEST_F(Types, TuplesAreLaidOutNaturally) {
  EXPECT_EQ(context_.tuple({i(8), context_.string(2)})->size, 3u);
  const TypeRef mixed = context_.tuple({i(8), i(64), context_.string(3)});
  EXPECT_EQ(mixed->members[1].offset, 8u);
  EXPECT_EQ(mixed->size, 24u);
  EXPECT_EQ(mixed->align, 8u);
}

// Two records that hold each other's pointers, one with an anonymous member.
class Source : public CRecordSource {
 public:
  explicit Source(TypeContext& context) : context_(context) {
    inner_ = context.add_record("union", "", 4, 4, *this, 1, false);
    outer_ = context.add_record("struct", "outer", 16, 8, *this, 2, false);
  }
  std::vector<CField> fields(const CRecord& record) override {
    ++calls_;
    if (&record == inner_)
      return {{"low", context_.integer(2, false), 0}, {"word", context_.integer(4, true), 0, 3, 5}};
    return {{"", context_.c_record(inner_), 4},
            {"self", context_.pointer(context_.c_record(outer_), Space::kernel), 8}};
  }
  TypeContext& context_;
  CRecord* inner_;
  CRecord* outer_;
  int calls_ = 0;
};

TEST_F(Types, FieldsAreFoundThroughAnonymousMembers) {
  Source source(context_);
  EXPECT_EQ(source.calls_, 0);
  const auto path = source.outer_->find("word");
  ASSERT_EQ(path.size(), 2u);
  EXPECT_EQ(path[0]->offset, 4u);
  EXPECT_EQ(path[1]->bit_size, 5u);
  EXPECT_TRUE(source.outer_->find("missing").empty());
  EXPECT_EQ(source.calls_, 2);
}

TEST_F(Types, LayoutsAreSharedAndComplete) {
  Source source(context_);
  std::vector<image::Layout> table;
  const image::TypeId id = layout_of(context_.c_record(source.outer_), table);
  const image::Layout outer = table[id.value];
  EXPECT_EQ(outer.name, "struct outer");
  // The members of the union without a name stand among the others.
  ASSERT_EQ(outer.members.size(), 3u);
  EXPECT_EQ(outer.members[0].name, "low");
  EXPECT_EQ(outer.members[0].offset, 4u);
  EXPECT_EQ(outer.members[1].offset, 4u);
  EXPECT_EQ(outer.members[1].bit_offset, 3);
  EXPECT_EQ(table[outer.members[2].type.value].kind, image::LayoutKind::pointer);
  const size_t size = table.size();
  EXPECT_EQ(layout_of(context_.c_record(source.outer_), table), id);
  EXPECT_EQ(table.size(), size);
  const image::Layout& stack = table[layout_of(context_.stack(false, image::StackMode::perf, 6), table).value];
  EXPECT_EQ(stack.count, 6u);
  EXPECT_EQ(stack.size, 56u);
}

}  // namespace
}  // namespace sonde::types
