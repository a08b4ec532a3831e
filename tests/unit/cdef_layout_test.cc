// Layouts of our own C parser against those of the compiler that builds this test: both read data/shapes.h.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>

#include "cdef/unit.h"
#include "fake_kernel.h"

#pragma GCC diagnostic ignored "-Wattributes"
#define _Bool bool
#include "data/shapes.h"
#undef _Bool

namespace sonde::cdef {
namespace {

class Layout : public ::testing::Test {
 protected:
  Layout() : unit_(sources_, kernel_, {}) {
    std::ifstream file(SONDE_TESTS_DIR "/unit/data/shapes.h");
    const source::BufferId buffer = sources_.add("shapes.h", {std::istreambuf_iterator<char>(file), {}});
    unit_.read_header(buffer, diagnostics_);
  }

  const types::CRecord* record(std::string_view tag, std::string_view name) {
    const types::TypeRef type = unit_.find_type(tag, name);
    EXPECT_NE(type, nullptr) << name;
    return type ? type->c_record : nullptr;
  }
  // Byte offset through anonymous members.
  static uint32_t offset(const types::CRecord* record, std::string_view name) {
    uint32_t offset = 0;
    const auto path = record->find(name);
    EXPECT_FALSE(path.empty()) << name;
    for (const types::CField* field : path) offset += field->offset;
    return offset;
  }
  // First bit and width in memory.
  static std::pair<uint32_t, uint32_t> bits(const types::CRecord* record, std::string_view name) {
    const auto path = record->find(name);
    EXPECT_FALSE(path.empty()) << name;
    const types::CField& field = *path.back();
    // What is read must hold the field and lie within the record.
    EXPECT_LE(field.bit_offset + field.bit_size, field.type->size * 8) << name;
    EXPECT_LE(field.offset + field.type->size, record->size()) << name;
    return {offset(record, name) * 8 + field.bit_offset, field.bit_size};
  }

