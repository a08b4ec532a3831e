// Written integers: every accepted form, every refusal with its text.
#include "base/integer.h"

#include <gtest/gtest.h>

namespace sonde::base {
namespace {

struct Accepted {
  const char* text;
  uint64_t value;
};

TEST(ParseInteger, Accepts) {
  constexpr Accepted cases[] = {
      {"0", 0},
      {"1_000", 1000},
      {"1__0", 10},
      {"017", 15},
      {"00", 0},
      {"0xFf", 255},
      {"0X1_0", 16},
      {"7e3", 7000},
      {"2E6", 2000000},
      {"5u", 5},
      {"5ul", 5},
      {"5ull", 5},
      {"5l", 5},
      {"5ll", 5},
      {"10ms", 10000000},
      {"3e2us", 300000},
      {"1ns", 1},
      {"1s", 1000000000},
      {"1m", 60000000000},
      {"1h", 3600000000000},
      {"1d", 86400000000000},
      {"4294967295u", 4294967295},
      {"9223372036854775807ll", 9223372036854775807},
      {"18446744073709551615", UINT64_MAX},
      {"18446744073709551615ull", UINT64_MAX},
      {"0xffffffffffffffff", UINT64_MAX},
      {"1e19", 10000000000000000000u},
  };
  for (const Accepted& c : cases) {
    const auto result = parse_integer(c.text);
    ASSERT_TRUE(result) << c.text << ": " << result.error();
    EXPECT_EQ(result->value, c.value) << c.text;
    EXPECT_FALSE(result->negative) << c.text;
  }
}

struct Refused {
  const char* text;
  const char* error;
};

TEST(ParseInteger, Refuses) {
  constexpr Refused cases[] = {
      {"", "invalid integer: "},
      {"x", "invalid integer: x"},
      {"0x", "invalid integer: "},
      {"0xg", "invalid integer: g"},
      {"08", "invalid trailing bytes: 08"},
      {"018", "invalid trailing bytes: 018"},
      {"5U", "invalid trailing bytes: 5U"},
      {"5ULL", "invalid trailing bytes: 5ULL"},
      {"5lu", "invalid trailing bytes: 5lu"},
      {"1e0", "invalid trailing bytes: 1e0"},
      {"1e", "invalid trailing bytes: 1e"},
      {"1/pid/", "invalid trailing bytes: 1/pid/"},
      {"0b101", "invalid trailing bytes: 0b101"},
      {"-1", "invalid integer: -1"},
      {"12e3", "coefficient part of scientific literal must be 1-9: 12e3"},
      {"0e3", "coefficient part of scientific literal must be 1-9: 0e3"},
      {"1e20", "overflow error, maximum value is 18446744073709551615: 1e20"},
      {"1e99999999999999999999", "overflow error, maximum value is 18446744073709551615: 1e99999999999999999999"},
      {"18446744073709551616", "overflow error, maximum value is 18446744073709551615: 18446744073709551616"},
      {"4294967296u", "overflow error, maximum value is 4294967295: 4294967296u"},
      {"9223372036854775808l", "overflow error, maximum value is 9223372036854775807: 9223372036854775808l"},
      {"300000d", "overflow error, maximum value is 18446744073709551615: 300000d"},
  };
  for (const Refused& c : cases) {
    const auto result = parse_integer(c.text);
    ASSERT_FALSE(result) << c.text;
    EXPECT_EQ(result.error(), c.error) << c.text;
  }
}

TEST(ParseInteger, RulesAddBinaryAndSign) {
  const IntegerRules rules{.binary = true, .sign = true};
  EXPECT_EQ(parse_integer("0b101", rules)->value, 5u);
  const auto negative = parse_integer("-1_0", rules);
  ASSERT_TRUE(negative);
  EXPECT_TRUE(negative->negative);
  EXPECT_EQ(negative->value, 10u);
  EXPECT_FALSE(parse_integer("-0", rules)->negative);
  EXPECT_TRUE(parse_integer("-9223372036854775808", rules));
  EXPECT_FALSE(parse_integer("-9223372036854775809", rules));
  EXPECT_FALSE(parse_integer("--1", rules));
  EXPECT_FALSE(parse_integer("0b", rules));
  EXPECT_FALSE(parse_integer("0b12", rules));
}

}  // namespace
}  // namespace sonde::base
