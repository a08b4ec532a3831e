// Collecting macros and matching calls to definitions.
#include "sema/macros.h"

#include <algorithm>

#include "sema/ast_walk.h"

namespace sonde::sema {
namespace {

using bound::MacroDef;
using diag::Id;

enum class ArgumentKind : uint8_t { variable, map, expression };

ArgumentKind kind_of(const ast::Expr* argument) {
  if (argument->kind == ast::ExprKind::variable) return ArgumentKind::variable;
  const auto* map = ast::expr_cast<ast::Map>(argument);
  return map && !map->keyed ? ArgumentKind::map : ArgumentKind::expression;
}

bool accepts(ast::ParamKind param, ArgumentKind argument) {
  switch (param) {
    case ast::ParamKind::expression: return true;
    case ast::ParamKind::variable: return argument == ArgumentKind::variable;
    case ast::ParamKind::map: return argument == ArgumentKind::map;
  }
  return false;
}

// Whether `earlier` takes every call that `later` takes.
bool covers(const ast::Macro& earlier, const ast::Macro& later) {
  if (earlier.params.size() != later.params.size()) return false;
  for (size_t i = 0; i < earlier.params.size(); ++i)
    if (earlier.params[i].kind != ast::ParamKind::expression && earlier.params[i].kind != later.params[i].kind)
      return false;
  return true;
}

std::set<std::string> assigned_variables(const ast::Macro& macro) {
  std::set<std::string> names;
  const auto add = [&](const ast::Expr* target) {
    if (const auto* variable = ast::expr_cast<ast::Variable>(target)) names.insert(variable->name);
  };
  AstVisitor visitor;
  visitor.stmt = [&](const ast::Stmt& stmt, size_t) {
    // Compound assignment reads first, so it is no declaration; the same holds for `++`.
    if (const auto* assign = ast::stmt_cast<ast::Assign>(&stmt); assign && !assign->op) add(assign->target);
    if (const auto* let = ast::stmt_cast<ast::Let>(&stmt)) add(let->variable);
    if (const auto* loop = ast::stmt_cast<ast::For>(&stmt)) add(loop->variable);
  };
  walk(macro.body, visitor);
  for (const ast::MacroParam& param : macro.params) names.erase(param.name);
  return names;
}

void check_parameters(const ast::Macro& macro, Reporter& reporter) {
  std::set<std::string> seen;
  for (const ast::MacroParam& param : macro.params) {
    if (seen.insert(param.name).second) continue;
    const char* kind = param.kind == ast::ParamKind::variable ? "Variable"
                       : param.kind == ast::ParamKind::map    ? "Map"
                                                              : "Ident";
    reporter.emit<Id::macro_parameter_repeated>(param.range, nullptr, kind, param.name);
  }
}

void check_jumps(const ast::Macro& macro, Reporter& reporter) {
  AstVisitor visitor;
  visitor.stmt = [&](const ast::Stmt& stmt, size_t loops) {
    const auto* jump = ast::stmt_cast<ast::Jump>(&stmt);
    if (!jump) return;
    if (jump->jump == ast::JumpKind::return_jump)
      reporter.emit<Id::jump_not_allowed>(stmt.range, nullptr, "return", "macro");
    else if (loops == 0)
      reporter.emit<Id::jump_not_allowed>(stmt.range, nullptr,
                                          jump->jump == ast::JumpKind::break_jump ? "break" : "continue", "macro");
  };
  walk(macro.body, visitor);
}

const char* word(ArgumentKind kind) {
  switch (kind) {
    case ArgumentKind::variable: return "a variable";
    case ArgumentKind::map: return "a map";
    case ArgumentKind::expression: return "an expression";
  }
  return "";
}

}  // namespace

void MacroTable::add(const ast::Program& program, bool library, Reporter& reporter) {
  for (const ast::Macro* macro : program.macros) {
    if (library) reporter.add_library(macro->range.buffer);
    check_parameters(*macro, reporter);
    check_jumps(*macro, reporter);
    Definitions& definitions = (library ? library_ : user_)[macro->name];
    const auto original = std::find_if(definitions.begin(), definitions.end(),
                                       [&](const MacroDef* def) { return covers(*def->macro, *macro); });
    if (original != definitions.end()) {
      reporter.emit<Id::macro_redefined>(macro->name_range, nullptr, macro->name)
          .labels.push_back(
              {(*original)->macro->name_range, std::string(diag::row(Id::label_original_definition).text)});
      continue;
    }
    owned_.push_back({macro, library, assigned_variables(*macro)});
    definitions.push_back(&owned_.back());
  }
}

const MacroTable::Definitions* MacroTable::find(std::string_view name, bool from_library) const {
  if (!from_library)
    if (const auto it = user_.find(name); it != user_.end()) return &it->second;
  const auto it = library_.find(name);
  return it == library_.end() ? nullptr : &it->second;
}

const MacroDef* MacroTable::match(std::string_view name, bool from_library,
                                  const std::vector<const ast::Expr*>& arguments) const {
  if (const auto user = user_.find(name); user != user_.end() && !from_library)
    if (const MacroDef* def = match(user->second, arguments)) return def;
  const auto library = library_.find(name);
  return library == library_.end() ? nullptr : match(library->second, arguments);
}

const MacroDef* MacroTable::match(const Definitions& definitions, const std::vector<const ast::Expr*>& arguments) {
  for (const MacroDef* def : definitions) {
    const auto& params = def->macro->params;
    if (params.size() != arguments.size()) continue;
    bool matches = true;
    for (size_t i = 0; i < params.size(); ++i) matches &= accepts(params[i].kind, kind_of(arguments[i]));
    if (matches) return def;
  }
  return nullptr;
}

void MacroTable::report_mismatch(const Definitions& definitions, std::string_view name, source::Range range,
                                 const std::vector<const ast::Expr*>& arguments, Reporter& reporter,
                                 Reporter::Levels levels) {
  diag::Diagnostic& diagnostic = reporter.emit<Id::macro_no_match>(range, levels, name);
  const auto same_count = std::find_if(definitions.begin(), definitions.end(), [&](const MacroDef* def) {
    return def->macro->params.size() == arguments.size();
  });
  if (same_count == definitions.end()) {
    const ast::Macro& closest = *definitions.front()->macro;
    diagnostic.labels.push_back(
        {closest.name_range,
         diag::fill(diag::row(Id::label_closest_count).text,
                    {std::string(name), std::to_string(closest.params.size()), std::to_string(arguments.size())})});
    return;
  }
  const auto& params = (*same_count)->macro->params;
  for (size_t i = 0; i < params.size(); ++i) {
    const ArgumentKind kind = kind_of(arguments[i]);
    if (accepts(params[i].kind, kind)) continue;
    diag::Diagnostic& mismatch = reporter.emit<Id::macro_argument_mismatch>(
        arguments[i]->range, levels, name, params[i].kind == ast::ParamKind::map ? "a map" : "a variable",
        params[i].name, word(kind));
    mismatch.labels.push_back({params[i].range, std::string(diag::row(Id::label_closest_argument).text)});
    return;
  }
}

std::vector<std::string> MacroTable::names() const {
  std::vector<std::string> all;
  for (const Table* table : {&user_, &library_})
    for (const auto& [name, definitions] : *table) all.push_back(name);
  return all;
}

}  // namespace sonde::sema
