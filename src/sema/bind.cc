// Programs, scopes, variables and maps: the state that binding carries from statement to statement.
#include <algorithm>

#include "sema/ast_walk.h"
#include "sema/binder.h"
#include "sema/suggestions.h"

namespace sonde::sema {

using diag::Id;

namespace {

// Macros can multiply code without bound, so that expansion needs limits of its own: nodes of one program, and nesting,
// since all passes recurse.
constexpr size_t kMaxNodes = 200'000;
constexpr size_t kMaxDepth = 7000;

constexpr std::string_view kMapKinds[] = {"percpulruhash", "percpuhash", "lruhash", "hash"};

}  // namespace

void bound::set_unused(Expr* expr) {
  if (!expr) return;
  expr->used = false;
  if (auto* block = as<BlockExpr>(expr)) set_unused(block->block.value);
  auto* conditional = as<Conditional>(expr);
  if (!conditional || conditional->ternary) return;
  set_unused(conditional->then_value);
  set_unused(conditional->else_value);
}

Binder::Binder(const Inputs& inputs, const MacroTable& macros, const TypeNames& names, bound::Tree& tree,
               Reporter& reporter)
    : inputs_(inputs), macros_(macros), names_(names), tree_(tree), reporter_(reporter) {}

Binder::Levels Binder::levels(const Env& env) { return env.frame ? env.frame->levels : nullptr; }

void Binder::declare_maps(const ast::Program& program) {
  for (const ast::MapDecl* decl : program.map_decls) {
    if (std::find(std::begin(kMapKinds), std::end(kMapKinds), decl->kind) == std::end(kMapKinds)) {
      reporter_.emit<Id::map_kind_unknown>(decl->kind_range, nullptr, decl->kind)
          .hints.push_back("Valid map types: percpulruhash, percpuhash, lruhash, hash");
      continue;
    }
    bound::Map* map = map_named(decl->name, decl->range);
    map->declared_kind = decl->kind;
    map->declared_entries = decl->max_entries;
    map->declared_kind_range = decl->range;
  }
}

void Binder::bind_program(bound::Program& program) {
  first_node_ = tree_.size();
  over_limit_ = false;
  scopes_.emplace_back();
  const Env env{.program = &program, .scope = &scopes_.back()};
  if (program.source->predicate) {
    auto* predicate = begin_unit<bound::Expression>(program.source->predicate->range, env);
    predicate->predicate = true;
    const Env own = inner(env);
    predicate->value = expr(program.source->predicate, own);
    program.units.push_back(predicate);
    program.predicate = predicate;
  }
  unit_ = nullptr;
  if (program.source->body) block(*program.source->body, env, program.body);
  bound::set_unused(program.body.value);
}

void Binder::skip_probe(const ast::Probe& probe) {
  AstVisitor visitor;
  const auto note = [this](const ast::Map* map) {
    if (map) map_named(map->name, map->name_range)->assigned = true;
  };
  visitor.expr = [&](const ast::Expr& expr) { note(ast::expr_cast<ast::Map>(&expr)); };
  visitor.stmt = [&](const ast::Stmt& stmt, size_t) {
    if (const auto* assign = ast::stmt_cast<ast::Assign>(&stmt)) note(ast::expr_cast<ast::Map>(assign->target));
  };
  walk(probe.predicate, visitor);
  walk(probe.body, visitor);
}

Binder::Env Binder::inner(const Env& env) {
  scopes_.push_back({.parent = env.scope, .limit = env.limit});
  Env result = env;
  result.scope = &scopes_.back();
  result.limit = UINT32_MAX;
  return result;
}

bool Binder::within_limits(source::Range range, const Env& env) {
  if (over_limit_) return false;
  if (tree_.size() - first_node_ > kMaxNodes) {
    over_limit_ = gave_up_ = true;
    report<Id::program_too_large>(range, env, kMaxNodes);
  } else if (depth_ > kMaxDepth) {
    over_limit_ = gave_up_ = true;
    report<Id::program_too_deep>(range, env, kMaxDepth);
  }
  return !over_limit_;
}

void Binder::reads(bound::Slot& slot, const Env& env) {
  if (env.in_type) slot.asked = true;
  if (unit_ && (slot.readers.empty() || slot.readers.back() != unit_)) slot.readers.push_back(unit_);
}

bound::Variable* Binder::declare(const ast::Variable& variable, bound::Variable::Origin origin, const Env& env) {
  env.program->variables.emplace_back();
  bound::Variable& made = env.program->variables.back();
  made.name = variable.name;
  made.origin = origin;
  made.first = variable.range;
  made.sequence = ++sequence_;
  made.assigned = origin != bound::Variable::Origin::declaration;
  env.scope->variables[variable.name] = &made;
  return &made;
}

void Binder::label_first(diag::Diagnostic& diagnostic, const bound::Variable& variable) {
  const Id id = variable.origin == bound::Variable::Origin::declaration  ? Id::label_initial_declaration
                : variable.origin == bound::Variable::Origin::assignment ? Id::label_initial_assignment
                                                                         : Id::label_loop_variable;
  diagnostic.labels.push_back({variable.first, std::string(diag::row(id).text)});
}

bool Binder::check_shadowing(const ast::Variable& variable, bool loop, const Env& env) {
  if (env.frame && env.frame->parameters.contains(variable.name)) {
    report<Id::macro_parameter_shadowed>(variable.range, env, variable.name);
    return false;
  }
  const bound::Variable* visible = find_for_writing(env, variable.name);
  if (!visible) return true;
  diag::Diagnostic& diagnostic = loop ? report<Id::loop_variable_shadows>(variable.range, env, variable.name)
                                      : report<Id::variable_shadows>(variable.range, env, variable.name);
  label_first(diagnostic, *visible);
  return false;
}

bound::Map* Binder::map_named(const std::string& name, source::Range range) {
  const auto [it, is_new] = maps_.try_emplace(name, nullptr);
  if (is_new) {
    tree_.maps.push_back({.name = name, .first_use = range});
    it->second = &tree_.maps.back();
  }
  return it->second;
}

bound::Map* Binder::find_map(const ast::Map& map, const Env& env) {
  if (!env.frame) return map_named(map.name, map.name_range);
  if (const bound::Binding* binding = parameter(map.name, env); binding && binding->map) return binding->map;
  report<Id::macro_unhygienic_map>(map.name_range, env, map.name);
  return nullptr;
}

// False when the map was used in the other shape before, which is reported.
bool Binder::use_shape(bound::Map& map, bound::Map::Shape shape, source::Range range, const Env& env) {
  map.by_value = true;
  if (map.shape == bound::Map::Shape::unknown) map.shape = shape;
  if (map.shape == shape) return true;
  if (shape == bound::Map::Shape::keyed)
    report<Id::map_now_keyed>(range, env, map.name);
  else
    report<Id::map_now_scalar>(range, env, map.name)
        .hints.push_back("`" + map.name + "` has keys: one of its values is `" + map.name + "[...]`");
  return false;
}

bound::MapAccess* Binder::map_access(const ast::Map& map, const Env& env) {
  bound::Map* found = find_map(map, env);
  bound::Expr* bound_key = map.keyed ? key(map.keys, map.range, env) : nullptr;
  if (!found) return nullptr;
  if (!use_shape(*found, map.keyed ? bound::Map::Shape::keyed : bound::Map::Shape::scalar, map.range, env))
    return nullptr;
  auto* access = make<bound::MapAccess>(map.range, env);
  access->map = found;
  access->key = bound_key;
  return access;
}

void Binder::undefined_variable(const ast::Variable& variable, const Env& env) {
  diag::Diagnostic& diagnostic = report<Id::undefined_variable>(variable.range, env, variable.name);
  const auto same = [&](const bound::Variable& other) { return other.name == variable.name; };
  const auto known = [&](const bound::Program& program) { return std::ranges::any_of(program.variables, same); };
  if (known(*env.program))
    diagnostic.hints.push_back("`" + variable.name + "` ends with its block; declare it before the block: `let " +
                               variable.name + ";`");
  else if (std::ranges::any_of(tree_.programs, known))
    diagnostic.hints.push_back("`" + variable.name + "` belongs to another probe; a map, `@" + variable.name.substr(1) +
                               "`, is shared by all");
  else
    add_suggestions(diagnostic.hints, variable.name, visible_variables(env));
}

std::vector<std::string> Binder::visible_variables(const Env& env) const {
  std::vector<std::string> names;
  for (const bound::Scope* scope = env.scope; scope; scope = scope->parent)
    for (const auto& [name, variable] : scope->variables) names.push_back(name);
  return names;
}

}  // namespace sonde::sema
