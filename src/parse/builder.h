// Makers of syntax tree nodes: all that the grammar's actions call. What a maker finds wrong (a literal out of range,
// an assignment to a tuple element) is reported here and does not stop the parser.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ast/ast.h"
#include "diag/diagnostic.h"
#include "source/source_buffer.h"

namespace sonde::parse {

// Statements of a block while it is being read. `open_tail` is an `if` or block that had no `;`: the value of the block
// if nothing follows, else a statement.
struct Body {
  std::vector<const ast::Stmt*> statements;
  const ast::Expr* open_tail = nullptr;
  uint32_t height = 0;
};

// What a `for` runs over: a map, or the range [begin, end).
struct LoopSource {
  const ast::Expr* map = nullptr;
  const ast::Expr* begin = nullptr;
  const ast::Expr* end = nullptr;
};

enum class ConfigToken : uint8_t { string, integer, word };

class Builder {
 public:
  using Range = source::Range;
  using Expr = const ast::Expr*;
  using Block = const ast::Block*;
  using Stmt = const ast::Stmt*;

  Builder(const source::SourceSet& sources, ast::Arena& arena, ast::Program& program, diag::Diagnostics& diagnostics)
      : sources_(sources), arena_(arena), program_(program), diagnostics_(diagnostics) {}

  const source::SourceSet& sources() const { return sources_; }
  diag::Diagnostics& diagnostics() const { return diagnostics_; }
  std::string text(Range range) const { return std::string(sources_.text(range)); }

  // Top level. Items are checked for their order (language.md 2.1) as they are finished.
  void c_item(Range range);
  void config(Range keyword, Range range);
  void config_assign(Range key, Range value, ConfigToken token);
  void root_import(Range keyword, Range path);
  void map_decl(Range range, Range name, Range kind, Range entries);
  void macro(Range range, Range name, std::vector<ast::MacroParam> params, Block body);
  void function(Range range, Range name);
  void probe(Range range, std::vector<ast::AttachPoint> attach_points, Expr predicate, Block body);
  ast::MacroParam macro_param(ast::ParamKind kind, Range range);
  ast::AttachPoint attach_point(Range range) const { return {range, text(range)}; }
  void finish_expression(Expr expr) { expression_ = expr; }
  Expr expression() const { return expression_; }

  // Statements and blocks.
  Body append(Body body, Stmt statement);
  Body append_open(Body body, Expr block_like);
  ast::Block block(Body body);
  ast::Block block(Body body, Stmt last);
  ast::Block block(Body body, Expr value);
  Block closed(Range range, ast::Block block);
  Stmt expression_statement(Expr expr);
  Stmt import_statement(Range range, Range path);
  Stmt jump(Range range, ast::JumpKind kind, Expr value);
  Stmt discard(Range range, Expr value);
  Stmt let(Range range, Expr variable, const ast::Type* type, Expr value);
  Stmt assign(Range range, Expr target, Range op_range, std::optional<ast::BinaryOp> op, Expr value);
  Stmt while_loop(Range range, Expr condition, Block body);
  Stmt unroll(Range range, Expr count, Block body);
  Stmt for_loop(Range range, Expr variable, LoopSource over, Block body);

  // Expressions.
  Expr int_literal(Range range);
  Expr string_literal(Range range);
  Expr bool_literal(Range range, bool value);
  Expr identifier(Range range);
  Expr variable(Range range);
  Expr map(Range range);
  Expr keyed_map(Range range, Range name, std::vector<Expr> keys);
  Expr positional(Range range);
  Expr positional_count(Range range);
  Expr group(Expr inner);
  Expr tuple(Range range, std::vector<Expr> elements);
  Expr tuple(Range range, Expr first, std::vector<Expr> rest);
  void add_field(std::vector<ast::Record::Field>& fields, Range name, Expr value);
  Expr record(Range range, std::vector<ast::Record::Field> fields);
  Expr cast(Range range, const ast::Type* type, Expr operand);
  Expr unary(Range range, ast::UnaryOp op, Expr operand);
  Expr inc_dec(Range range, Range op_range, bool increment, bool prefix, Expr target);
  Expr address_of(Range range, Expr target);
  Expr binary(Range range, ast::BinaryOp op, Range op_range, Expr left, Expr right);
  Expr ternary(Range range, Expr condition, Expr then_value, Expr else_value);
  Expr field(Range range, Expr base, Range name);
  Expr tuple_index(Range range, Expr base, Range index);
  Expr index(Range range, Expr base, Expr index);
  Expr call(Range range, Range name, std::vector<Expr> arguments);
  Expr if_expr(Range range, Expr condition, Block then_block, Expr else_branch);
  Expr block_expr(Block block);
  Expr size_of(Range range, ast::TypeOrExpr operand);
  Expr type_info(Range range, ast::TypeOrExpr operand);
  Expr offset_of(Range range, ast::TypeOrExpr operand, std::vector<std::string> path);
  Expr typeof_argument(Range range, ast::TypeOrExpr operand);
  Expr comptime(Range range, Expr operand);

  // Types.
  const ast::Type* type(Range range, ast::TypeTag tag, Range name, std::vector<ast::Type::Suffix> suffixes);
  const ast::Type* typeof_type(Range range, ast::TypeOrExpr operand);
  uint64_t integer(Range range);

 private:
  template <typename Node, typename... Arguments>
  Expr node(Range range, uint32_t below, Arguments&&... arguments);
  template <typename Node, typename... Arguments>
  Stmt statement(Range range, uint32_t below, Arguments&&... arguments);
  // One more than `below`, or 1 after a report when that is too deep.
  uint32_t height_above(Range range, uint32_t below);
  // An open tail becomes a statement, because something follows it.
  void close_tail(Body& body);
  std::string string_value(Range range);
  void reject_assignment(Expr target, Range op_range);

  const source::SourceSet& sources_;
  ast::Arena& arena_;
  ast::Program& program_;
  diag::Diagnostics& diagnostics_;
  std::vector<ast::ConfigAssign> config_assigns_;
  Expr expression_ = nullptr;
  Expr last_group_ = nullptr;  // `($x) = 1` assigns to nothing, though the group's node is the variable
  bool has_config_ = false;
  bool in_items_ = false;  // a probe, macro, map declaration or function was seen
  bool too_deep_ = false;
};

}  // namespace sonde::parse
