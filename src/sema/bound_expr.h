// Expressions of the bound tree (sema/bound.h). Private to sema.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ast/ast.h"
#include "builtins/builtin.h"
#include "kernel/kernel_view.h"
#include "sema/scopes.h"
#include "sema/slots.h"
#include "source/location.h"
#include "types/type.h"

namespace sonde::sema::bound {

using source::Range;
using types::TypeRef;
using Levels = const std::vector<Range>*;  // macro levels, innermost first; null: none

// A value known at compile time.
struct Literal {
  enum class Kind : uint8_t { integer, boolean, text };
  Kind kind = Kind::integer;
  uint64_t bits = 0;      // integer: 64-bit two's complement; boolean: 0 or 1
  bool negative = false;  // integer: below zero
  std::string text;       // text; for script parameters also the original spelling of an integer
  bool spelled = false;   // an integer that came from a script parameter: `text` is set
};

enum class Kind : uint8_t {
  literal,
  variable,
  map_access,
  map_whole,
  word,
  tuple,
  cast,
  unary,
  binary,
  inc_dec,
  address_of,
  conditional,
  field,
  tuple_index,
  index,
  call,
  c_call,
  block,
  type_query,
  comptime,
  context,
  unknown,
};

struct Expr {
  Kind kind;
  Range range;
  Levels levels = nullptr;
  // Filled in by typing. Null: not known yet, or (in the final round) wrong and already reported.
  TypeRef type = nullptr;
  std::optional<Literal> literal;
  types::Space space = types::Space::none;  // of C records: where they were read from
  bool used = true;                         // somebody wants the value
};

template <typename Node>
Node* as(Expr* expr) {
  return expr && expr->kind == Node::kKind ? static_cast<Node*>(expr) : nullptr;
}

struct Stmt;

// A written type: known, or the type of an expression (typeof) that inference finds. `suffixes` are those that a macro
// wrote behind its parameter; a type's own are part of `known`.
struct TypeSpec {
  TypeRef known = nullptr;
  Expr* of = nullptr;  // typeof(e), or the operand of sizeof and its kin
  std::vector<ast::Type::Suffix> suffixes;
  Range range;
};

struct LiteralExpr : Expr {
  static constexpr Kind kKind = Kind::literal;
  Literal value;
  TypeRef enumeration = nullptr;  // an enumerator
};
struct VariableRef : Expr {
  static constexpr Kind kKind = Kind::variable;
  Variable* variable = nullptr;
};
struct MapAccess : Expr {  // the value of an entry
  static constexpr Kind kKind = Kind::map_access;
  Map* map = nullptr;
  Expr* key = nullptr;  // null: scalar
};
struct MapWhole : Expr {
  static constexpr Kind kKind = Kind::map_whole;
  Map* map = nullptr;
};
struct Word : Expr {  // bare identifier in a position of ParamKind::word
  static constexpr Kind kKind = Kind::word;
  std::string text;
};
struct Tuple : Expr {
  static constexpr Kind kKind = Kind::tuple;
  std::vector<Expr*> elements;
  std::vector<std::string> names;  // of a record; else empty
};
struct Cast : Expr {
  static constexpr Kind kKind = Kind::cast;
  TypeSpec spec;
  Expr* operand = nullptr;
};
struct Unary : Expr {
  static constexpr Kind kKind = Kind::unary;
  ast::UnaryOp op = ast::UnaryOp::negate;
  Expr* operand = nullptr;
};
struct Binary : Expr {
  static constexpr Kind kKind = Kind::binary;
  ast::BinaryOp op = ast::BinaryOp::add;
  Range op_range;
  Expr* left = nullptr;
  Expr* right = nullptr;
};
struct IncDec : Expr {
  static constexpr Kind kKind = Kind::inc_dec;
  bool increment = true;
  bool prefix = false;
  Expr* target = nullptr;  // VariableRef or MapAccess
};
struct AddressOf : Expr {
  static constexpr Kind kKind = Kind::address_of;
  Variable* variable = nullptr;  // either
  Map* map = nullptr;            // or
};
struct Block {
  Range range;
  std::vector<Stmt*> statements;
  Expr* value = nullptr;
};
// Marks the value of `expr`, and of the branches and blocks that it is made of, as wanted by nobody.
void set_unused(Expr* expr);
struct BlockExpr : Expr {
  static constexpr Kind kKind = Kind::block;
  Block block;
  bool library_call = false;  // what a macro of the library became
};
// `?:` and `if`. A comptime condition leaves the branches unbound until it is known; then only one of them is.
struct Conditional : Expr {
  static constexpr Kind kKind = Kind::conditional;
  bool ternary = false;
  Expr* condition = nullptr;
  Expr* then_value = nullptr;        // BlockExpr of an `if`; of `c ?: b` the condition again
  Expr* else_value = nullptr;        // null: no else
  const ast::If* pending = nullptr;  // comptime: not decided yet
  Environment environment;           // ... and where its branches will be bound
  Stmt* unit = nullptr;              // ... and the statement that must be typed again then
  bool comptime = false;             // decided: `then_value` is the chosen branch, or null when there is none
};
struct Field : Expr {
  static constexpr Kind kKind = Kind::field;
  Expr* base = nullptr;
  std::string name;
  Range name_range;
};
struct TupleIndex : Expr {
  static constexpr Kind kKind = Kind::tuple_index;
  Expr* base = nullptr;
  uint64_t index = 0;
};
struct Index : Expr {
  static constexpr Kind kKind = Kind::index;
  Expr* base = nullptr;
  Expr* index = nullptr;
};
struct Call : Expr {
  static constexpr Kind kKind = Kind::call;
  const builtins::Builtin* row = nullptr;
  Range name_range;
  std::vector<Expr*> arguments;
  bool assigned_to_map = false;  // an aggregate in its place
  bool from_library = false;     // stands in the embedded library
  bool in_for = false;           // stands in the body of a `for`
};
struct CCall : Expr {  // of a function from an imported C file
  static constexpr Kind kKind = Kind::c_call;
  const kernel::FunctionProto* function = nullptr;
  std::vector<Expr*> arguments;
};
struct TypeQuery : Expr {
  static constexpr Kind kKind = Kind::type_query;
  enum class What : uint8_t { size, offset, info };
  What what = What::size;
  TypeSpec spec;
  std::vector<std::string> path;  // offset
  std::vector<Literal> info;      // info: its members, once known
};
struct Comptime : Expr {
  static constexpr Kind kKind = Kind::comptime;
  Expr* operand = nullptr;
};
struct Context : Expr {
  static constexpr Kind kKind = Kind::context;
  enum class What : uint8_t { args, arg, retval, pointer };
  What what = What::args;
  uint32_t number = 0;  // argN
};

// What could not be bound and was reported. It never gets a type, so that its users stay silent and everything else is
// still checked.
struct Unknown : Expr {
  static constexpr Kind kKind = Kind::unknown;
};

}  // namespace sonde::sema::bound
