// Binding of blocks and statements. Each statement becomes a unit of inference.
#include "sema/binder.h"

namespace sonde::sema {

using diag::Id;

template <typename Node>
Node* Binder::begin_unit(source::Range range, const Env& env) {
  auto* node = make<Node>(range, env);
  node->program = env.program;
  unit_ = node;
  return node;
}
template bound::Expression* Binder::begin_unit<bound::Expression>(source::Range, const Env&);

void Binder::block(const ast::Block& block, const Env& env, bound::Block& out) {
  bound::Stmt* outer = unit_;
  out.range = block.range;
  for (const ast::Stmt* stmt : block.statements) {
    bound::Stmt* made = statement(*stmt, env);
    if (!made) continue;
    out.statements.push_back(made);
    env.program->units.push_back(made);
  }
  unit_ = outer;
  if (!block.value) return;
  if (unit_) {
    out.value = expr(block.value, env);
    return;
  }
  // The last expression of a probe belongs to no statement: inference types it on its own.
  auto* own = begin_unit<bound::Expression>(block.value->range, env);
  out.value = own->value = expr(block.value, env);
  if (out.value) env.program->units.push_back(own);
  unit_ = outer;
}

bound::Stmt* Binder::statement(const ast::Stmt& stmt, const Env& env) {
  switch (stmt.kind) {
    case ast::StmtKind::import_stmt: {
      // Found and linked before sema; here it is only allowed or not, and does nothing.
      const std::string& state = inputs_.config.text("unstable_import_statement");
      if (state == "error") report<Id::block_import_refused>(stmt.range, env);
      if (state == "warn")
        reporter_.emit<Id::unstable_used>({}, nullptr, "import statements", "unstable_import_statement");
      return nullptr;
    }
    case ast::StmtKind::while_stmt: return while_loop(static_cast<const ast::While&>(stmt), env);
    case ast::StmtKind::unroll: return unroll(static_cast<const ast::Unroll&>(stmt), env);
    case ast::StmtKind::for_stmt: return loop(static_cast<const ast::For&>(stmt), env);
    case ast::StmtKind::jump: return jump(static_cast<const ast::Jump&>(stmt), env);
    case ast::StmtKind::let: return let(static_cast<const ast::Let&>(stmt), env);
    case ast::StmtKind::assign: return assignment(static_cast<const ast::Assign&>(stmt), env);
    case ast::StmtKind::discard:
    case ast::StmtKind::expr_stmt: {
      const bool discard = stmt.kind == ast::StmtKind::discard;
      auto* made = begin_unit<bound::Expression>(stmt.range, env);
      made->discard = discard;
      made->value = expr(
          discard ? static_cast<const ast::Discard&>(stmt).value : static_cast<const ast::ExprStmt&>(stmt).value, env);
      if (!discard) bound::set_unused(made->value);
      return made;
    }
  }
  return nullptr;
}

bound::Stmt* Binder::assignment(const ast::Assign& assign, const Env& env) {
  if (const auto* map = ast::expr_cast<ast::Map>(assign.target)) return map_assignment(assign, *map, env);
  const auto* target = ast::expr_cast<ast::Variable>(assign.target);
  auto* made = begin_unit<bound::AssignVariable>(assign.range, env);
  if (assign.op) {
    auto* result = make<bound::Binary>(assign.range, env);
    result->op = *assign.op;
    result->op_range = assign.range;
    result->left = expr(target, env);
    result->right = expr(assign.value, env);
    made->value = result;
  } else {
    made->value = expr(assign.value, env);
  }
  made->variable = find_for_writing(env, target->name);
  // D8: what a macro's body only updates is the caller's.
  if (!made->variable && assign.op) made->variable = find_for_reading(env, target->name);
  if (!made->variable) {
    made->variable = declare(*target, bound::Variable::Origin::assignment, env);
    made->declares = true;
  }
  made->variable->assigned = true;
  return made;
}

bound::Stmt* Binder::map_assignment(const ast::Assign& assign, const ast::Map& target, const Env& env) {
  if (env.in_type) {
    report<Id::map_assigned_in_type>(assign.range, env, env.type_context);
    return nullptr;
  }
  auto* made = begin_unit<bound::AssignMap>(assign.range, env);
  made->target = map_access(target, env);
  bound::Expr* value = expr(assign.value, env);
  made->value = value;
  made->op = assign.op;
  if (assign.op && made->target) {
    reads(made->target->map->value, env);
    auto* result = make<bound::Binary>(assign.range, env);
    result->op = *assign.op;
    result->op_range = assign.range;
    result->left = made->target;
    result->right = value;
    made->value = result;
    return made;
  }
  if (made->target) made->target->map->assigned = true;  // else reported; the value is checked all the same
  // The one place where an aggregate may stand; a block that ends in the call counts.
  bound::Expr* last = value;
  while (auto* block = bound::as<bound::BlockExpr>(last)) last = block->block.value;
  if (auto* call = bound::as<bound::Call>(last)) call->assigned_to_map = true;
  return made;
}

bound::Stmt* Binder::let(const ast::Let& let, const Env& env) {
  auto* made = begin_unit<bound::Let>(let.range, env);
  if (let.type) type_spec(*let.type, in_type(env, "typeof or typeinfo"), made->spec.emplace());
  if (let.value) made->value = expr(let.value, env);
  check_shadowing(*let.variable, false, env);
  made->variable = declare(*let.variable, bound::Variable::Origin::declaration, env);
  made->variable->assigned = let.value != nullptr;
  return made;
}

bound::Stmt* Binder::loop(const ast::For& loop, const Env& env) {
  check_shadowing(*loop.variable, true, env);
  Env body = inner(env);
  body.in_for = body.in_loop = true;
  if (bound::Map* map = loop.map ? find_map(*loop.map, env) : nullptr) {
    auto* made = begin_unit<bound::ForMap>(loop.range, env);
    made->map = map;
    made->map_range = loop.map->range;
    reads(made->map->key, env);
    reads(made->map->value, env);
    made->variable = declare(*loop.variable, bound::Variable::Origin::loop, body);
    env.program->units.push_back(made);  // before its body, whose types depend on the loop variable
    block(*loop.body, body, made->body);
    bound::set_unused(made->body.value);
    return made;
  }
  auto* made = begin_unit<bound::ForRange>(loop.range, env);
  made->begin = loop.map ? unknown(loop.map->range, env) : expr(loop.begin, env);
  made->end = loop.map ? made->begin : expr(loop.end, env);
  made->variable = declare(*loop.variable, bound::Variable::Origin::loop, body);
  env.program->units.push_back(made);
  block(*loop.body, body, made->body);
  bound::set_unused(made->body.value);
  return made;
}

bound::Stmt* Binder::while_loop(const ast::While& loop, const Env& env) {
  report<Id::while_deprecated>(loop.range, env)
      .hints.push_back(
          "For loops support ranges (e.g. `for ($x : $start..$end) { ... }`), and can be used in place of "
          "while. These are more easily proven to be bounded by the verifier.");
  auto* made = begin_unit<bound::While>(loop.range, env);
  made->condition = expr(loop.condition, env);
  Env body = inner(env);
  body.in_loop = true;
  block(*loop.body, body, made->body);
  bound::set_unused(made->body.value);
  return made;
}

bound::Stmt* Binder::unroll(const ast::Unroll& unroll, const Env& env) {
  auto* made = begin_unit<bound::Unroll>(unroll.range, env);
  made->count = expr(unroll.count, env);
  block(*unroll.body, inner(env), made->body);
  bound::set_unused(made->body.value);
  return made;
}

bound::Stmt* Binder::jump(const ast::Jump& jump, const Env& env) {
  auto* made = begin_unit<bound::Jump>(jump.range, env);
  made->jump = jump.jump;
  if (jump.jump != ast::JumpKind::return_jump) {
    // In a macro the definition was refused already.
    if (!env.in_loop && !env.frame)
      report<Id::jump_not_allowed>(jump.range, env, jump.jump == ast::JumpKind::break_jump ? "break" : "continue",
                                   "probe");
    return made;
  }
  if (env.in_loop) {
    bound::Program& program = *env.program;
    const bool agreed = !program.returns_value || !program.returns_nothing;
    (jump.value ? program.returns_value : program.returns_nothing) = true;
    if (agreed && program.returns_value && program.returns_nothing) report<Id::loop_returns_differ>(jump.range, env);
  }
  if (jump.value) made->value = expr(jump.value, env);
  return made;
}

void Binder::bind_branch(bound::Conditional& conditional, bool taken) {
  const ast::If& source = *conditional.pending;
  conditional.pending = nullptr;
  bound::Stmt* outer = unit_;
  unit_ = conditional.unit;
  const Env& env = conditional.environment;
  conditional.then_value = taken                ? block_expr(*source.then_block, source.range, env)
                           : source.else_branch ? expr(source.else_branch, env)
                                                : nullptr;
  if (!conditional.used) bound::set_unused(conditional.then_value);
  unit_ = outer;
}

}  // namespace sonde::sema
