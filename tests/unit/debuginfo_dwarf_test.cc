// Functions and lines of tests/kernel/programs/typed.c, which is built with debug information whatever the tests are built with.
#include <gtest/gtest.h>

#include "debuginfo/dwarf_file.h"
#include "kernel/binary_view.h"

namespace sonde::debuginfo {
namespace {

class Dwarf : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = view_.debug_info(SONDE_TYPED_PROGRAM, types_);
    ASSERT_TRUE(opened) << opened.error().text();
    file_ = *opened;
  }
  Function function(const char* name) {
    const auto symbol = view_.find_function(SONDE_TYPED_PROGRAM, name);
    EXPECT_TRUE(symbol) << name;
    auto found = symbol ? file_->function_at(symbol->address) : std::nullopt;
    EXPECT_TRUE(found) << name;
    return found.value_or(Function());
  }

  types::TypeContext types_;
  kernel::BinaryView view_;
  DwarfFile* file_ = nullptr;
};

TEST_F(Dwarf, ParametersHaveNamesTypesAndRegisters) {
  const Function integers = function("integers");
  ASSERT_EQ(integers.parameters.size(), 6u);
  EXPECT_EQ(integers.parameters[0].text, "signed char");
  EXPECT_EQ(types::printed(integers.parameters[0].type), "int8");
  EXPECT_EQ(types::printed(integers.parameters[3].type), "uint16");
  for (uint32_t i = 0; i < 6; ++i) EXPECT_EQ(integers.parameters[i].first_register, i);
  const Function pointers = function("pointers");
  ASSERT_EQ(pointers.parameters.size(), 5u);
  EXPECT_EQ(pointers.parameters[0].text, "const char*");
  EXPECT_EQ(pointers.parameters[2].text, "const void*");
  EXPECT_EQ(pointers.parameters[3].text, "<unknown type>*");
  EXPECT_EQ(pointers.parameters[4].text, "char**");
  EXPECT_EQ(types::printed(pointers.parameters[1].type), "struct point *");
}

TEST_F(Dwarf, FloatingPointAndRecordsFollowTheCallingConvention) {
  const Function mixed = function("mixed");
  ASSERT_EQ(mixed.parameters.size(), 5u);
  EXPECT_FALSE(mixed.parameters[0].first_register);
  EXPECT_EQ(mixed.parameters[0].type->kind, types::Kind::none);
  EXPECT_EQ(mixed.parameters[1].first_register, 0u);
  EXPECT_EQ(mixed.parameters[3].first_register, 1u);
  EXPECT_FALSE(mixed.parameters[4].first_register);
  const Function by_value = function("by_value");
  ASSERT_EQ(by_value.parameters.size(), 4u);
  EXPECT_EQ(by_value.parameters[1].first_register, 1u);
  EXPECT_EQ(by_value.parameters[1].registers, 2u);
  EXPECT_EQ(by_value.parameters[2].first_register, 3u);
  EXPECT_EQ(by_value.parameters[3].first_register, 4u);
  EXPECT_TRUE(function("seven").parameters[6].on_stack);
}

TEST_F(Dwarf, MembersHaveTheirPlaces) {
  const Function bits = function("bits");
  ASSERT_EQ(bits.parameters.size(), 1u);
  const types::CRecord& flags = *bits.parameters[0].type->element->c_record;
  const auto c = flags.find("c");
  ASSERT_EQ(c.size(), 1u);
  EXPECT_EQ(c[0]->bit_offset, 8u);
  EXPECT_EQ(c[0]->bit_size, 12u);
  EXPECT_EQ(flags.find("inner").size(), 2u);  // through the anonymous member
  EXPECT_EQ(types::printed(flags.find("bytes").back()->type), "string[8]");
  EXPECT_TRUE(flags.find("nothing").empty());
}

TEST_F(Dwarf, LinesAreFoundByAnyTailOfThePath) {
  const Function here = function("here");
  EXPECT_EQ(here.name, "here");
  const auto missing = file_->address_of_line("nosuch.c", 1, 0);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().what, "DWARF error: No compilation unit matches nosuch.c");
  EXPECT_FALSE(file_->address_of_line("yped.c", 1, 0));
  const auto none = file_->address_of_line("typed.c", 1, 0);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().what, "DWARF error: Unable to map 'typed.c:1' to address");
}

TEST_F(Dwarf, WhatIsNoFunctionIsNone) {
  EXPECT_FALSE(file_->function_at(1));
  EXPECT_FALSE(view_.debug_info("/etc/passwd", types_));
}

}  // namespace
}  // namespace sonde::debuginfo
