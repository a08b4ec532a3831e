// Precedence climbing over integer constants, with the usual arithmetic conversions of C for int and long.
#include "cdef/constant.h"

#include <algorithm>
#include <charconv>

namespace sonde::cdef {
namespace {

constexpr int kMaxDepth = 100;

struct Operator {
  std::string_view text;
  int level;
};
constexpr Operator kOperators[] = {{"||", 1}, {"&&", 2}, {"|", 3},  {"^", 4},  {"&", 5},  {"==", 6},
                                   {"!=", 6}, {"<", 7},  {"<=", 7}, {">", 7},  {">=", 7}, {"<<", 8},
                                   {">>", 8}, {"+", 9},  {"-", 9},  {"*", 10}, {"/", 10}, {"%", 10}};

int level_of(const Token& token) {
  if (token.kind != TokenKind::punctuator) return 0;
  for (const Operator& row : kOperators)
    if (row.text == token.text) return row.level;
  return 0;
}

Constant truth(bool value) { return {value ? 1u : 0u, false, false}; }

std::optional<uint64_t> escaped(std::string_view& text) {
  constexpr std::string_view kLetters = "abfnrtv0\\'\"?e";
  constexpr std::string_view kValues = "\a\b\f\n\r\t\v\0\\'\"?\x1b";
  if (text.empty()) return {};
  const char c = text.front();
  if (c == 'x' || (c >= '0' && c <= '7')) {
    const bool hex = c == 'x';
    if (hex) text.remove_prefix(1);
    uint64_t value = 0;
    const size_t limit = hex ? text.size() : std::min<size_t>(3, text.size());
    const auto end = std::from_chars(text.data(), text.data() + limit, value, hex ? 16 : 8);
    if (end.ec != std::errc()) return {};
    text.remove_prefix(static_cast<size_t>(end.ptr - text.data()));
    return value & 0xff;
  }
  const size_t index = kLetters.find(c);
  if (index == std::string_view::npos) return {};
  text.remove_prefix(1);
  return static_cast<unsigned char>(kValues[index]);
}

}  // namespace

Constant Constant::of(uint64_t bits, bool is_unsigned, bool wide) {
  if (!wide) bits = is_unsigned ? static_cast<uint32_t>(bits) : static_cast<uint64_t>(static_cast<int32_t>(bits));
  return {bits, is_unsigned, wide};
}

std::optional<Constant> number_value(std::string_view text) {
  int base = 10;
  std::string_view digits = text;
  if (digits.size() > 1 && digits[0] == '0') {
    const char kind = static_cast<char>(digits[1] | 0x20);
    base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
    digits.remove_prefix(base == 8 ? 1 : 2);
  }
  uint64_t value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  const bool lone_zero = base == 8 && (digits.empty() || end.ec == std::errc::invalid_argument);
  if (end.ec != std::errc() && !lone_zero) return {};
  bool is_unsigned = false;
  size_t longs = 0;
  for (const char c : digits.substr(static_cast<size_t>(end.ptr - digits.data()))) {
    if ((c | 0x20) == 'u' && !is_unsigned)
      is_unsigned = true;
    else if ((c | 0x20) == 'l' && longs < 2)
      ++longs;
    else
      return {};
  }
  // C picks the first type of a list that holds the value; only other bases than ten may go unsigned by themselves.
  bool wide = longs != 0;
  if (!wide && value > (is_unsigned || base != 10 ? UINT32_MAX : uint64_t{INT32_MAX})) wide = true;
  if (!is_unsigned && !wide && value > INT32_MAX) is_unsigned = true;
  if (wide && value > INT64_MAX) is_unsigned = true;
  return Constant{value, is_unsigned, wide};
}

std::optional<Constant> character_value(std::string_view text) {
  text.remove_prefix(std::min(text.find('\''), text.size()));
  if (text.size() < 3) return {};
  text = text.substr(1, text.size() - 2);
  uint64_t value = static_cast<unsigned char>(text.front());
  const bool escape = text.front() == '\\';
  text.remove_prefix(1);
  if (escape) {
    const auto meant = escaped(text);
    if (!meant) return {};
    value = *meant;
  }
  if (!text.empty()) return {};
  return Constant{static_cast<uint64_t>(static_cast<int64_t>(static_cast<signed char>(value))), false, false};
}

const Token& ConstantParser::token() const {
  static constexpr Token kEnd;
  return at_ < tokens_.size() ? tokens_[at_] : kEnd;
}

bool ConstantParser::accept(std::string_view text) {
  if (!token().is(text)) return false;
  ++at_;
  return true;
}

std::optional<Constant> ConstantParser::fail(std::string what) {
  if (!error_.what.empty()) return {};
  const source::Range last = tokens_.empty() ? source::Range{} : tokens_.back().range;
  error_ = {at_ < tokens_.size() ? tokens_[at_].range : source::Range{last.buffer, last.end, last.end},
            std::move(what)};
  return {};
}

std::optional<Constant> ConstantParser::parse() { return conditional(); }

std::optional<Constant> ConstantParser::conditional() {
  if (++depth_ > kMaxDepth) return fail("expression is nested too deeply");
  auto condition = binary(1);
  if (condition && accept("?")) {
    const bool first = condition->truth();
    std::optional<Constant> left = condition;
    if (!token().is(":")) {
      skipped_ += !first;
      left = conditional();
      skipped_ -= !first;
    }
    if (!left) return {};
    if (!accept(":")) return fail("expected ':'");
    skipped_ += first;
    const auto right = conditional();
    skipped_ -= first;
    if (!right) return {};
    const Constant& chosen = first ? *left : *right;
    condition = Constant::of(chosen.bits, left->is_unsigned || right->is_unsigned, left->wide || right->wide);
  }
  --depth_;
  return condition;
}

std::optional<Constant> ConstantParser::binary(int lowest) {
  auto left = unary();
  while (left) {
    const int level = level_of(token());
    if (level == 0 || level < lowest) break;
    const std::string_view op = token().text;
    ++at_;
    const bool skips = (op == "&&" && !left->truth()) || (op == "||" && left->truth());
    skipped_ += skips;
    const auto right = binary(level + 1);
    skipped_ -= skips;
    if (!right) return {};
    left = apply(op, *left, *right);
  }
  return left;
}

std::optional<Constant> ConstantParser::apply(std::string_view op, Constant left, Constant right) {
  if (op == "&&") return truth(left.truth() && right.truth());
  if (op == "||") return truth(left.truth() || right.truth());
  if (op == "<<" || op == ">>") {
    const uint64_t count = right.bits;
    if (count >= (left.wide ? 64u : 32u)) return skipped_ ? left : fail("shift count is out of range");
    if (op == "<<") return Constant::of(left.bits << count, left.is_unsigned, left.wide);
    const uint64_t shifted =
        left.is_unsigned ? left.bits >> count : static_cast<uint64_t>(static_cast<int64_t>(left.bits) >> count);
    return Constant::of(shifted, left.is_unsigned, left.wide);
  }
  const bool wide = left.wide || right.wide;
  // unsigned int fits into long, so it loses its mark there.
  const bool is_unsigned = (left.is_unsigned && left.wide == wide) || (right.is_unsigned && right.wide == wide);
  const uint64_t a = Constant::of(left.bits, is_unsigned, wide).bits;
  const uint64_t b = Constant::of(right.bits, is_unsigned, wide).bits;
  const auto sa = static_cast<int64_t>(a), sb = static_cast<int64_t>(b);
  if (op == "==") return truth(a == b);
  if (op == "!=") return truth(a != b);
  if (op == "<") return truth(is_unsigned ? a < b : sa < sb);
  if (op == "<=") return truth(is_unsigned ? a <= b : sa <= sb);
  if (op == ">") return truth(is_unsigned ? a > b : sa > sb);
  if (op == ">=") return truth(is_unsigned ? a >= b : sa >= sb);
  uint64_t value = 0;
  if (op == "+")
    value = a + b;
  else if (op == "-")
    value = a - b;
  else if (op == "*")
    value = a * b;
  else if (op == "&")
    value = a & b;
  else if (op == "|")
    value = a | b;
  else if (op == "^")
    value = a ^ b;
  else if (b == 0) {
    if (!skipped_) return fail("division by zero");
  } else if (is_unsigned)
    value = op == "/" ? a / b : a % b;
  else if (sb == -1)
    value = op == "/" ? 0 - a : 0;  // the lowest number divided by -1 would trap
  else
    value = static_cast<uint64_t>(op == "/" ? sa / sb : sa % sb);
  return Constant::of(value, is_unsigned, wide);
}

std::optional<Constant> ConstantParser::unary() {
  if (++depth_ > kMaxDepth) return fail("expression is nested too deeply");
  std::optional<Constant> result;
  if (accept("+")) {
    result = unary();
  } else if (accept("-")) {
    result = unary();
    if (result) result = Constant::of(0 - result->bits, result->is_unsigned, result->wide);
  } else if (accept("~")) {
    result = unary();
    if (result) result = Constant::of(~result->bits, result->is_unsigned, result->wide);
  } else if (accept("!")) {
    result = unary();
    if (result) result = truth(!result->truth());
  } else {
    result = primary();
  }
  --depth_;
  return result;
}

std::optional<Constant> ConstantParser::primary() {
  if (hooks_.with_type) {
    bool handled = false;
    auto value = hooks_.with_type(at_, handled);
    if (handled) return value ? value : fail("expected a constant");
  }
  const Token here = token();
  if (here.is("(")) {
    uint32_t size = 0;
    bool is_unsigned = false;
    if (hooks_.cast && hooks_.cast(at_, size, is_unsigned)) {
      auto value = unary();
      if (!value) return {};
      uint64_t bits = value->bits;
      if (size == 1) bits = is_unsigned ? static_cast<uint8_t>(bits) : static_cast<uint64_t>(static_cast<int8_t>(bits));
      if (size == 2)
        bits = is_unsigned ? static_cast<uint16_t>(bits) : static_cast<uint64_t>(static_cast<int16_t>(bits));
      return Constant::of(bits, is_unsigned && size >= 4, size == 8);
    }
    ++at_;
    auto value = conditional();
    if (value && !accept(")")) return fail("expected ')'");
    return value;
  }
  std::optional<Constant> value;
  if (here.kind == TokenKind::number)
    value = number_value(here.text);
  else if (here.kind == TokenKind::character)
    value = character_value(here.text);
  else if (here.kind == TokenKind::identifier)
    value = hooks_.name(here);
  else
    return fail("expected expression");
  if (!value)
    return fail(here.kind == TokenKind::identifier ? "'" + std::string(here.text) + "' is not a constant"
                                                   : std::string(here.text) + " is not an integer");
  ++at_;
  return value;
}

}  // namespace sonde::cdef
