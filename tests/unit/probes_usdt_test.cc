// Argument strings of static probes, as compilers write them.
#include <gtest/gtest.h>

#include "probes/usdt_arguments.h"

namespace sonde::probes {
namespace {

using Kind = UsdtArgument::Kind;

std::optional<int64_t> distance(std::string_view symbol) {
  if (symbol == "global") return 1000;
  return std::nullopt;
}

UsdtArgument one(std::string_view text, UsdtMachine machine) {
  const auto all = parse_usdt_arguments(text, machine, distance);
  EXPECT_EQ(all.size(), 1u) << text;
  return all.empty() ? UsdtArgument() : all.front();
}
UsdtArgument x86(std::string_view text) { return one(text, UsdtMachine::x86_64); }
UsdtArgument arm(std::string_view text) { return one(text, UsdtMachine::arm64); }

TEST(UsdtArguments, X86Constants) {
  const UsdtArgument argument = x86("-4@$-7");
  EXPECT_EQ(argument.kind, Kind::constant);
  EXPECT_EQ(argument.size, 4u);
  EXPECT_TRUE(argument.is_signed);
  EXPECT_EQ(argument.value, -7);
  EXPECT_EQ(x86("8@$0x10").value, 16);
  EXPECT_FALSE(x86("1@$200").is_signed);
}

TEST(UsdtArguments, X86RegistersInEverySpelling) {
  for (const char* name : {"rax", "eax", "ax", "al"}) EXPECT_EQ(x86(std::string("8@%") + name).base, 80u) << name;
  for (const char* name : {"r8", "r8d", "r8w", "r8b"}) EXPECT_EQ(x86(std::string("8@%") + name).base, 72u) << name;
  EXPECT_EQ(x86("1@%sil").base, 104u);
  EXPECT_EQ(x86("1@%bpl").base, 32u);
  EXPECT_EQ(x86("8@%r15").base, 0u);
  EXPECT_EQ(x86("8@%rdi").kind, Kind::in_register);
  // Their upper halves have no place of their own in pt_regs.
  for (const char* text : {"1@%ah", "8@%xmm0", "8@%rdx1", "8@%", "8@%rax,"}) EXPECT_EQ(x86(text).kind, Kind::unusable);
}

TEST(UsdtArguments, X86Memory) {
  UsdtArgument argument = x86("-4@-20(%rbp)");
  EXPECT_EQ(argument.kind, Kind::memory);
  EXPECT_EQ(argument.base, 32u);
  EXPECT_EQ(argument.value, -20);
  EXPECT_EQ(x86("8@(%rsp)").base, 152u);
  argument = x86("8@16(%rax,%rcx,8)");
  EXPECT_EQ(argument.base, 80u);
  EXPECT_EQ(argument.index, 88u);
  EXPECT_EQ(argument.scale, 8u);
  EXPECT_EQ(argument.value, 16);
  argument = x86("8@(,%rdx,4)");
  EXPECT_FALSE(argument.base);
  EXPECT_EQ(argument.index, 96u);
  argument = x86("-4@global+8(%rip)");
  EXPECT_EQ(argument.base, 128u);
  EXPECT_EQ(argument.value, 1008);
  EXPECT_EQ(x86("4@4+global(%rip)").value, 1004);
  for (const char* text :
       {"8@(%rax,%rcx,3)", "8@()", "8@unknown(%rip)", "8@16(%rax", "8@16", "3@%rax", "@%rax", "8%rax"})
    EXPECT_EQ(x86(text).kind, Kind::unusable) << text;
  EXPECT_NE(x86("8f@%xmm1").problem.find("floating"), std::string::npos);
}

TEST(UsdtArguments, Arm64) {
  EXPECT_EQ(arm("8@x19").base, 19u * 8);
  EXPECT_EQ(arm("-4@w3").base, 3u * 8);
  EXPECT_EQ(arm("-4@w3").kind, Kind::in_register);
  EXPECT_EQ(arm("8@sp").base, 31u * 8);
  EXPECT_EQ(arm("-4@-1").value, -1);
  EXPECT_EQ(arm("-4@0x20").kind, Kind::constant);
  EXPECT_EQ(arm("8@xzr").value, 0);
  UsdtArgument argument = arm("-4@[sp, 28]");
  EXPECT_EQ(argument.kind, Kind::memory);
  EXPECT_EQ(argument.base, 31u * 8);
  EXPECT_EQ(argument.value, 28);
  EXPECT_EQ(arm("8@[x29, -16]").value, -16);
  EXPECT_EQ(arm("8@[x0]").base, 0u);
  argument = arm("8@[x1, x2, lsl 3]");
  EXPECT_EQ(argument.index, 16u);
  EXPECT_EQ(argument.scale, 8u);
  argument = arm("4@[x1, w2, sxtw 2]");
  EXPECT_EQ(argument.index_bytes, 4u);
  EXPECT_TRUE(argument.index_signed);
  EXPECT_EQ(argument.scale, 4u);
  EXPECT_EQ(arm("4@[x1, w2, uxtw]").scale, 1u);
  for (const char* text : {"8@x31", "8@v0", "8@[x0, 8", "8@[w0]", "8@%rax", "8@[x0, x1, ror 2]"})
    EXPECT_EQ(arm(text).kind, Kind::unusable) << text;
}

TEST(UsdtArguments, BlanksInsideBracketsDoNotSeparate) {
  const auto all = parse_usdt_arguments("  -4@[sp, 60]  8@x0 4@5 ", UsdtMachine::arm64, distance);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1].kind, Kind::in_register);
  EXPECT_EQ(all[2].value, 5);
  EXPECT_TRUE(parse_usdt_arguments("", UsdtMachine::x86_64, distance).empty());
}

}  // namespace
}  // namespace sonde::probes
