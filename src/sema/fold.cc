// Constant folding in exact 64-bit arithmetic (language.md 6.1).
#include <algorithm>

#include "base/check.h"
#include "sema/rules.h"

namespace sonde::sema {
namespace {

using bound::Literal;
using diag::Id;
using Wide = __int128;

Wide wide(const Literal& literal) {
  return literal.negative ? Wide{static_cast<int64_t>(literal.bits)} : Wide{literal.bits};
}

Folded boolean(bool value) { return {Literal{.kind = Literal::Kind::boolean, .bits = value}, {}}; }

Folded integer(Wide value) {
  if (value < Wide{INT64_MIN} || value > Wide{UINT64_MAX}) return {{}, Id::fold_overflow};
  return {Literal{.bits = static_cast<uint64_t>(value), .negative = value < 0}, {}};
}

Folded text(std::string value, std::optional<Id> warning = {}) {
  return {Literal{.kind = Literal::Kind::text, .text = std::move(value)}, warning};
}

template <typename Value>
bool compare(ast::BinaryOp op, const Value& left, const Value& right) {
  switch (op) {
    case ast::BinaryOp::eq: return left == right;
    case ast::BinaryOp::ne: return left != right;
    case ast::BinaryOp::lt: return left < right;
    case ast::BinaryOp::le: return left <= right;
    case ast::BinaryOp::gt: return left > right;
    case ast::BinaryOp::ge: return left >= right;
    default: SONDE_UNREACHABLE();
  }
}

Folded shift(ast::BinaryOp op, Wide left, Wide right) {
  if (right < 0 || right > 63) return {{}, Id::fold_overflow};
  const int count = static_cast<int>(right);
  // At most 64 + 63 bits, which fit.
  return integer(op == ast::BinaryOp::shl ? left * (Wide{1} << count) : left >> count);
}

Folded fold_integers(ast::BinaryOp op, const Literal& left_literal, const Literal& right_literal) {
  const Wide left = wide(left_literal), right = wide(right_literal);
  const bool above = left > Wide{INT64_MAX} || right > Wide{INT64_MAX};
  if (is_comparison(op)) return boolean(compare(op, left, right));
  if (above && (left < 0 || right < 0)) return {{}, Id::fold_overflow};
  switch (op) {
    case ast::BinaryOp::add: return integer(left + right);
    case ast::BinaryOp::sub: return integer(left - right);
    case ast::BinaryOp::mul: {
      Wide product = 0;
      if (__builtin_mul_overflow(left, right, &product)) return {{}, Id::fold_overflow};
      return integer(product);
    }
    case ast::BinaryOp::div: return right == 0 ? Folded{{}, Id::fold_overflow} : integer(left / right);
    case ast::BinaryOp::mod: return right == 0 ? Folded{{}, Id::fold_overflow} : integer(left % right);
    case ast::BinaryOp::bit_and: return integer(left & right);
    case ast::BinaryOp::bit_or: return integer(left | right);
    case ast::BinaryOp::bit_xor: return integer(left ^ right);
    case ast::BinaryOp::shl:
    case ast::BinaryOp::shr: return shift(op, left, right);
    default: SONDE_UNREACHABLE();
  }
}

// The rest of a text behind its first `count` bytes.
Folded suffix(const std::string& value, const Literal& count) {
  if (count.negative || count.bits >= value.size()) return text("", Id::string_always_empty);
  return text(value.substr(count.bits));
}

// What a comparison at run time sees of a text.
std::string_view until_nul(std::string_view value) { return value.substr(0, value.find('\0')); }

Folded fold_text(ast::BinaryOp op, const Literal& left, const Literal& right) {
  const bool left_text = left.kind == Literal::Kind::text, right_text = right.kind == Literal::Kind::text;
  if (left_text && right_text) {
    if (op == ast::BinaryOp::add) return text(left.text + right.text);
    if (is_comparison(op)) return boolean(compare(op, until_nul(left.text), until_nul(right.text)));
  } else if (left_text && right.kind == Literal::Kind::integer && op == ast::BinaryOp::add) {
    return suffix(left.text, right);
  }
  return {{}, Id::fold_string};
}

Folded fold_booleans(ast::BinaryOp op, bool left, bool right) {
  switch (op) {
    case ast::BinaryOp::add:
    case ast::BinaryOp::bit_or: return boolean(left || right);
    case ast::BinaryOp::mul:
    case ast::BinaryOp::bit_and: return boolean(left && right);
    case ast::BinaryOp::sub:
    case ast::BinaryOp::bit_xor: return boolean(left != right);
    case ast::BinaryOp::div:
    case ast::BinaryOp::mod:
      if (!right) return {{}, Id::fold_overflow};
      return boolean(op == ast::BinaryOp::div && left);
    case ast::BinaryOp::shl:
    case ast::BinaryOp::shr: return boolean(left && (op == ast::BinaryOp::shl || !right));
    default: return boolean(compare(op, left, right));
  }
}

}  // namespace

// Behind a NUL there is no text any more.
bool truth(const Literal& literal) {
  if (literal.kind != Literal::Kind::text) return literal.bits != 0;
  return !literal.text.empty() && literal.text.front() != '\0';
}

std::optional<bool> same_value(const bound::Expr& left, const bound::Expr& right) {
  const bound::Tuple* left_tuple = literal_tuple(left);
  const bound::Tuple* right_tuple = literal_tuple(right);
  if (!left_tuple && !right_tuple && left.literal && right.literal) {
    const Folded result = fold(ast::BinaryOp::eq, *left.literal, *right.literal);
    if (result.value) return truth(*result.value);
    return {};
  }
  if (!left_tuple || !right_tuple || left_tuple->names.empty() != right_tuple->names.empty()) return {};
  if (left_tuple->elements.size() != right_tuple->elements.size()) return false;
  bool same = true;
  for (size_t i = 0; i < left_tuple->elements.size(); ++i) {
    size_t other = i;
    if (!left_tuple->names.empty()) {
      const auto named = std::ranges::find(right_tuple->names, left_tuple->names[i]);
      if (named == right_tuple->names.end()) return {};
      other = static_cast<size_t>(named - right_tuple->names.begin());
    }
    const auto equal = same_value(*left_tuple->elements[i], *right_tuple->elements[other]);
    if (!equal) return {};
    same &= *equal;
  }
  return same;
}

const bound::Tuple* literal_tuple(const bound::Expr& expr) {
  const bound::Expr* seen = &expr;
  while (seen->kind == bound::Kind::block) {
    const bound::Block& block = static_cast<const bound::BlockExpr*>(seen)->block;
    if (!block.statements.empty() || !block.value) return nullptr;
    seen = block.value;
  }
  if (seen->kind != bound::Kind::tuple) return nullptr;
  const auto* tuple = static_cast<const bound::Tuple*>(seen);
  for (const bound::Expr* element : tuple->elements)
    if (!element->literal && !literal_tuple(*element)) return nullptr;
  return tuple;
}

Folded fold(ast::BinaryOp op, const Literal& left, const Literal& right) {
  if (op == ast::BinaryOp::logical_and) return boolean(truth(left) && truth(right));
  if (op == ast::BinaryOp::logical_or) return boolean(truth(left) || truth(right));
  if (left.kind == Literal::Kind::text || right.kind == Literal::Kind::text) return fold_text(op, left, right);
  if (left.kind == Literal::Kind::boolean && right.kind == Literal::Kind::boolean)
    return fold_booleans(op, left.bits != 0, right.bits != 0);
  Folded result = fold_integers(op, left, right);
  // A script parameter keeps its spelling: str($1 + 2) is the rest of the text, whatever it looks like.
  if (result.value && op == ast::BinaryOp::add && left.spelled && !right.negative &&
      right.kind == Literal::Kind::integer) {
    result.value->spelled = true;
    result.value->text = right.bits < left.text.size() ? left.text.substr(right.bits) : "";
  }
  return result;
}

Folded fold(ast::UnaryOp op, const Literal& operand) {
  switch (op) {
    case ast::UnaryOp::logical_not: return boolean(!truth(operand));
    case ast::UnaryOp::bit_not:
      if (operand.kind != Literal::Kind::integer) return {};
      return {Literal{.bits = ~operand.bits}, {}};
    case ast::UnaryOp::negate:
      if (operand.kind != Literal::Kind::integer) return {};
      if (!operand.negative && operand.bits > uint64_t{1} << 63) return {{}, Id::negative_underflow};
      return integer(-wide(operand));
    case ast::UnaryOp::dereference: return {};
  }
  SONDE_UNREACHABLE();
}

}  // namespace sonde::sema
