// The bound tree: between the syntax tree and the typed program. Names are resolved (variables, maps, rows), macros are
// expanded, and there is one tree per program to be; types and literal values are filled in by inference and may still
// change. Private to sema.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ast/ast.h"
#include "builtins/builtin.h"
#include "probes/provider.h"
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
  literal, variable, map_access, map_whole, word, tuple, cast, unary, binary, inc_dec, address_of, conditional, field,
  tuple_index, index, call, block, type_query, comptime, context,
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
};
// `?:` and `if`. A comptime condition leaves the branches unbound until it is known; then only one of them is.
struct Conditional : Expr {
  static constexpr Kind kKind = Kind::conditional;
  bool ternary = false;
  Expr* condition = nullptr;
  Expr* then_value = nullptr;  // BlockExpr of an `if`; of `c ?: b` the condition again
  Expr* else_value = nullptr;  // null: no else
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

enum class StmtKind : uint8_t { assign_variable, let, assign_map, expression, for_range, for_map, while_loop, unroll, jump };

// A statement is the unit of inference: when something it reads changes its type, it alone is typed again. Statements
// nested in its blocks are units of their own.
struct Stmt {
  StmtKind kind;
  Range range;
  Levels levels = nullptr;
  struct Program* program = nullptr;
  bool queued = false;
};
template <typename Node>
Node* as(Stmt* stmt) {
  return stmt && stmt->kind == Node::kKind ? static_cast<Node*>(stmt) : nullptr;
}
struct AssignVariable : Stmt {
  static constexpr StmtKind kKind = StmtKind::assign_variable;
  Variable* variable = nullptr;
  Expr* value = nullptr;
  bool declares = false;
};
struct Let : Stmt {
  static constexpr StmtKind kKind = StmtKind::let;
  Variable* variable = nullptr;
  std::optional<TypeSpec> spec;
  Expr* value = nullptr;
};
struct AssignMap : Stmt {
  static constexpr StmtKind kKind = StmtKind::assign_map;
  MapAccess* target = nullptr;
  std::optional<ast::BinaryOp> op;  // `op=`: then `value` is the whole `target op operand`
  Expr* value = nullptr;
};
struct Expression : Stmt {
  static constexpr StmtKind kKind = StmtKind::expression;
  Expr* value = nullptr;
  bool discard = false;    // `_ = e`
  bool predicate = false;  // not a statement of the body but the program's guard
};
struct ForRange : Stmt {
  static constexpr StmtKind kKind = StmtKind::for_range;
  Variable* variable = nullptr;
  Expr* begin = nullptr;
  Expr* end = nullptr;
  Block body;
};
struct ForMap : Stmt {
  static constexpr StmtKind kKind = StmtKind::for_map;
  Variable* variable = nullptr;
  Map* map = nullptr;
  Range map_range;
  Block body;
};
struct While : Stmt {
  static constexpr StmtKind kKind = StmtKind::while_loop;
  Expr* condition = nullptr;
  Block body;
};
struct Unroll : Stmt {
  static constexpr StmtKind kKind = StmtKind::unroll;
  Expr* count = nullptr;
  Block body;
};
struct Jump : Stmt {
  static constexpr StmtKind kKind = StmtKind::jump;
  ast::JumpKind jump = ast::JumpKind::return_jump;
  Expr* value = nullptr;
};

// One program to be: one attach point, or one match of it.
struct Program {
  probes::ResolvedProbe probe;
  Range range;
  const ast::Probe* source = nullptr;
  Expression* predicate = nullptr;
  Block body;
  std::deque<Variable> variables;
  std::vector<Stmt*> units;            // all statements, inner ones first
  std::vector<Conditional*> undecided;  // comptime conditions that inference has to decide
  bool returns_value = false, returns_nothing = false;  // from inside loops
};

// All that binding produced. Owns the nodes.
class Tree {
 public:
  template <typename Node>
  Node* make(Range range, Levels levels) {
    auto owner = std::make_shared<Node>();
    Node* node = owner.get();
    node->kind = Node::kKind;
    node->range = range;
    node->levels = levels;
    nodes_.push_back(std::move(owner));
    return node;
  }
  size_t size() const { return nodes_.size(); }

  std::deque<Program> programs;
  std::deque<Map> maps;  // in order of first use
  std::deque<std::vector<Range>> expansions;
  std::vector<builtins::ScriptOption> options;

 private:
  std::vector<std::shared_ptr<void>> nodes_;
};

}  // namespace sonde::sema::bound
