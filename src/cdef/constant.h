// Integer constant expressions of C, as in #if, array bounds, enumerators and bit-field widths.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cdef/token.h"

namespace sonde::cdef {

// A value of type int, unsigned int, long or unsigned long, as C's conversions made it.
struct Constant {
  uint64_t bits = 0;  // extended by the sign of its type to 64 bits
  bool is_unsigned = false;
  bool wide = false;  // long
  bool truth() const { return bits != 0; }
  bool negative() const { return !is_unsigned && static_cast<int64_t>(bits) < 0; }
  // `bits` in the range of a type of so many bytes.
  static Constant of(uint64_t bits, bool is_unsigned, bool wide);
};

// Value of a number as C spells it (`0x10UL`, `'a'`, `1'000` not); empty: not an integer.
std::optional<Constant> number_value(std::string_view text);
std::optional<Constant> character_value(std::string_view text);

// What the expression may mention besides numbers. Each hook reads its operand from `tokens` at `at` and moves it on.
struct ConstantHooks {
  // A name that is no operator. Empty: not a constant.
  std::function<std::optional<Constant>(const Token& name)> name;
  // An operator with a type, `sizeof(...)` and the like, at the cursor; sets `handled`. May be empty (in #if).
  std::function<std::optional<Constant>(size_t& at, bool& handled)> with_type;
  // `(` at the cursor begins a cast: moves behind `)` and gives size and signedness of its type. May be empty.
  std::function<bool(size_t& at, uint32_t& size, bool& is_unsigned)> cast;
};

struct ConstantError {
  source::Range range;
  std::string what;  // "division by zero", "expected expression"
};

// Evaluates a conditional expression that begins at `at` and moves `at` behind it. Unevaluated operands (of `&&`, `||`,
// `?:`) may be meaningless. Nesting is limited to 100 levels.
class ConstantParser {
 public:
  ConstantParser(std::span<const Token> tokens, size_t& at, const ConstantHooks& hooks)
      : tokens_(tokens), at_(at), hooks_(hooks) {}
  std::optional<Constant> parse();
  const ConstantError& error() const { return error_; }

 private:
  const Token& token() const;
  bool accept(std::string_view text);
  std::optional<Constant> fail(std::string what);
  std::optional<Constant> conditional();
  std::optional<Constant> binary(int lowest);
  std::optional<Constant> unary();
  std::optional<Constant> primary();
  std::optional<Constant> apply(std::string_view op, Constant left, Constant right);

  std::span<const Token> tokens_;
  size_t& at_;
  const ConstantHooks& hooks_;
  ConstantError error_;
  int depth_ = 0;
  int skipped_ = 0;  // > 0: in an operand that is not evaluated
};

}  // namespace sonde::cdef
