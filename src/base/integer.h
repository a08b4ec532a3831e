// The one parser of written integers: literals, numbers in attach points, script parameters, named options.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace sonde::base {

// What is allowed besides decimal, octal, hexadecimal, one-digit scientific form, C suffix and duration suffix.
struct IntegerRules {
  bool binary = false;  // 0b101
  bool sign = false;    // a leading `-`
};

struct Integer {
  uint64_t value = 0;     // durations in nanoseconds; the magnitude when negative
  bool negative = false;  // only with IntegerRules::sign, never for 0
};

// Parses the whole of `text`. The error is the message without prefix, such as "invalid trailing bytes: 08".
std::expected<Integer, std::string> parse_integer(std::string_view text, IntegerRules rules = {});

}  // namespace sonde::base
