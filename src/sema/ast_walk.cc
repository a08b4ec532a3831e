// The one recursion over the syntax tree that only looks.
#include "sema/ast_walk.h"

namespace sonde::sema {
namespace {

class Walk {
 public:
  explicit Walk(const AstVisitor& visitor) : visitor_(visitor) {}

  void block(const ast::Block* block, size_t loops) {
    if (!block) return;
    for (const ast::Stmt* stmt : block->statements) statement(*stmt, loops);
    expr(block->value, loops);
  }

  void expr(const ast::Expr* expr, size_t loops);

 private:
  void statement(const ast::Stmt& stmt, size_t loops);
  void type(const ast::Type* type, size_t loops) {
    if (type && type->type_of) either(*type->type_of, loops);
  }
  void either(const ast::TypeOrExpr& operand, size_t loops) {
    type(operand.type, loops);
    expr(operand.expr, loops);
  }
  void all(const std::vector<const ast::Expr*>& list, size_t loops) {
    for (const ast::Expr* each : list) expr(each, loops);
  }

  const AstVisitor& visitor_;
};

void Walk::expr(const ast::Expr* expr, size_t loops) {
  using enum ast::ExprKind;
  if (!expr) return;
  if (visitor_.expr) visitor_.expr(*expr);
  switch (expr->kind) {
    case int_literal:
    case string_literal:
    case bool_literal:
    case identifier:
    case variable:
    case positional:
    case positional_count: return;
    case map: return all(static_cast<const ast::Map*>(expr)->keys, loops);
    case tuple: return all(static_cast<const ast::Tuple*>(expr)->elements, loops);
    case record:
      for (const auto& field : static_cast<const ast::Record*>(expr)->fields) this->expr(field.value, loops);
      return;
    case cast:
      type(static_cast<const ast::Cast*>(expr)->type, loops);
      return this->expr(static_cast<const ast::Cast*>(expr)->operand, loops);
    case unary: return this->expr(static_cast<const ast::Unary*>(expr)->operand, loops);
    case inc_dec: return this->expr(static_cast<const ast::IncDec*>(expr)->target, loops);
    case address_of: return this->expr(static_cast<const ast::AddressOf*>(expr)->target, loops);
    case binary:
      this->expr(static_cast<const ast::Binary*>(expr)->left, loops);
      return this->expr(static_cast<const ast::Binary*>(expr)->right, loops);
    case ternary:
      this->expr(static_cast<const ast::Ternary*>(expr)->condition, loops);
      this->expr(static_cast<const ast::Ternary*>(expr)->then_value, loops);
      return this->expr(static_cast<const ast::Ternary*>(expr)->else_value, loops);
    case field: return this->expr(static_cast<const ast::Field*>(expr)->base, loops);
    case tuple_index: return this->expr(static_cast<const ast::TupleIndex*>(expr)->base, loops);
    case index:
      this->expr(static_cast<const ast::Index*>(expr)->base, loops);
      return this->expr(static_cast<const ast::Index*>(expr)->index, loops);
    case call: return all(static_cast<const ast::Call*>(expr)->arguments, loops);
    case if_expr:
      this->expr(static_cast<const ast::If*>(expr)->condition, loops);
      block(static_cast<const ast::If*>(expr)->then_block, loops);
      return this->expr(static_cast<const ast::If*>(expr)->else_branch, loops);
    case block_expr: return block(static_cast<const ast::BlockExpr*>(expr)->block, loops);
    case sizeof_expr: return either(static_cast<const ast::Sizeof*>(expr)->operand, loops);
    case offsetof_expr: return either(static_cast<const ast::Offsetof*>(expr)->operand, loops);
    case typeinfo_expr: return either(static_cast<const ast::Typeinfo*>(expr)->operand, loops);
    case typeof_arg: return either(static_cast<const ast::TypeofArg*>(expr)->operand, loops);
    case comptime: return this->expr(static_cast<const ast::Comptime*>(expr)->operand, loops);
  }
}

void Walk::statement(const ast::Stmt& stmt, size_t loops) {
  using enum ast::StmtKind;
  if (visitor_.stmt) visitor_.stmt(stmt, loops);
  switch (stmt.kind) {
    case import_stmt: return;
    case while_stmt:
      expr(static_cast<const ast::While&>(stmt).condition, loops);
      return block(static_cast<const ast::While&>(stmt).body, loops + 1);
    case unroll:
      expr(static_cast<const ast::Unroll&>(stmt).count, loops);
      return block(static_cast<const ast::Unroll&>(stmt).body, loops);
    case for_stmt: {
      const auto& loop = static_cast<const ast::For&>(stmt);
      expr(loop.map, loops);
      expr(loop.begin, loops);
      expr(loop.end, loops);
      return block(loop.body, loops + 1);
    }
    case jump: return expr(static_cast<const ast::Jump&>(stmt).value, loops);
    case discard: return expr(static_cast<const ast::Discard&>(stmt).value, loops);
    case let:
      type(static_cast<const ast::Let&>(stmt).type, loops);
      return expr(static_cast<const ast::Let&>(stmt).value, loops);
    case assign:
      expr(static_cast<const ast::Assign&>(stmt).target, loops);
      return expr(static_cast<const ast::Assign&>(stmt).value, loops);
    case expr_stmt: return expr(static_cast<const ast::ExprStmt&>(stmt).value, loops);
  }
}

}  // namespace

void walk(const ast::Block* block, const AstVisitor& visitor, size_t loops) { Walk(visitor).block(block, loops); }
void walk(const ast::Expr* expr, const AstVisitor& visitor, size_t loops) { Walk(visitor).expr(expr, loops); }

}  // namespace sonde::sema
