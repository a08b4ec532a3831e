// The rules of operators and conversions as pure functions over types: used to find types and again to build the tree, so
// that both agree.
#pragma once

#include <optional>

#include "ast/ast.h"
#include "sema/bound.h"
#include "types/type.h"

namespace sonde::sema {

using types::TypeRef;

// Aggregates that read as a number (count, sum, min, max, avg).
bool is_castable_aggregate(TypeRef type);
// The 64-bit integer that such an aggregate reads as; any other type unchanged.
TypeRef readable(types::TypeContext& types, TypeRef type);
// `type` without the marks of inference: flexible integers become plain ones, in members too.
TypeRef settled(types::TypeContext& types, TypeRef type);
// `type` with the number 0 where inference guessed.
TypeRef without_guesses(types::TypeContext& types, TypeRef type);

bool is_comparison(ast::BinaryOp op);
bool is_logical(ast::BinaryOp op);

// Whether `type` can be tested: bool, integer, pointer.
bool is_condition(TypeRef type);

// Type that both operands of an arithmetic or bit operator convert to, and of its result: int64, uint64, or bool for two
// bools. Null when the operands are no numbers.
TypeRef arithmetic_type(types::TypeContext& types, ast::BinaryOp op, TypeRef left, TypeRef right);
// Type that both sides of a comparison convert to; null when they can not be compared. Pointers compare as uint64.
TypeRef comparison_type(types::TypeContext& types, TypeRef left, TypeRef right);

// Whether every value of integer type `from` surely is one of `to`.
bool fits(TypeRef from, TypeRef to);
// Whether the integer literal is a value of integer type `to`.
bool fits(const bound::Literal& literal, TypeRef to);

// Type of a literal (language.md 5.1).
TypeRef literal_type(types::TypeContext& types, const bound::Literal& literal);

// Folding (language.md 6.1). The error is what went wrong, as a catalogue id.
struct Folded {
  std::optional<bound::Literal> value;
  std::optional<diag::Id> problem;  // without value: an error; with one: a warning
};
Folded fold(ast::BinaryOp op, const bound::Literal& left, const bound::Literal& right);
Folded fold(ast::UnaryOp op, const bound::Literal& operand);
// Truth of a literal as a condition.
bool truth(const bound::Literal& literal);
// The tuple or record, seen through blocks that hold nothing else, if all its members are known; null otherwise.
const bound::Tuple* literal_tuple(const bound::Expr& expr);
// Whether two literals, or tuples or records of such, are equal: records by name, other lengths are unequal. Nothing when
// they can not be compared.
std::optional<bool> same_value(const bound::Expr& left, const bound::Expr& right);

}  // namespace sonde::sema
