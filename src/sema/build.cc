// Building of programs and statements.
#include "sema/build.h"

#include "sema/builder.h"

namespace sonde::sema {

using bound::as;
using types::Kind;

std::unique_ptr<TypedProgram> build(bound::Tree& tree, Typing& typing, types::TypeContext& types) {
  auto out = std::make_unique<TypedProgram>();
  Builder builder(*out, typing, types);
  for (const bound::Map& map : tree.maps)
    if (map.value.type) builder.add_map(map);
  for (bound::Program& program : tree.programs) builder.add_program(program);
  out->options = std::move(tree.options);
  // Moving a deque leaves its elements where they are, and nodes point at them.
  out->expansions = std::move(tree.expansions);
  return out;
}

void Builder::add_map(const bound::Map& map) {
  out_.maps.push_back({.name = map.name,
                       .scalar = map.shape != bound::Map::Shape::keyed,
                       .key = map.key.type && map.shape == bound::Map::Shape::keyed ? settle(map.key.type) : nullptr,
                       .value = settle(map.value.type),
                       .first_use = map.first_use,
                       .declared_kind = map.declared_kind,
                       .declared_entries = map.declared_entries});
  maps_[&map] = &out_.maps.back();
}

void Builder::add_program(bound::Program& program) {
  out_.programs.emplace_back();
  Program& made = out_.programs.back();
  made.probe = std::move(program.probe);
  made.range = program.range;
  program_ = &made;
  probe_ = &made.probe;
  for (const bound::Variable& variable : program.variables) {
    if (!variable.slot.type) continue;  // declared, and neither read nor written
    made.variables.push_back({variable.name, settle(variable.slot.type)});
    variables_[&variable] = &made.variables.back();
  }
  if (program.predicate) made.predicate = condition(*program.predicate->value);
  block(program.body, made.body);
}

void Builder::block(const bound::Block& from, Block& to) {
  to.range = from.range;
  statements(from, to.statements);
  if (from.value) evaluate(*from.value, to.statements);
}

void Builder::statements(const bound::Block& from, std::vector<const Stmt*>& to) {
  for (bound::Stmt* stmt : from.statements) statement(*stmt, to);
}

// An expression for its effect alone.
void Builder::evaluate(bound::Expr& expr, std::vector<const Stmt*>& to) {
  auto* made = out_.nodes.make<Expression>();
  made->kind = StmtKind::expression;
  made->range = expr.range;
  made->expanded_from = expr.levels;
  made->value = value(expr);
  to.push_back(made);
}

void Builder::declare(const bound::Stmt& at, const bound::Variable& variable, std::vector<const Stmt*>& to) {
  auto* made = make<Declare>(at);
  made->variable = this->variable(&variable);
  to.push_back(made);
}

void Builder::assign(const bound::Stmt& at, const bound::Variable& variable, bound::Expr& value,
                     std::vector<const Stmt*>& to) {
  auto* made = make<AssignVariable>(at);
  made->variable = this->variable(&variable);
  made->value = this->value(value, made->variable->type);
  to.push_back(made);
}

void Builder::statement(bound::Stmt& stmt, std::vector<const Stmt*>& to) {
  switch (stmt.kind) {
    case bound::StmtKind::assign_variable: {
      auto& from = static_cast<bound::AssignVariable&>(stmt);
      if (from.declares) declare(stmt, *from.variable, to);
      return assign(stmt, *from.variable, *from.value, to);
    }
    case bound::StmtKind::let: {
      auto& from = static_cast<bound::Let&>(stmt);
      if (from.variable->slot.type) declare(stmt, *from.variable, to);
      if (from.value) assign(stmt, *from.variable, *from.value, to);
      return;
    }
    case bound::StmtKind::assign_map: return assign_map(static_cast<bound::AssignMap&>(stmt), to);
    case bound::StmtKind::expression: return evaluate(*static_cast<bound::Expression&>(stmt).value, to);
    case bound::StmtKind::for_range: {
      auto& from = static_cast<bound::ForRange&>(stmt);
      auto* made = make<ForRange>(stmt);
      made->variable = variable(from.variable);
      made->begin = value(*from.begin, made->variable->type);
      made->end = value(*from.end, made->variable->type);
      block(from.body, made->body);
      to.push_back(made);
      return;
    }
    case bound::StmtKind::for_map: {
      auto& from = static_cast<bound::ForMap&>(stmt);
      auto* made = make<ForMap>(stmt);
      made->variable = variable(from.variable);
      made->map = map(from.map);
      block(from.body, made->body);
      to.push_back(made);
      return;
    }
    case bound::StmtKind::while_loop: {
      auto& from = static_cast<bound::While&>(stmt);
      auto* made = make<While>(stmt);
      made->condition = condition(*from.condition);
      block(from.body, made->body);
      to.push_back(made);
      return;
    }
    case bound::StmtKind::unroll: {
      auto& from = static_cast<bound::Unroll&>(stmt);
      if (from.as_loop) return long_unroll(from, to);
      auto* made = make<Unroll>(stmt);
      made->count = static_cast<uint32_t>(from.count->literal->bits);
      block(from.body, made->body);
      to.push_back(made);
      return;
    }
    case bound::StmtKind::jump: {
      auto& from = static_cast<bound::Jump&>(stmt);
      auto* made = make<Jump>(stmt);
      switch (from.jump) {
        case ast::JumpKind::break_jump: made->jump = JumpKind::break_jump; break;
        case ast::JumpKind::continue_jump: made->jump = JumpKind::continue_jump; break;
        case ast::JumpKind::return_jump: made->jump = JumpKind::return_jump; break;
      }
      if (from.value) {
        TypeRef type = readable(types_, from.value->type);
        made->value = value(*from.value, types_.integer(8, type->kind == Kind::integer && type->is_signed));
      }
      to.push_back(made);
      return;
    }
  }
}

// All copies are the same, and so are the turns of a loop whose variable nothing reads.
void Builder::long_unroll(bound::Unroll& from, std::vector<const Stmt*>& to) {
  program_->variables.push_back({"$unroll", types_.integer(8, false)});
  auto* made = make<ForRange>(from);
  made->variable = &program_->variables.back();
  made->begin = literal(*from.count, bound::Literal{}, made->variable->type);
  made->end = literal(*from.count, *from.count->literal, made->variable->type);
  block(from.body, made->body);
  to.push_back(made);
}

// `@m op= e` on a 64-bit number by an operator that the machine can do atomically.
const Stmt* Builder::update_in_place(const bound::AssignMap& assign) {
  if (!assign.op || assign.value->kind != bound::Kind::binary) return nullptr;
  auto& binary = static_cast<bound::Binary&>(*assign.value);
  BinaryOp op = BinaryOp::add;
  switch (*assign.op) {
    case ast::BinaryOp::add: op = BinaryOp::add; break;
    case ast::BinaryOp::sub: op = BinaryOp::sub; break;
    case ast::BinaryOp::bit_and: op = BinaryOp::bit_and; break;
    case ast::BinaryOp::bit_or: op = BinaryOp::bit_or; break;
    case ast::BinaryOp::bit_xor: op = BinaryOp::bit_xor; break;
    default: return nullptr;
  }
  const Map* target = map(assign.target->map);
  if (target->value->kind != Kind::integer || target->value->size != 8) return nullptr;
  auto* made = make<UpdateMap>(assign);
  made->map = target;
  made->key = key(*assign.target->map, assign.target->key);
  made->op = op;
  made->value = value(*binary.right, target->value);
  return made;
}

void Builder::assign_map(const bound::AssignMap& assign, std::vector<const Stmt*>& to) {
  if (const Stmt* update = update_in_place(assign)) {
    to.push_back(update);
    return;
  }
  bound::Expr* last = assign.value;
  const Map* target = map(assign.target->map);
  if (target->value->kind == Kind::aggregate) {
    // A block may stand around the call; its statements go first.
    while (auto* block = as<bound::BlockExpr>(last)) {
      statements(block->block, to);
      last = block->block.value;
    }
    auto* made = make<UpdateAggregate>(assign);
    made->map = target;
    made->key = key(*assign.target->map, assign.target->key);
    made->call = static_cast<const Call*>(value(*last));
    to.push_back(made);
    return;
  }
  auto* made = make<AssignMap>(assign);
  made->map = target;
  made->key = key(*assign.target->map, assign.target->key);
  made->value = value(*assign.value, target->value);
  to.push_back(made);
}

}  // namespace sonde::sema
