// One switch over all node kinds, for the analyses that run before a program is lowered.
#include "lower/tree_walk.h"

namespace sonde::lower {

using sema::as;
using sema::ExprKind;
using sema::StmtKind;

void TreeWalk::expression(const sema::Expr& expr) {
  switch (expr.kind) {
    case ExprKind::constant:
    case ExprKind::text:
    case ExprKind::map_ref:
    case ExprKind::context_args:
    case ExprKind::context_arg:
    case ExprKind::context_retval:
    case ExprKind::context_pointer: return;
    case ExprKind::variable: return variable(as<sema::VariableRead>(expr).variable);
    case ExprKind::map_read: return optional(as<sema::MapRead>(expr).key);
    case ExprKind::call:
      for (const sema::Expr* argument : as<sema::Call>(expr).arguments) optional(argument);
      return;
    case ExprKind::c_call:
      for (const sema::Expr* argument : as<sema::CCall>(expr).arguments) expression(*argument);
      return;
    case ExprKind::unary: return expression(*as<sema::Unary>(expr).operand);
    case ExprKind::binary: expression(*as<sema::Binary>(expr).left); return expression(*as<sema::Binary>(expr).right);
    case ExprKind::logical:
      expression(*as<sema::Logical>(expr).left);
      return expression(*as<sema::Logical>(expr).right);
    case ExprKind::pointer_add:
      expression(*as<sema::PointerAdd>(expr).pointer);
      return expression(*as<sema::PointerAdd>(expr).index);
    case ExprKind::conditional:
      expression(*as<sema::Conditional>(expr).condition);
      optional(as<sema::Conditional>(expr).then_value);
      return optional(as<sema::Conditional>(expr).else_value);
    case ExprKind::block: block(as<sema::BlockExpr>(expr).block); return optional(as<sema::BlockExpr>(expr).value);
    case ExprKind::cast: return expression(*as<sema::Cast>(expr).operand);
    case ExprKind::field: return optional(as<sema::Field>(expr).base);
    case ExprKind::dereference: return expression(*as<sema::Dereference>(expr).pointer);
    case ExprKind::element: return expression(*as<sema::Element>(expr).base);
    case ExprKind::index: expression(*as<sema::Index>(expr).base); return expression(*as<sema::Index>(expr).index);
    case ExprKind::tuple:
      for (const sema::Expr* element : as<sema::TupleMake>(expr).elements) expression(*element);
      return;
    case ExprKind::address_of: return variable(as<sema::AddressOf>(expr).variable);
    case ExprKind::increment:
      if (as<sema::Increment>(expr).variable) variable(as<sema::Increment>(expr).variable);
      return optional(as<sema::Increment>(expr).key);
  }
}

void TreeWalk::loop(const sema::Block& body, const sema::Variable* loop_variable, const sema::Expr* condition) {
  enter_loop();
  if (loop_variable) declare(loop_variable);
  optional(condition);
  block(body);
  leave_loop();
}

void TreeWalk::statement(const sema::Stmt& stmt) {
  switch (stmt.kind) {
    case StmtKind::declare: return declare(as<sema::Declare>(stmt).variable);
    case StmtKind::assign_variable:
      variable(as<sema::AssignVariable>(stmt).variable);
      return expression(*as<sema::AssignVariable>(stmt).value);
    case StmtKind::assign_map:
      optional(as<sema::AssignMap>(stmt).key);
      return expression(*as<sema::AssignMap>(stmt).value);
    case StmtKind::update_map:
      optional(as<sema::UpdateMap>(stmt).key);
      return expression(*as<sema::UpdateMap>(stmt).value);
    case StmtKind::update_aggregate:
      optional(as<sema::UpdateAggregate>(stmt).key);
      return expression(*as<sema::UpdateAggregate>(stmt).call);
    case StmtKind::expression: return optional(as<sema::Expression>(stmt).value);
    case StmtKind::for_range: {
      const auto& node = as<sema::ForRange>(stmt);
      expression(*node.begin);
      expression(*node.end);
      return loop(node.body, node.variable, nullptr);
    }
    case StmtKind::for_map: return loop(as<sema::ForMap>(stmt).body, as<sema::ForMap>(stmt).variable, nullptr);
    case StmtKind::while_loop: return loop(as<sema::While>(stmt).body, nullptr, as<sema::While>(stmt).condition);
    case StmtKind::unroll: return block(as<sema::Unroll>(stmt).body);
    case StmtKind::jump: return optional(as<sema::Jump>(stmt).value);
  }
}

void TreeWalk::block(const sema::Block& body) {
  for (const sema::Stmt* stmt : body.statements) statement(*stmt);
}

}  // namespace sonde::lower
