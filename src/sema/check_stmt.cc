// Statements: what they feed into variables and maps, and what they may not do.
#include <algorithm>
#include <utility>

#include "sema/typing.h"

namespace sonde::sema {

using bound::as;
using diag::Id;
using types::Kind;

namespace {

// A slot that changed this often would grow for ever (`$t = ($t, 1)`).
constexpr uint32_t kMaxChanges = 100;

// A guess in a tuple as deep as this is one that contains itself (`@t = (1, @t)`).
constexpr uint32_t kMaxGuessedDepth = 3;

// The kernel allows call chains of 8 functions: the probe, its loops, and one for what a loop's body calls.
constexpr uint32_t kMaxLoops = 6;

// Statements that `unroll` makes beyond which it becomes a loop: verifying and loading take time that grows with the square.
constexpr uint64_t kLongUnroll = 1000;

// Unrolled copies counted. What the verifier looks at is limited too (a million instructions), but such a program would
// take minutes to get there.
constexpr uint64_t kMaxStatements = 100'000;
// Of an unroll that cannot be a loop: LLVM's and the kernel's time grow with the square of this.
constexpr uint64_t kMaxCopies = 10'000;

// What a value is in the end: the last expression of blocks inside each other; null if that is none.
const bound::Expr* last_value(const bound::Expr& value) {
  const bound::Expr* last = &value;
  while (last && last->kind == bound::Kind::block) last = static_cast<const bound::BlockExpr*>(last)->block.value;
  return last;
}

bool is_nothing(TypeRef type) { return type->kind == Kind::none || type->kind == Kind::void_type; }

uint32_t depth(TypeRef type) {
  uint32_t deepest = 0;
  for (const types::Member& member : type->members) deepest = std::max(deepest, depth(member.type) + 1);
  return deepest;
}

bool holds_context(TypeRef type) {
  if (type->kind == Kind::pointer) return type->context;
  for (const types::Member& member : type->members)
    if (holds_context(member.type)) return true;
  return false;
}

}  // namespace

Typing::Typing(const Inputs& inputs, const TypeNames& names, bound::Tree& tree, Reporter& reporter,
               std::function<void(bound::Slot&)> changed)
    : inputs_(inputs),
      names_(names),
      types_(inputs.kernel.types()),
      tree_(tree),
      reporter_(reporter),
      changed_(std::move(changed)) {}

void Typing::infer(bound::Stmt& stmt) {
  reporter_.mute(true);
  final_ = false;
  program_ = stmt.program;
  statement(stmt);
  reporter_.mute(false);
}

std::optional<bound::Literal> Typing::condition_of(bound::Program& program, bound::Conditional& conditional) {
  reporter_.mute(true);
  final_ = false;
  program_ = &program;
  expr(conditional.condition);
  reporter_.mute(false);
  return conditional.condition->literal;
}

void Typing::check(bound::Program& program) {
  final_ = true;
  program_ = &program;
  statements_ = length_ = 0;
  if (program.predicate) statement(*program.predicate);
  block(program.body);
  for (bound::Variable& variable : program.variables) {
    const bool declared = variable.origin == bound::Variable::Origin::declaration;
    if (declared && !variable.assigned)
      reporter_.emit<Id::variable_never_assigned>(variable.first, nullptr, variable.name);
    if (variable.slot.type || (declared && !variable.assigned && !variable.read)) continue;
    // What has no type because its value was refused has been told already.
    if (reporter_.ok()) reporter_.emit<Id::variable_unresolved>(variable.first, nullptr);
  }
}

// Every loop is a function of its own to the kernel.
bool Typing::loop_too_deep(const bound::Stmt& stmt) {
  if (!final_ || loops_ < kMaxLoops) return false;
  report<Id::loops_too_deep>(stmt, kMaxLoops);
  return true;
}

void Typing::loop_body(bound::Block& body) {
  ++loops_;
  const uint32_t outside = std::exchange(deepest_, 0);
  const auto unrolls = std::exchange(unrolls_, {});
  block(body);
  unrolls_ = unrolls;
  deepest_ = std::max(outside, deepest_ + 1);
  --loops_;
}

void Typing::statement(bound::Stmt& stmt) {
  if (final_) {
    const bool fitted = statements_ <= kMaxStatements;
    statements_ += copies_;
    ++length_;
    if (fitted && statements_ > kMaxStatements) report<Id::program_too_long>(stmt, kMaxStatements);
  }
  switch (stmt.kind) {
    case bound::StmtKind::assign_variable: return assign_variable(static_cast<bound::AssignVariable&>(stmt));
    case bound::StmtKind::let: return let(static_cast<bound::Let&>(stmt));
    case bound::StmtKind::assign_map: return assign_map(static_cast<bound::AssignMap&>(stmt));
    case bound::StmtKind::expression: {
      auto& statement = static_cast<bound::Expression&>(stmt);
      expr(statement.value);
      if (statement.predicate && statement.value) condition(*statement.value);
      return;
    }
    case bound::StmtKind::for_range: return for_range(static_cast<bound::ForRange&>(stmt));
    case bound::StmtKind::for_map: return for_map(static_cast<bound::ForMap&>(stmt));
    case bound::StmtKind::while_loop: {
      auto& loop = static_cast<bound::While&>(stmt);
      if (expr(loop.condition)) condition(*loop.condition);
      if (loop_too_deep(stmt)) return;
      return loop_body(loop.body);
    }
    case bound::StmtKind::unroll: return unroll(static_cast<bound::Unroll&>(stmt));
    case bound::StmtKind::jump: return jump(static_cast<bound::Jump&>(stmt));
  }
}

// Whether nothing behind the statement runs.
bool Typing::leaves(const bound::Stmt& stmt) {
  if (stmt.kind == bound::StmtKind::jump) return true;
  if (stmt.kind != bound::StmtKind::expression) return false;
  const auto* call = as<bound::Call>(static_cast<const bound::Expression&>(stmt).value);
  return call && call->row->returns;
}

// Inference visits nested statements on their own, so that a block costs it nothing but its value.
void Typing::block(bound::Block& block) {
  bool unreachable = false, told = false;
  if (final_) {
    for (bound::Stmt* stmt : block.statements) {
      if (unreachable && !told) {
        report<Id::unreachable_statement>(*stmt);
        told = true;
      }
      statement(*stmt);
      unreachable |= leaves(*stmt);
    }
  }
  if (!block.value) return;
  if (unreachable && !told) report<Id::unreachable_expression>(*block.value);
  expr(block.value);
}

void Typing::merge(bound::Slot& slot, TypeRef offered) {
  if (final_ || !offered || is_nothing(offered) || slot.declared) return;
  TypeRef merged = slot.type ? types::promote(types_, slot.type, offered) : offered;
  if (merged && depth(merged) > kMaxGuessedDepth) merged = without_guesses(types_, merged);
  if (!merged || merged == slot.type) return;
  if (slot.locked) {
    if (!slot.refused) slot.refused = offered;
    return;
  }
  if (++slot.changes > kMaxChanges) return;
  slot.type = merged;
  changed_(slot);
}

bool Typing::refused_by_lock(const std::string& name, const bound::Slot& slot, TypeRef type, const bound::Stmt& stmt) {
  if (!slot.refused || types::promote(types_, slot.type, type) == slot.type) return false;
  report<Id::type_locked>(stmt, name, types::printed(type), types::printed(slot.type));
  return true;
}

void Typing::assign_variable(bound::AssignVariable& assign) {
  TypeRef type = expr(assign.value);
  if (!type) return;
  if (!final_) {
    if (type->kind != Kind::aggregate || is_castable_aggregate(type))
      merge(assign.variable->slot, readable(types_, type));
    return;
  }
  check_variable_value(*assign.variable, *assign.value, assign);
}

void Typing::check_variable_value(bound::Variable& variable, bound::Expr& value, const bound::Stmt& stmt) {
  TypeRef type = readable(types_, value.type);
  if (type->kind == Kind::void_type || type->kind == Kind::aggregate) {
    report<Id::variable_value_refused>(value, types::printed(type));
    return;
  }
  if (type->kind == Kind::none) {
    report<Id::invalid_assignment>(value);
    return;
  }
  const bound::Slot& slot = variable.slot;
  // A variable of type none was told about where it was declared.
  if (!slot.type || slot.type->kind == Kind::none || refused_by_lock(variable.name, slot, type, stmt)) return;
  bool good = false;
  if (slot.type->is_integer() && type->is_integer())
    good = !value.literal || !slot.declared || fits(*value.literal, slot.type);
  else if (slot.declared && slot.type->kind == Kind::pointer && type->kind == Kind::pointer)
    good = types::promote(types_, slot.type, type) != nullptr || slot.type->element->kind == Kind::void_type;
  else
    good = types::promote(types_, slot.type, type) && (!slot.declared || type->size <= slot.type->size);
  if (!good) {
    report<Id::variable_type_mismatch>(stmt, variable.name, types::printed(type), types::printed(slot.type));
    return;
  }
  implicit(value, slot.type);
}

void Typing::let(bound::Let& let) {
  bound::Slot& slot = let.variable->slot;
  TypeRef declared = let.spec ? spec_type(*let.spec) : nullptr;
  if (declared) {
    const bool refused = is_nothing(declared) || declared->kind == Kind::aggregate;
    if (refused) {
      if (final_) report<Id::variable_declaration_type>(let, types::printed(declared));
      // Keeps follow-up errors away.
      if (!slot.type) slot.type = types_.none();
      expr(let.value);
      return;
    }
    const bool open = declared == types_.string(0) || declared == types_.buffer(0);
    if (!slot.declared && !open) {
      slot.type = settled(types_, declared);
      slot.declared = true;
      changed_(slot);
    }
    if (open && !let.value) merge(slot, declared->kind == Kind::string ? types_.string(1) : declared);
  } else if (let.spec && (final_ || let.spec->of->kind == bound::Kind::unknown)) {
    if (reporter_.ok()) report<Id::type_unresolved>(let);
    if (!slot.type) slot.type = types_.none();
    expr(let.value);
    return;
  }
  if (!let.value) return;
  TypeRef type = expr(let.value);
  if (!type) return;
  if (!final_) {
    if (type->kind != Kind::aggregate || is_castable_aggregate(type)) merge(slot, readable(types_, type));
    return;
  }
  check_variable_value(*let.variable, *let.value, let);
}

void Typing::map_key(bound::Map& map, bound::Expr& key, bool write) {
  TypeRef type = expr(&key);
  if (!type) return;
  type = readable(types_, type);
  if (!final_) {
    if (type->kind != Kind::aggregate) merge(map.key, type);
    return;
  }
  if (type->kind == Kind::none) {
    report<Id::map_key_none>(key, types::printed(type));
    return;
  }
  if (type->kind == Kind::void_type || type->kind == Kind::aggregate) {
    report<Id::map_key_refused>(key, types::printed(type));
    return;
  }
  if (holds_context(type)) {
    report<Id::map_key_context>(key);
    return;
  }
  if (!map.key.type) return;
  if (map.key.refused && types::promote(types_, map.key.type, type) != map.key.type) {
    report<Id::type_locked>(key, map.name, types::printed(type), types::printed(map.key.type));
    return;
  }
  if (!types::promote(types_, map.key.type, type)) {
    const bool same_shape = (map.key.type->kind == Kind::tuple) == (type->kind == Kind::tuple) &&
                            map.key.type->members.size() == type->members.size();
    if (write && same_shape)
      report<Id::map_key_mismatch>(key, map.name, types::printed(type), types::printed(map.key.type));
    else
      report<Id::map_argument_mismatch>(key, map.name, types::printed(type), types::printed(map.key.type));
    return;
  }
  implicit(key, map.key.type);
}

void Typing::assign_map(bound::AssignMap& assign) {
  if (!assign.target) {
    expr(assign.value);
    return;
  }
  bound::Map& map = *assign.target->map;
  if (assign.target->key) map_key(map, *assign.target->key, true);
  TypeRef type = expr(assign.value);
  if (!type) return;
  const bound::Expr* last = last_value(*assign.value);
  const bool direct = last && last->kind == bound::Kind::call &&
                      static_cast<const bound::Call*>(last)->row->kind == builtins::RowKind::aggregate;
  if (final_) {
    if (check_map_value(map, *assign.value, assign)) {
      assign.target->type = map.value.type;
      if (!direct) implicit(*assign.value, map.value.type);
    }
    return;
  }
  if (type->kind != Kind::aggregate || direct) return merge(map.value, type);
  // The number of another map's aggregate: only for a map whose values are numbers already.
  map.takes_aggregate = true;
  if (is_castable_aggregate(type) && map.value.type && map.value.type->is_integer())
    merge(map.value, readable(types_, type));
}

bool Typing::check_map_value(bound::Map& map, bound::Expr& value, const bound::Stmt& stmt) {
  TypeRef type = value.type;
  if (type->kind == Kind::none) {
    report<Id::invalid_assignment>(value);
    return false;
  }
  if (type->kind == Kind::void_type || holds_context(type)) {
    report<Id::map_value_refused>(value, types::printed(type));
    return false;
  }
  const bound::Slot& slot = map.value;
  const bound::Expr* last = last_value(value);
  if (type->kind == Kind::aggregate && last && last->kind == bound::Kind::map_access) {
    if (is_castable_aggregate(type) && slot.type && slot.type->is_integer()) return true;
    const std::string text = type->aggregate + "()";
    const std::string name = map.name;
    diag::Diagnostic& diagnostic = report<Id::aggregate_copied>(stmt, types::printed(type), name, text);
    if (is_castable_aggregate(type)) {
      const auto& other = static_cast<const bound::MapAccess&>(*last);
      diagnostic.hints.push_back("Add a cast to integer if you want the value of the aggregate, e.g. `" + name +
                                 " = (int64)" + other.map->name + ";`.");
    }
    return false;
  }
  if (!slot.type || refused_by_lock(map.name, slot, type, stmt)) return false;
  if (types::promote(types_, slot.type, type)) return true;
  if (type->kind == Kind::aggregate && slot.type->kind == Kind::aggregate && type->aggregate == slot.type->aggregate) {
    check_aggregates(map, type, stmt);
    return false;
  }
  report<Id::map_type_mismatch>(stmt, map.name, types::printed(type), types::printed(slot.type));
  return false;
}

// Same aggregate, other parameters.
void Typing::check_aggregates(const bound::Map& map, TypeRef offered, const bound::Stmt& stmt) {
  // A series and the like have bounds, too, and these are what their message is about.
  if (offered->bits != map.value.type->bits && offered->step == 0)
    report<Id::hist_bits_differ>(stmt);
  else
    report<Id::bounds_differ>(stmt, offered->aggregate);
}

void Typing::for_range(bound::ForRange& loop) {
  TypeRef begin = expr(loop.begin), end = expr(loop.end);
  if (loop_too_deep(loop)) return;
  if (!begin || !end) return loop_body(loop.body);
  begin = readable(types_, begin);
  end = readable(types_, end);
  if (!begin->is_integer()) report<Id::loop_start_not_integer>(*loop.begin);
  if (!end->is_integer()) report<Id::loop_end_not_integer>(*loop.end);
  if (begin->is_integer() && end->is_integer()) {
    merge(loop.variable->slot, types::promote(types_, begin, end));
    if (final_ && loop.variable->slot.type) {
      implicit(*loop.begin, loop.variable->slot.type);
      implicit(*loop.end, loop.variable->slot.type);
    }
  } else if (final_ && !loop.variable->slot.type) {
    loop.variable->slot.type = types_.none();  // keeps follow-up errors away
  }
  loop_body(loop.body);
}

TypeRef Typing::entry_type(const bound::Map& map) {
  return types_.tuple({map.key.type, readable(types_, map.value.type)});
}

void Typing::for_map(bound::ForMap& loop) {
  bound::Map& map = *loop.map;
  if (loop_too_deep(loop)) return;
  if (final_) {
    std::optional<Id> problem;
    TypeRef value = map.value.type;
    if (map.shape == bound::Map::Shape::scalar) {
      reporter_.emit<Id::map_not_iterable>(loop.map_range, loop.levels, map.name);
      problem = Id::map_not_iterable;
    } else if (!value || !map.key.type) {
      undefined_map(loop.map_range, loop.levels, map);
      problem = Id::undefined_map;
    } else if (value->kind == Kind::aggregate && !is_castable_aggregate(value)) {
      reporter_.emit<Id::loop_value_type>(loop.map_range, loop.levels, types::printed(value));
      problem = Id::loop_value_type;
    } else if (const TypeRef held = loop.variable->slot.type;
               !held || types::promote(types_, held, entry_type(map)) != held) {
      undefined_map(loop.map_range, loop.levels, map);  // a key that contains itself, as in `@x[$kv] = 1`
      problem = Id::undefined_map;
    }
    if (problem) {
      if (!loop.variable->slot.type) loop.variable->slot.type = types_.none();
      return;
    }
  } else if (map.key.type && map.value.type) {
    merge(loop.variable->slot, entry_type(map));
  }
  loop_body(loop.body);
}

void Typing::unroll(bound::Unroll& unroll) {
  expr(unroll.count);
  uint64_t copies = 1;
  if (final_) {
    const auto& literal = unroll.count->literal;
    if (unroll.count->kind == bound::Kind::unknown) {
      // told
    } else if (!literal || literal->kind != bound::Literal::Kind::integer)
      report<Id::unroll_not_literal>(*unroll.count);
    else if (literal->negative || literal->bits < 1)
      report<Id::unroll_below>(*unroll.count);
    else if (literal->bits > 100)
      report<Id::unroll_above>(*unroll.count);
    else
      copies = literal->bits;
  }
  if (!final_) return block(unroll.body);
  const uint64_t outer_copies = copies_, outer_length = std::exchange(length_, 0);
  const uint32_t outer_depth = std::exchange(deepest_, 0);
  copies_ = std::min(copies_ * copies, kMaxStatements + 1);
  unrolls_.push_back(&unroll);
  block(unroll.body);
  unrolls_.pop_back();
  copies_ = outer_copies;
  unroll.as_loop = !unroll.stays && length_ * copies > kLongUnroll && loops_ + deepest_ < kMaxLoops;
  const uint64_t length = unroll.as_loop ? length_ : std::min(length_ * copies, kMaxStatements);
  if (length > kMaxCopies && length_ <= kMaxCopies) report<Id::program_too_long>(unroll, kMaxCopies);
  length_ = outer_length + length;
  deepest_ = std::max(outer_depth, deepest_ + (unroll.as_loop ? 1 : 0));
}

void Typing::jump(bound::Jump& jump) {
  if (jump.jump != ast::JumpKind::return_jump)
    for (bound::Unroll* unroll : unrolls_) unroll->stays = true;
  if (!jump.value) return;
  TypeRef type = expr(jump.value);
  if (!type) return;
  type = readable(types_, type);
  if (!type->is_integer()) report<Id::return_not_integer>(*jump.value, types::printed(type));
}

}  // namespace sonde::sema
