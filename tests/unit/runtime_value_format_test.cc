// Default text forms, map keys and every row of the printf tables.
#include <gtest/gtest.h>

#include "runtime/value/format.h"

namespace sonde::value {
namespace {

Value integer(int64_t number) { return {Integer{static_cast<uint64_t>(number), true, 8}}; }
Value natural(uint64_t number) { return {Integer{number, false, 8}}; }
Value text(std::string bytes) { return {Text{std::move(bytes)}}; }

std::string format(const char* source, std::vector<Value> arguments) {
  std::string out;
  append_formatted(out, image::parse_format(source), arguments);
  return out;
}

std::string shown(const Value& value) {
  std::string out;
  append_text(out, value);
  return out;
}

std::string key(const Value& value) {
  std::string out = "kept";
  append_key(out, value);
  return out.substr(4);
}

std::string gfp(uint64_t flags) {
  std::string out;
  append_gfp_flags(out, flags);
  return out;
}

TEST(Printf, FlagsFollowStreams) {
  EXPECT_EQ(format("[%5d]", {integer(42)}), "[   42]");
  EXPECT_EQ(format("[%-5d]", {integer(42)}), "[42   ]");
  EXPECT_EQ(format("[%05d]", {integer(42)}), "[00042]");
  EXPECT_EQ(format("[%05d]", {integer(-42)}), "[00-42]");
  EXPECT_EQ(format("[%+d]", {integer(42)}), "[+42]");
  EXPECT_EQ(format("[%+d]", {integer(-42)}), "[-42]");
  EXPECT_EQ(format("[%+05d]", {integer(42)}), "[00+42]");
  EXPECT_EQ(format("[% d]", {integer(42)}), "[42]");
  EXPECT_EQ(format("[%*d]", {integer(5)}), "[5]");
  EXPECT_EQ(format("[%+x]", {integer(5)}), "[5]");
  EXPECT_EQ(format("[%#x]", {integer(255)}), "[0xff]");
  EXPECT_EQ(format("[%#o]", {integer(255)}), "[0377]");
  EXPECT_EQ(format("[%#X]", {integer(255)}), "[0XFF]");
  EXPECT_EQ(format("[%#x]", {integer(0)}), "[0]");
  EXPECT_EQ(format("[%#08x]", {integer(255)}), "[00000xff]");
  EXPECT_EQ(format("[%010s]", {text("abc")}), "[0000000abc]");
  EXPECT_EQ(format("[%.2s]", {text("abc")}), "[abc]");
  EXPECT_EQ(format("[%8.3d]", {integer(5)}), "[       5]");
  EXPECT_EQ(format("[%20p]", {integer(255)}), "[                0xff]");
  EXPECT_EQ(format("[%10s]", {Value{true}}), "[      true]");
  EXPECT_EQ(format("[%5c]", {integer('a')}), "[    a]");
}

TEST(Printf, ModifiersChooseTheType) {
  const Value v = integer(0x1234567890);
  EXPECT_EQ(format("%d %x %ld %lx", {v, v, v, v}), "878082192 34567890 78187493520 1234567890");
  EXPECT_EQ(format("%u %hhu %hu", {integer(-1), integer(-1), integer(-1)}), "4294967295 255 65535");
  EXPECT_EQ(format("%hhd %hd %d", {integer(384), integer(98304 + 7), integer(int64_t{1} << 32)}), "-128 -32761 0");
  EXPECT_EQ(format("%lu %llu %ju %zu", {integer(-1), integer(-1), integer(-1), integer(-1)}),
            "18446744073709551615 18446744073709551615 18446744073709551615 18446744073709551615");
  EXPECT_EQ(format("%tu %td", {integer(-1), integer(-2)}), "-1 -2");
  EXPECT_EQ(format("%lld", {natural(UINT64_MAX)}), "-1");
  EXPECT_EQ(format("%s %p", {natural(UINT64_MAX), natural(UINT64_MAX)}), "18446744073709551615 0xffffffffffffffff");
  EXPECT_EQ(format("%X %o", {integer(0xabc), integer(8)}), "ABC 10");
}

TEST(Printf, ConversionsByType) {
  const Value busy{Enumerator{{4, false, 8}, "BUSY"}};
  const Value buffer{Buffer{"a\x01"}};
  EXPECT_EQ(format("%d %s %x|%r|%rh", {busy, busy, busy, buffer, buffer}), "4 BUSY 4|a\\x01|61 01");
  EXPECT_EQ(format("%rx", {buffer}), "\\x61\\x01");
  EXPECT_EQ(format("%d%d", {Value{true}, Value{false}}), "10");
  EXPECT_EQ(format("%p %p", {Value{Pointer{0x1234}}, Value{Pointer{0}}}), "0x1234 0");
  EXPECT_EQ(format("%s %s", {Value{Pointer{0x1234}}, Value{Pointer{0}}}), "0x1234 0x0");
  EXPECT_EQ(format("A%sB", {Value{Stack{{{1, "        a+1"}, {2, "        b+2"}}}}}), "A\n        a+1\n        b+2\nB");
  EXPECT_EQ(format("100%% %k%d", {integer(1)}), "100% %k1");
  EXPECT_EQ(format("%c%c", {integer('o'), integer('k')}), "ok");
}

TEST(Printf, MultiLineValuesArePaddedAsOneString) {
  EXPECT_EQ(format("[%6s]", {Value{Stack{{{1, "a"}}}}}), "[   \na\n]");
}

TEST(Printf, WhatCanNotBeFormattedIsMarked) {
  EXPECT_EQ(format("%gr", {Value{true}}), "!{invalid GFP flags conversion: true}");
  EXPECT_EQ(format("<%d>", {text("x")}), "<!{invalid value for %d}>");
  EXPECT_EQ(format("<%d>", {}), "<!{invalid missing argument for %d}>");
}

TEST(Printf, GfpFlags) {
  EXPECT_EQ(gfp(0), "0");
  EXPECT_EQ(gfp(0xcc0), "GFP_KERNEL");
  EXPECT_EQ(gfp(0x820), "GFP_ATOMIC");
  EXPECT_EQ(gfp(0x10000000000), "0x10000000000");
  EXPECT_EQ(gfp(0xcc0 | 1U << 22), "GFP_KERNEL_ACCOUNT");
  EXPECT_EQ(gfp(0xcc0 | 1U << 8), "GFP_KERNEL|__GFP_ZERO");
  EXPECT_EQ(gfp(1U << 3), "0x8");
  EXPECT_EQ(gfp(0xcc0 | 1U << 20 | 1U << 1), "GFP_HIGHUSER");
  EXPECT_EQ(format("%gr", {integer(0x820)}), "GFP_ATOMIC");
}

TEST(DefaultForm, Scalars) {
  EXPECT_EQ(shown(integer(-5)), "-5");
  EXPECT_EQ(shown(natural(UINT64_MAX)), "18446744073709551615");
  EXPECT_EQ(shown({true}), "true");
  EXPECT_EQ(shown({false}), "false");
  EXPECT_EQ(shown({Pointer{0}}), "0x0");
  EXPECT_EQ(shown({Enumerator{{77, false, 8}, ""}}), "77");
  EXPECT_EQ(shown({Buffer{"he\x01\xff"}}), "he\\x01\\xff");
  EXPECT_EQ(shown({Null{}}), "null");
}

TEST(DefaultForm, Nested) {
  EXPECT_EQ(shown({Array{{integer(1), integer(2), integer(3)}}}), "[1,2,3]");
  EXPECT_EQ(shown({Array{{{Array{{integer(0), integer(0)}}}, {Array{{integer(1), integer(2)}}}}}}), "[[0,0],[1,2]]");
  EXPECT_EQ(shown({Tuple{{integer(1), text("a"), {Tuple{{integer(2), {true}}}}}}}), "(1, a, (2, true))");
  EXPECT_EQ(shown({Tuple{{integer(1)}}}), "(1)");
  EXPECT_EQ(shown({Record{{{"a", integer(1)}, {"b", text("x")}}}}), "{ .a = 1, .b = x }");
  EXPECT_EQ(shown({Record{}}), "{}");
  EXPECT_EQ(shown({Stack{}}), "\n");
  EXPECT_EQ(shown({Stats{2, {static_cast<uint64_t>(-1), true}, {static_cast<uint64_t>(-3), true}}}),
            "{ .count = 2, .average = -1, .total = -3 }");
}

TEST(Keys, LoseTheirOuterParentheses) {
  EXPECT_EQ(key({Tuple{{integer(1), text("x")}}}), "1, x");
  EXPECT_EQ(key({Tuple{{integer(1), {Tuple{{integer(2), integer(3)}}}}}}), "1, (2, 3)");
  EXPECT_EQ(key({Tuple{{{Tuple{{integer(1), integer(2)}}}, integer(3)}}}), "(1, 2), 3");
  EXPECT_EQ(key({Tuple{{integer(1)}}}), "1");
  EXPECT_EQ(key(text("(x)")), "x");
  EXPECT_EQ(key(text("(")), "(");
  EXPECT_EQ(key(text("")), "");
  EXPECT_EQ(key({Record{{{"a", integer(1)}, {"b", integer(2)}}}}), "{ .a = 1, .b = 2 }");
  EXPECT_EQ(key({Array{{integer(9), integer(1)}}}), "[9,1]");
}

}  // namespace
}  // namespace sonde::value
