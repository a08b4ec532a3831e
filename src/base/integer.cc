// Digits, exponent and suffix are taken in this order; what is left over is an error. All arithmetic is exact.
#include "base/integer.h"

#include <array>
#include <limits>

namespace sonde::base {
namespace {

constexpr uint64_t max_u64 = std::numeric_limits<uint64_t>::max();

struct Suffix {
  std::string_view text;
  uint64_t factor;
  uint64_t limit;
};
constexpr std::array<Suffix, 12> suffixes{{
    {"u", 1, 0xffffffff},
    {"ul", 1, max_u64},
    {"ull", 1, max_u64},
    {"l", 1, max_u64 >> 1},
    {"ll", 1, max_u64 >> 1},
    {"ns", 1, max_u64},
    {"us", 1000, max_u64},
    {"ms", 1000000, max_u64},
    {"s", 1000000000, max_u64},
    {"m", 60000000000, max_u64},
    {"h", 3600000000000, max_u64},
    {"d", 86400000000000, max_u64},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

class Reader {
 public:
  Reader(std::string_view text, IntegerRules rules) : text_(text), rest_(text), rules_(rules) {}

  std::expected<Integer, std::string> read() {
    Integer result;
    if (rules_.sign && rest_.starts_with('-')) {
      result.negative = true;
      rest_.remove_prefix(1);
    }
    const int base = take_base();
    const std::string_view body = rest_;
    if (take_digits(base) == 0) return std::unexpected("invalid integer: " + std::string(body));
    const bool single_digit = digits_ == 1 && rest_.data() == body.data() + 1;
    if (base == 10 || (base == 8 && digits_ == 1)) {
      if (auto scaled = take_exponent(single_digit && body[0] != '0'); !scaled) return std::unexpected(scaled.error());
    }
    if (auto done = take_suffix(); !done) return std::unexpected(done.error());
    result.value = value_;
    if (result.negative) {
      if (value_ > (uint64_t{1} << 63))
        return std::unexpected("underflow error, minimum value is -9223372036854775808: " + std::string(text_));
      result.negative = value_ != 0;
    }
    return result;
  }

 private:
  int take_base() {
    if (rest_.size() < 2 || rest_[0] != '0') return 10;
    const char mark = rest_[1];
    if (mark == 'x' || mark == 'X' || (rules_.binary && (mark == 'b' || mark == 'B'))) {
      rest_.remove_prefix(2);
      return mark == 'x' || mark == 'X' ? 16 : 2;
    }
    return 8;
  }

  // Returns the number of digits taken; `_` may stand anywhere behind the first.
  size_t take_digits(int base) {
    while (!rest_.empty()) {
      const char c = rest_[0];
      if (c == '_' && digits_ > 0) {
        rest_.remove_prefix(1);
        continue;
      }
      if (digit_value(c) >= base) break;
      scale(static_cast<uint64_t>(base), static_cast<uint64_t>(digit_value(c)));
      ++digits_;
      rest_.remove_prefix(1);
    }
    return digits_;
  }

  std::expected<void, std::string> take_exponent(bool coefficient_fits) {
    if (rest_.size() < 2 || (rest_[0] != 'e' && rest_[0] != 'E') || rest_[1] < '1' || rest_[1] > '9') return {};
    if (!coefficient_fits)
      return std::unexpected("coefficient part of scientific literal must be 1-9: " + std::string(text_));
    rest_.remove_prefix(1);
    uint64_t exponent = 0;
    for (; !rest_.empty() && is_digit(rest_[0]); rest_.remove_prefix(1))
      if (exponent < 100) exponent = exponent * 10 + static_cast<uint64_t>(rest_[0] - '0');
    for (; exponent > 0 && !overflow_; --exponent) scale(10, 0);
    return {};
  }

  std::expected<void, std::string> take_suffix() {
    uint64_t limit = max_u64;
    if (!rest_.empty()) {
      const Suffix* found = nullptr;
      for (const Suffix& suffix : suffixes)
        if (suffix.text == rest_) found = &suffix;
      if (!found) return std::unexpected("invalid trailing bytes: " + std::string(text_));
      limit = found->limit;
      scale(found->factor, 0);
    }
    if (overflow_ || value_ > limit)
      return std::unexpected("overflow error, maximum value is " + std::to_string(limit) + ": " + std::string(text_));
    return {};
  }

  void scale(uint64_t factor, uint64_t add) {
    overflow_ |= __builtin_mul_overflow(value_, factor, &value_);
    overflow_ |= __builtin_add_overflow(value_, add, &value_);
  }

  std::string_view text_;
  std::string_view rest_;
  IntegerRules rules_;
  uint64_t value_ = 0;
  size_t digits_ = 0;
  bool overflow_ = false;
};

}  // namespace

std::expected<Integer, std::string> parse_integer(std::string_view text, IntegerRules rules) {
  return Reader(text, rules).read();
}

}  // namespace sonde::base