  sonde::testing::FakeKernel kernel_;
  source::SourceSet sources_;
  diag::Diagnostics diagnostics_;
  Unit unit_;
};

// The bits that a value leaves set in zeroed memory.
template <typename T>
std::pair<uint32_t, uint32_t> set_bits(const T& value) {
  unsigned char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  uint32_t first = UINT32_MAX, count = 0;
  for (uint32_t i = 0; i < sizeof(T) * 8; ++i) {
    if (!(bytes[i / 8] >> i % 8 & 1)) continue;
    if (first == UINT32_MAX) first = i;
    ++count;
  }
  return {first, count};
}

#define EXPECT_RECORD(tag, name)                  \
  do {                                            \
    const auto* found = record(#tag, #name);      \
    ASSERT_NE(found, nullptr);                    \
    EXPECT_EQ(found->size(), sizeof(tag name));   \
    EXPECT_EQ(found->align(), alignof(tag name)); \
  } while (false)
#define EXPECT_OFFSET(tag, name, field) \
  EXPECT_EQ(offset(record(#tag, #name), #field), offsetof(tag name, field)) << #field
#define EXPECT_BITS(tag, name, field, ones)                                            \
  do {                                                                                 \
    tag name value;                                                                    \
    std::memset(&value, 0, sizeof value);                                              \
    value.field = ones;                                                                \
    EXPECT_EQ(bits(record(#tag, #name), #field), set_bits(value)) << #name "." #field; \
  } while (false)

TEST_F(Layout, ParsesWithoutErrors) {
  for (const diag::Diagnostic& diagnostic : diagnostics_.all()) ADD_FAILURE() << diagnostic.text;
}

TEST_F(Layout, SizesAndAlignments) {
  EXPECT_RECORD(struct, Basic);
  EXPECT_RECORD(struct, Words);
  EXPECT_RECORD(struct, Pointers);
  EXPECT_RECORD(struct, Arrays);
  EXPECT_RECORD(struct, Nested);
  EXPECT_RECORD(union, Overlay);
  EXPECT_RECORD(struct, Packed);
  EXPECT_RECORD(struct, PackedBehind);
  EXPECT_RECORD(struct, PackedAligned);
  EXPECT_RECORD(struct, Aligned);
  EXPECT_RECORD(struct, MemberPacked);
  EXPECT_RECORD(struct, Holder);
  EXPECT_RECORD(struct, Bits);
  EXPECT_RECORD(struct, BitsGap);
  EXPECT_RECORD(struct, BitsPacked);
  EXPECT_RECORD(struct, BitsTail);
  EXPECT_RECORD(union, BitsUnion);
  EXPECT_RECORD(struct, BitsMixed);
  EXPECT_RECORD(struct, Pack2);
  EXPECT_RECORD(struct, Pack1);
  EXPECT_RECORD(struct, Empty);
  EXPECT_RECORD(struct, After);
}

TEST_F(Layout, Offsets) {
  EXPECT_OFFSET(struct, Basic, s);
  EXPECT_OFFSET(struct, Basic, l);
  EXPECT_OFFSET(struct, Basic, uc);
  EXPECT_OFFSET(struct, Basic, ul);
  EXPECT_OFFSET(struct, Basic, b);
  EXPECT_OFFSET(struct, Words, c);
  EXPECT_OFFSET(struct, Words, e);
  EXPECT_OFFSET(struct, Pointers, call);
  EXPECT_OFFSET(struct, Pointers, grid);
  EXPECT_OFFSET(struct, Pointers, unknown);
  EXPECT_OFFSET(struct, Arrays, matrix);
  EXPECT_OFFSET(struct, Arrays, sized);
  EXPECT_OFFSET(struct, Arrays, text);
  EXPECT_OFFSET(struct, Arrays, tail);
  EXPECT_OFFSET(struct, Nested, many);
  EXPECT_OFFSET(struct, Nested, as_bytes);
  EXPECT_OFFSET(struct, Nested, named);
  EXPECT_OFFSET(struct, Nested, deep);
  EXPECT_OFFSET(struct, Nested, tiny);
  EXPECT_OFFSET(struct, Nested, wide);
  EXPECT_OFFSET(union, Overlay, inner);
  EXPECT_OFFSET(struct, Packed, inner);
  EXPECT_OFFSET(struct, Packed, c);
  EXPECT_OFFSET(struct, PackedBehind, c);
  EXPECT_OFFSET(struct, PackedAligned, b);
  EXPECT_OFFSET(struct, Aligned, c);
  EXPECT_OFFSET(struct, MemberPacked, b);
  EXPECT_OFFSET(struct, MemberPacked, d);
  EXPECT_OFFSET(struct, Holder, packed);
  EXPECT_OFFSET(struct, Holder, aligned);
  EXPECT_OFFSET(struct, BitsGap, y);
  EXPECT_OFFSET(struct, BitsPacked, x);
  EXPECT_OFFSET(struct, BitsMixed, tos);
  EXPECT_OFFSET(struct, Pack2, c);
  EXPECT_OFFSET(struct, Pack2, d);
  EXPECT_OFFSET(struct, Pack1, c);
  EXPECT_OFFSET(struct, After, b);
}

TEST_F(Layout, BitFields) {
  EXPECT_BITS(struct, Bits, a, 7u);
  EXPECT_BITS(struct, Bits, b, 31u);
  EXPECT_BITS(struct, Bits, c, -1);
  EXPECT_BITS(struct, Bits, d, 1023u);
  EXPECT_BITS(struct, Bits, e, 0x1fffffffful);
  EXPECT_BITS(struct, Bits, f, 127);
  EXPECT_BITS(struct, Bits, g, 3);
  EXPECT_BITS(struct, Bits, h, true);
  EXPECT_BITS(struct, Bits, i, -1);
  EXPECT_BITS(struct, BitsGap, a, 15u);
  EXPECT_BITS(struct, BitsGap, b, 15u);
  EXPECT_BITS(struct, BitsGap, c, 63u);
  EXPECT_BITS(struct, BitsGap, d, (1ul << 40) - 1);
  EXPECT_BITS(struct, BitsGap, e, 1u);
  EXPECT_BITS(struct, BitsPacked, a, 127u);
  EXPECT_BITS(struct, BitsPacked, b, (1u << 30) - 1);
  EXPECT_BITS(struct, BitsPacked, c, 31);
  EXPECT_BITS(struct, BitsPacked, d, (1ul << 50) - 1);
  EXPECT_BITS(struct, BitsTail, a, 31u);
  EXPECT_BITS(struct, BitsTail, b, 7u);
  EXPECT_BITS(union, BitsUnion, a, 511u);
  EXPECT_BITS(union, BitsUnion, b, 15);
  EXPECT_BITS(struct, BitsMixed, version, 15);
  EXPECT_BITS(struct, BitsMixed, ihl, 15);
  EXPECT_BITS(struct, BitsMixed, color, static_cast<Color>(7));
  EXPECT_BITS(struct, BitsMixed, z, 3u);
  EXPECT_BITS(struct, Pack1, b, 4095u);
}

TEST_F(Layout, Enumerators) {
  const auto value = [&](std::string_view name) { return unit_.find_enumerator(name)->value; };
  EXPECT_EQ(value("BLUE"), static_cast<uint64_t>(BLUE));
  EXPECT_EQ(value("SUM"), static_cast<uint64_t>(SUM));
  EXPECT_EQ(value("MINUS"), static_cast<uint64_t>(int64_t{MINUS}));
  EXPECT_EQ(value("WIDE_B"), 0x100000000u);
  EXPECT_EQ(unit_.find_type("enum", "Tiny")->c_enum->field_size, sizeof(Tiny));
  EXPECT_EQ(unit_.find_type("enum", "Wide")->c_enum->field_size, sizeof(Wide));
  EXPECT_EQ(unit_.find_type("enum", "Color")->size, 8u);
  EXPECT_TRUE(unit_.find_type("enum", "Signed")->c_enum->is_signed);
}

TEST_F(Layout, TypesOfMembers) {
  const auto type = [&](std::string_view name, std::string_view field) {
    return types::printed(record("struct", name)->find(field).back()->type);
  };
  EXPECT_EQ(type("Basic", "c"), "int8");
  EXPECT_EQ(type("Basic", "lui"), "uint64");
  EXPECT_EQ(type("Basic", "b"), "uint8");
  EXPECT_EQ(type("Pointers", "p"), "void *");
  EXPECT_EQ(type("Pointers", "names"), "int8 * *");
  EXPECT_EQ(type("Pointers", "call"), "void *");
  EXPECT_EQ(type("Pointers", "table"), "void *[3]");
  EXPECT_EQ(type("Pointers", "grid"), "int32[4] *");
  EXPECT_EQ(type("Pointers", "next"), "struct Pointers *");
  EXPECT_EQ(type("Pointers", "unknown"), "struct Nowhere *");
  EXPECT_EQ(type("Arrays", "name"), "string[5]");
  EXPECT_EQ(type("Arrays", "matrix"), "int16[3][2]");
  EXPECT_EQ(type("Arrays", "text"), "string[4][6]");
  EXPECT_EQ(type("Arrays", "tail"), "uint8[0]");
  EXPECT_EQ(type("Nested", "color"), "enum Color");
  EXPECT_EQ(record("struct", "Pointers")->find("next").back()->type->element->c_record, record("struct", "Pointers"));
}

}  // namespace
}  // namespace sonde::cdef
