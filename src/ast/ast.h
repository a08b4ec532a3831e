// The syntax tree: what the parser saw, with a range on every node. Nodes live in an Arena and are immutable after
// parsing; sugar, names and types are resolved in sema, which builds its own, smaller tree.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/location.h"

namespace sonde::ast {

using source::Range;

// Owns nodes of any type for the life of a compilation.
class Arena {
 public:
  template <typename Node, typename... Arguments>
  Node* make(Arguments&&... arguments) {
    auto owner = std::make_unique<Holder<Node>>(std::forward<Arguments>(arguments)...);
    Node* node = &owner->node;
    nodes_.push_back(std::move(owner));
    return node;
  }

 private:
  struct Base {
    virtual ~Base() = default;
  };
  template <typename Node>
  struct Holder : Base {
    template <typename... Arguments>
    explicit Holder(Arguments&&... arguments) : node{std::forward<Arguments>(arguments)...} {}
    Node node;
  };
  std::vector<std::unique_ptr<Base>> nodes_;
};

struct Expr;
struct Stmt;
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
    bool pointer = false;             // `*`; else an array or a capacity
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
  int_literal, string_literal, bool_literal, identifier, variable, map, positional, positional_count, tuple, record, cast,
  unary, inc_dec, address_of, binary, ternary, field, tuple_index, index, call, if_expr, block_expr, sizeof_expr,
  offsetof_expr, typeinfo_expr, typeof_arg, comptime,
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
  logical_or, logical_and, bit_or, bit_xor, bit_and, eq, ne, lt, le, gt, ge, shl, shr, add, sub, mul, div, mod,
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

enum class StmtKind : uint8_t { import_stmt, while_stmt, unroll, for_stmt, jump, discard, let, assign, expr_stmt };

struct Stmt {
  StmtKind kind;
  Range range;  // without the `;`
  uint32_t height = 1;
};
template <typename Node>
const Node* stmt_cast(const Stmt* stmt) {
  return stmt && stmt->kind == Node::kKind ? static_cast<const Node*>(stmt) : nullptr;
}

struct Block {
  Range range;
  std::vector<const Stmt*> statements;
  const Expr* value = nullptr;  // the last expression without `;`; also an `if` or block that ends the block without `;`
  uint32_t height = 1;
};

struct ImportStmt : Stmt {
  static constexpr StmtKind kKind = StmtKind::import_stmt;
  std::string path;
};
struct While : Stmt {
  static constexpr StmtKind kKind = StmtKind::while_stmt;
  const Expr* condition;
  const Block* body;
};
struct Unroll : Stmt {
  static constexpr StmtKind kKind = StmtKind::unroll;
  const Expr* count;
  const Block* body;
};
struct For : Stmt {  // over a map, or over [begin, end)
  static constexpr StmtKind kKind = StmtKind::for_stmt;
  const Variable* variable;
  const Map* map;  // null for a range
  const Expr* begin;
  const Expr* end;
  const Block* body;
};
enum class JumpKind : uint8_t { break_jump, continue_jump, return_jump };
struct Jump : Stmt {
  static constexpr StmtKind kKind = StmtKind::jump;
  JumpKind jump;
  const Expr* value;  // only of a return; may be null
};
struct Discard : Stmt {  // `_ = e;`
  static constexpr StmtKind kKind = StmtKind::discard;
  const Expr* value;
};
struct Let : Stmt {
  static constexpr StmtKind kKind = StmtKind::let;
  const Variable* variable;
  const Type* type;   // null: inferred
  const Expr* value;  // null: zero
};
struct Assign : Stmt {
  static constexpr StmtKind kKind = StmtKind::assign;
  const Expr* target;         // Variable or Map
  std::optional<BinaryOp> op;  // `x op= e`
  const Expr* value;
};
struct ExprStmt : Stmt {  // also an `if` or a bare block as a statement
  static constexpr StmtKind kKind = StmtKind::expr_stmt;
  const Expr* value;
};

// --- top level -------------------------------------------------------------------------------------------------------

struct CItem {  // one preprocessor line or one struct/union/enum definition, verbatim
  Range range;
  std::string text;
};
struct ConfigAssign {
  enum class ValueKind : uint8_t { text, word, boolean, integer };
  Range range;
  std::string key;
  Range key_range;
  ValueKind value_kind;
  std::string value;  // text of a string or word; `true`/`false`; an integer as written
  uint64_t integer = 0;
  Range value_range;
};
struct RootImport {
  Range range;
  std::string path;
};
struct AttachPoint {  // raw text; attach_spec.h splits it
  Range range;
  std::string text;
};
struct Probe {
  Range range;
  std::vector<AttachPoint> attach_points;
  const Expr* predicate = nullptr;
  const Block* body = nullptr;
};
enum class ParamKind : uint8_t { variable, map, expression };
struct MacroParam {
  ParamKind kind;
  std::string name;  // with its sigil
  Range range;
};
struct Macro {
  Range range;
  std::string name;
  Range name_range;
  std::vector<MacroParam> params;
  const Block* body = nullptr;
};
struct MapDecl {
  Range range;
  std::string name;  // "@m"
  Range name_range;
  std::string kind;
  Range kind_range;
  uint64_t max_entries;
};
struct Function {  // reserved; sema refuses it
  Range range;
  std::string name;
  Range name_range;
};

// One parsed file. Items keep their source order within each list.
struct Program {
  std::vector<CItem> c_items;
  std::vector<ConfigAssign> config;
  std::optional<Range> config_range;
  std::vector<RootImport> imports;
  std::vector<const Probe*> probes;
  std::vector<const Macro*> macros;
  std::vector<const MapDecl*> map_decls;
  std::vector<const Function*> functions;
};

// The tree as indented text, one node a line: the golden form of the parse stage and of `-d ast`.
std::string dump(const Program& program);

}  // namespace sonde::ast
