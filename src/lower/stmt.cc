// Statements.
#include "base/check.h"
#include "lower/function.h"

namespace sonde::lower {

using sema::as;
using sema::StmtKind;

namespace {

// Whether `next` gives the variable its whole value, so that zeros before it would be wasted.
bool assigned_next(const sema::Block& body, size_t next, const sema::Variable* variable) {
  if (next >= body.statements.size() || body.statements[next]->kind != StmtKind::assign_variable) return false;
  const auto& stmt = as<sema::AssignVariable>(*body.statements[next]);
  return stmt.variable == variable && !mentions(*stmt.value, variable);
}

}  // namespace

void FunctionLowering::block(const sema::Block& body) {
  TempScope variables(*this);
  statements(body);
}

void FunctionLowering::statements(const sema::Block& body) {
  for (size_t i = 0; i < body.statements.size() && open(); ++i) {
    const sema::Stmt& stmt = *body.statements[i];
    At at(*this, stmt.range, stmt.expanded_from);
    if (stmt.kind != StmtKind::declare) {
      TempScope temporaries(*this);
      statement(stmt);
      continue;
    }
    const sema::Variable* variable = as<sema::Declare>(stmt).variable;
    llvm::Value* home = declare(variable);
    available.assigned(variable);
    if (assigned_next(body, i + 1, variable)) continue;
    if (in_register(variable->type)) {
      store_variable(variable, constant(0));
    } else {
      zero(home, variable->type->size);
    }
  }
}

void FunctionLowering::statement(const sema::Stmt& stmt) {
  switch (stmt.kind) {
    case StmtKind::declare: break;
    case StmtKind::assign_variable: {
      const auto& node = as<sema::AssignVariable>(stmt);
      const TypeRef type = node.variable->type;
      llvm::Value* home = variable_address(node.variable);
      if (in_register(type)) return store_variable(node.variable, scalar(*node.value));
      if (!mentions(*node.value, node.variable)) {
        store_value(*node.value, home, false);
      } else {
        // A new value made of parts of the old one must not overwrite them while it is made.
        llvm::Value* value = allocate(type->size);
        store_value(*node.value, value, false);
        copy_value(home, type, value, type, false);
      }
      return available.assigned(node.variable);
    }
    case StmtKind::assign_map: return assign_map(as<sema::AssignMap>(stmt));
    case StmtKind::update_map: return update_map(as<sema::UpdateMap>(stmt));
    case StmtKind::update_aggregate: return update_aggregate(as<sema::UpdateAggregate>(stmt));
    case StmtKind::expression: return discard(*as<sema::Expression>(stmt).value);
    case StmtKind::for_range: return for_range(as<sema::ForRange>(stmt));
    case StmtKind::for_map: return for_map(as<sema::ForMap>(stmt));
    case StmtKind::while_loop: return while_loop(as<sema::While>(stmt));
    case StmtKind::unroll:
      for (uint32_t i = 0; i < as<sema::Unroll>(stmt).count && open(); ++i) block(as<sema::Unroll>(stmt).body);
      return;
    case StmtKind::jump: return jump(as<sema::Jump>(stmt));
  }
  SONDE_UNREACHABLE();
}

void FunctionLowering::jump(const sema::Jump& stmt) {
  switch (stmt.jump) {
    case sema::JumpKind::break_jump:
      SONDE_CHECK(break_ != nullptr);
      builder.CreateBr(break_);
      return;
    case sema::JumpKind::continue_jump:
      SONDE_CHECK(continue_ != nullptr);
      builder.CreateBr(continue_);
      return;
    case sema::JumpKind::return_jump: return leave(stmt.value ? scalar(*stmt.value) : nullptr);
  }
}

}  // namespace sonde::lower
