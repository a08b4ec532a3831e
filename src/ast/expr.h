// Expressions and written types, with a range on every node. Nodes live in an Arena and are immutable after parsing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "source/location.h"

namespace sonde::ast {

using source::Range;

struct Expr;
struct Block;
struct Type;

// A type or an expression, as in sizeof(...): which one a bare identifier is, only sema knows (a type name first).
struct TypeOrExpr {
  const Type* type = nullptr;
  const Expr* expr = nullptr;
};

enum class TypeTag : uint8_t { none, struct_tag, union_tag, enum_tag };

// A written type: [struct] NAME suffixes, or typeof(...). Suffixes read left to right: `int32*[4]`.
struct Type {
  struct Suffix {
    bool pointer = false;            // `*`; else an array or a capacity
    std::optional<uint64_t> length;  // `[N]`; empty for `[]`
  };
  Range range;
  TypeTag tag = TypeTag::none;
  std::string name;
  std::vector<Suffix> suffixes;
  std::optional<TypeOrExpr> type_of;  // set for typeof(...), then name and suffixes are empty
  uint32_t height = 1;
};

enum class ExprKind : uint8_t {
  int_literal,
  string_literal,
  bool_literal,
  identifier,
  variable,
  map,
  positional,
  positional_count,
  tuple,
  record,
  cast,
  unary,
  inc_dec,
  address_of,
  binary,
  ternary,
  field,
  tuple_index,
  index,
  call,
  if_expr,
  block_expr,
  sizeof_expr,
  offsetof_expr,
  typeinfo_expr,
  typeof_arg,
  comptime,
};

struct Expr {
  ExprKind kind;
  Range range;
  uint32_t height = 1;  // longest path down to a leaf; the parser bounds it, so later passes may recurse
};

// expr_cast<Call>(e): e as a Call, or null.
template <typename Node>
const Node* expr_cast(const Expr* expr) {
  return expr && expr->kind == Node::kKind ? static_cast<const Node*>(expr) : nullptr;
}

struct IntLiteral : Expr {
  static constexpr ExprKind kKind = ExprKind::int_literal;
  uint64_t value;
  std::string spelling;  // as written, for the formatter
};
struct StringLiteral : Expr {
  static constexpr ExprKind kKind = ExprKind::string_literal;
  std::string value;  // escapes decoded; may hold NUL bytes
};
struct BoolLiteral : Expr {
  static constexpr ExprKind kKind = ExprKind::bool_literal;
  bool value;
};
struct Identifier : Expr {
  static constexpr ExprKind kKind = ExprKind::identifier;
  std::string name;
};
struct Variable : Expr {  // `$x`
  static constexpr ExprKind kKind = ExprKind::variable;
  std::string name;  // with the sigil: "$x"
};
struct Map : Expr {  // `@m`, `@m[k, l]`
  static constexpr ExprKind kKind = ExprKind::map;
  std::string name;  // with the sigil: "@m", "@"
  Range name_range;
  bool keyed = false;
  std::vector<const Expr*> keys;
};
struct Positional : Expr {  // `$1`
  static constexpr ExprKind kKind = ExprKind::positional;
  uint64_t number;
};
struct PositionalCount : Expr {  // `$#`
  static constexpr ExprKind kKind = ExprKind::positional_count;
};
struct Tuple : Expr {
  static constexpr ExprKind kKind = ExprKind::tuple;
  std::vector<const Expr*> elements;
};
struct Record : Expr {
  static constexpr ExprKind kKind = ExprKind::record;
  struct Field {
    std::string name;
    Range name_range;
    const Expr* value;
  };
  std::vector<Field> fields;
};
struct Cast : Expr {
  static constexpr ExprKind kKind = ExprKind::cast;
  const Type* type;
  const Expr* operand;
};
enum class UnaryOp : uint8_t { logical_not, bit_not, negate, dereference };
struct Unary : Expr {
  static constexpr ExprKind kKind = ExprKind::unary;
  UnaryOp op;
  const Expr* operand;
};
struct IncDec : Expr {
  static constexpr ExprKind kKind = ExprKind::inc_dec;
  bool increment;
  bool prefix;
  const Expr* target;  // Variable or Map
};
struct AddressOf : Expr {
  static constexpr ExprKind kKind = ExprKind::address_of;
  const Expr* target;  // Variable or Map without key
};
enum class BinaryOp : uint8_t {
  logical_or,
  logical_and,
  bit_or,
  bit_xor,
  bit_and,
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  shl,
  shr,
  add,
  sub,
  mul,
  div,
  mod,
};
struct Binary : Expr {
  static constexpr ExprKind kKind = ExprKind::binary;
  BinaryOp op;
  Range op_range;
  const Expr* left;
  const Expr* right;
};
struct Ternary : Expr {  // `c ? a : b`; then_value is null for `c ?: b`
  static constexpr ExprKind kKind = ExprKind::ternary;
  const Expr* condition;
  const Expr* then_value;
  const Expr* else_value;
};
struct Field : Expr {  // `e.name`, `e->name`
  static constexpr ExprKind kKind = ExprKind::field;
  const Expr* base;
  std::string name;
  Range name_range;
};
struct TupleIndex : Expr {  // `e.0`
  static constexpr ExprKind kKind = ExprKind::tuple_index;
  const Expr* base;
  uint64_t index;
};
struct Index : Expr {  // `e[i]` on anything but a map
  static constexpr ExprKind kKind = ExprKind::index;
  const Expr* base;
  const Expr* index;
};
struct Call : Expr {
  static constexpr ExprKind kKind = ExprKind::call;
  std::string name;
  Range name_range;
  std::vector<const Expr*> arguments;  // may hold TypeofArg
};
struct If : Expr {
  static constexpr ExprKind kKind = ExprKind::if_expr;
  const Expr* condition;
  const Block* then_block;
  const Expr* else_branch;  // If, BlockExpr or null
};
struct BlockExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::block_expr;
  const Block* block;
};
struct Sizeof : Expr {
  static constexpr ExprKind kKind = ExprKind::sizeof_expr;
  TypeOrExpr operand;
};
struct Offsetof : Expr {
  static constexpr ExprKind kKind = ExprKind::offsetof_expr;
  TypeOrExpr operand;
  std::vector<std::string> path;
};
struct Typeinfo : Expr {
  static constexpr ExprKind kKind = ExprKind::typeinfo_expr;
  TypeOrExpr operand;
};
struct TypeofArg : Expr {  // typeof(...) as an argument of a macro call
  static constexpr ExprKind kKind = ExprKind::typeof_arg;
  TypeOrExpr operand;
};
struct Comptime : Expr {
  static constexpr ExprKind kKind = ExprKind::comptime;
  const Expr* operand;
};

}  // namespace sonde::ast
