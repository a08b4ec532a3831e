// Binding of bare names and calls: macros first, then the language's context values, then rows, then C names.
#include <algorithm>

#include "sema/binder.h"
#include "sema/suggestions.h"

namespace sonde::sema {

using builtins::Builtin;
using builtins::ParamKind;
using diag::Id;

namespace {

// N of "argN".
std::optional<uint32_t> argument_number(std::string_view name) {
  if (name.size() < 4 || name.size() > 6 || !name.starts_with("arg")) return {};
  uint32_t number = 0;
  for (const char c : name.substr(3)) {
    if (c < '0' || c > '9') return {};
    number = number * 10 + static_cast<uint32_t>(c - '0');
  }
  return number;
}

ParamKind param_kind(const Builtin& row, size_t index) {
  if (index < row.params.size()) return row.params[index].kind;
  // One word too many is a matter of their number, not of its name.
  return !row.params.empty() && row.params.back().kind == ParamKind::word ? ParamKind::word : ParamKind::any;
}

}  // namespace

const bound::Binding* Binder::parameter(std::string_view name, const Env& env) const {
  if (!env.frame) return nullptr;
  const auto it = env.frame->parameters.find(name);
  return it == env.frame->parameters.end() ? nullptr : &it->second;
}

// Where a macro's argument is bound: names as at the call, restrictions as at the place of use.
Binder::Env Binder::caller_of(const Env& env) {
  Env outside = env.frame->caller;
  outside.limit = std::min(outside.limit, bound::visible_until(env));
  outside.in_for |= env.in_for;
  outside.in_loop |= env.in_loop;
  if (env.in_type) {
    outside.in_type = true;
    outside.type_context = env.type_context;
  }
  return outside;
}

// What an argument really is when it is only the name of a macro's parameter.
std::pair<const ast::Expr*, Binder::Env> Binder::resolve_argument(const ast::Expr& argument, const Env& env) const {
  const ast::Expr* expr = &argument;
  Env where = env;
  while (const auto* name = ast::expr_cast<ast::Identifier>(expr)) {
    const bound::Binding* binding = parameter(name->name, where);
    if (!binding || !binding->expr) break;
    expr = binding->expr;
    where = caller_of(where);
  }
  return {expr, where};
}

bound::Expr* Binder::context_value(std::string_view name, source::Range range, const Env& env, bool call_form) {
  using What = bound::Context::What;
  std::optional<What> what;
  uint32_t number = 0;
  if (name == "retval") what = What::retval;
  if (!call_form && name == "args") what = What::args;
  if (!call_form && name == "ctx") what = What::pointer;
  if (!call_form)
    if (const auto argument = argument_number(name)) {
      what = What::arg;
      number = *argument;
    }
  if (!what) return nullptr;
  auto* made = make<bound::Context>(range, env);
  made->what = *what;
  made->number = number;
  if (env.in_for) report<Id::builtin_in_for>(range, env, name);
  return made;
}

bound::Expr* Binder::identifier(const ast::Identifier& identifier, const Env& env) {
  const std::string& name = identifier.name;
  if (const bound::Binding* binding = parameter(name, env); binding && binding->expr)
    return expr(binding->expr, caller_of(env));
  // The parser's own names can be overridden in call form only.
  const bool overridable = name == "retval";
  if (!overridable)
    if (bound::Expr* value = context_value(name, identifier.range, env, false)) return value;
  const bool library = env.frame && env.frame->library;
  const Builtin* row = builtins::find_builtin(name);
  const bool fixed = inputs_.is_parser_name && inputs_.is_parser_name(name);
  if (const MacroTable::Definitions* macros = fixed ? nullptr : macros_.find(name, library)) {
    if (const bound::MacroDef* def = macros_.match(name, library, {})) return expand(*def, identifier.range, {}, env);
    if (!row || row->kind != builtins::RowKind::value) {
      MacroTable::report_mismatch(*macros, name, identifier.range, {}, reporter_, levels(env));
      return nullptr;
    }
  }
  if (overridable)
    if (bound::Expr* value = context_value(name, identifier.range, env, false)) return value;
  if (row && row->kind == builtins::RowKind::value) return row_call(*row, identifier.range, identifier.range, {}, env);
  if (inputs_.find_define) {
    diag::Diagnostics problems;
    const ast::Expr* value = inputs_.find_define(name, identifier.range, problems);
    reporter_.add_all(problems, levels(env));
    if (!problems.ok()) return nullptr;
    if (value) return expr(value, env);
  }
  if (const auto enumerator = names_.find_enumerator(name)) {
    auto* made = make<bound::LiteralExpr>(identifier.range, env);
    const bool negative = enumerator->type->c_enum->is_signed && static_cast<int64_t>(enumerator->value) < 0;
    made->value = {.bits = enumerator->value, .negative = negative};
    made->enumeration = enumerator->type;
    return made;
  }
  diag::Diagnostic& diagnostic = report<Id::unknown_identifier>(identifier.range, env, name);
  const types::TypeRef args = env.program->probe.args_type;
  if (row || macros_.find(name, library)) {
    diagnostic.hints.push_back("`" + name + "` is a function: `" + name + "()`");
  } else if (args && args->c_record && !args->c_record->find(name).empty()) {
    diagnostic.hints.push_back("did you mean `args." + name + "`?");
  } else {
    add_suggestions(diagnostic.hints, name, known_names(false));
  }
  return nullptr;
}

std::vector<std::string> Binder::known_names(bool functions) const {
  std::vector<std::string> names = macros_.names();
  for (const Builtin* row : builtins::builtins())
    if (functions || row->kind == builtins::RowKind::value) names.emplace_back(row->name);
  if (functions) names.insert(names.end(), inputs_.c_functions.begin(), inputs_.c_functions.end());
  if (!functions) names.insert(names.end(), {"args", "ctx", "retval"});
  std::erase_if(names, [](const std::string& name) { return name.starts_with("__"); });
  return names;
}

bound::Expr* Binder::call(const ast::Call& call, const Env& env) {
  const bool library = env.frame && env.frame->library;
  const Builtin* row = builtins::find_builtin(call.name);
  if (const MacroTable::Definitions* macros = macros_.find(call.name, library)) {
    if (const bound::MacroDef* def = macros_.match(call.name, library, call.arguments))
      return expand(*def, call.range, call.arguments, env);
    // Values stay what they are beside a macro with parameters; a function of that name is the user's to define in full.
    const bool value = row && row->kind == builtins::RowKind::value && call.arguments.empty();
    if (!row || (!library && macros_.is_users(call.name) && !value)) {
      MacroTable::report_mismatch(*macros, call.name, call.range, call.arguments, reporter_, levels(env));
      return nullptr;
    }
  }
  if (call.arguments.empty())
    if (bound::Expr* value = context_value(call.name, call.range, env, true)) return value;
  if (row) return row_call(*row, call.range, call.name_range, call.arguments, env);
  if (inputs_.find_c_function)
    if (const kernel::FunctionProto* function = inputs_.find_c_function(call.name)) return c_call(*function, call, env);
  if (inputs_.is_function_macro && inputs_.is_function_macro(call.name)) {
    report<Id::c_macro_not_callable>(call.range, env, call.name);
    return nullptr;
  }
  diag::Diagnostic& diagnostic = report<Id::unknown_function>(call.range, env, call.name);
  add_suggestions(diagnostic.hints, call.name, known_names(true));
  return nullptr;
}

bound::Expr* Binder::c_call(const kernel::FunctionProto& function, const ast::Call& call, const Env& env) {
  const size_t wanted = function.parameters.size();
  if (call.arguments.size() != wanted) {
    report<Id::c_call_arguments>(call.range, env, call.name, wanted, call.arguments.size() < wanted ? "only " : "",
                                 call.arguments.size());
    return nullptr;
  }
  auto* made = make<bound::CCall>(call.range, env);
  made->function = &function;
  for (const ast::Expr* argument : call.arguments) made->arguments.push_back(expr(argument, env));
  return made;
}

bound::Expr* Binder::row_call(const Builtin& row, source::Range range, source::Range name_range,
                              const std::vector<const ast::Expr*>& arguments, const Env& env) {
  auto* made = make<bound::Call>(range, env);
  made->row = &row;
  made->name_range = name_range;
  made->from_library = env.frame && env.frame->library;
  made->in_for = env.in_for;
  // `delete(@m[k])`, the old spelling of `delete(@m, k)`: for rows whose key may be left out.
  const auto* keyed = arguments.size() == 1 ? ast::expr_cast<ast::Map>(arguments.front()) : nullptr;
  if (keyed && keyed->keyed && row.params.size() == 2 && row.params[0].kind == ParamKind::map &&
      row.params[1].kind == ParamKind::map_key && row.params[1].optional) {
    auto* whole = make<bound::MapWhole>(keyed->name_range, env);
    whole->map = find_map(*keyed, env);
    bound::Expr* bound_key = key(keyed->keys, keyed->range, env);
    if (!whole->map) return nullptr;
    if (!use_shape(*whole->map, bound::Map::Shape::keyed, keyed->range, env)) return nullptr;
    made->arguments = {whole, bound_key};
    return made;
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    bound::Expr* value = row_argument(row, i, *arguments[i], env);
    made->arguments.push_back(value ? value : unknown(arguments[i]->range, env));
  }
  return made;
}

bound::Expr* Binder::row_argument(const Builtin& row, size_t index, const ast::Expr& argument, const Env& env) {
  const ParamKind kind = param_kind(row, index);
  const auto [actual, where] = resolve_argument(argument, env);
  if (kind == ParamKind::map || kind == ParamKind::map_or_any) {
    if (const auto* map = ast::expr_cast<ast::Map>(&argument); map && !map->keyed) {
      auto* whole = make<bound::MapWhole>(map->range, env);
      whole->map = find_map(*map, env);
      if (!whole->map) return nullptr;
      reads(whole->map->key, env);
      reads(whole->map->value, env);
      return whole;
    }
  }
  if (kind == ParamKind::word || kind == ParamKind::word_or_literal) {
    if (const auto* name = ast::expr_cast<ast::Identifier>(actual)) {
      auto* word = make<bound::Word>(argument.range, env);
      word->text = name->name;
      return word;
    }
  }
  if (kind == ParamKind::variable) {
    if (const auto* target = ast::expr_cast<ast::Variable>(&argument)) {
      bound::Variable* found = find_for_reading(env, target->name);
      if (!found) return variable(*target, env);  // reports it
      auto* address = make<bound::AddressOf>(target->range, env);
      address->variable = found;
      found->assigned = true;
      reads(found->slot, env);
      return address;
    }
    report<Id::call_variable_argument>(argument.range, env, row.name, row.params[index].name);
    return nullptr;
  }
  if (row.format_argument == index)
    if (const auto* format = ast::expr_cast<ast::StringLiteral>(actual))
      return text(format->value, argument.range, env, true);
  return expr(&argument, env);
}

bool Binder::check_recursion(const bound::MacroDef& def, source::Range range, const Env& env) {
  const bound::Frame* again = env.frame;
  while (again && again->macro != &def) again = again->caller.frame;
  if (!again) return true;
  std::string chain = def.macro->name;
  for (const bound::Frame* frame = env.frame; frame != again->caller.frame; frame = frame->caller.frame)
    chain = frame->macro->macro->name + " > " + chain;
  report<Id::macro_recursive>(range, env, chain);
  return false;
}

bound::Expr* Binder::expand(const bound::MacroDef& def, source::Range range,
                            const std::vector<const ast::Expr*>& arguments, const Env& env) {
  if (!check_recursion(def, range, env)) return nullptr;
  frames_.push_back({.macro = &def, .caller = env, .library = def.library});
  bound::Frame& frame = frames_.back();
  for (size_t i = 0; i < arguments.size(); ++i) {
    const ast::MacroParam& param = def.macro->params[i];
    bound::Binding& binding = frame.parameters[param.name];
    if (param.kind == ast::ParamKind::map) {
      binding.map = find_map(static_cast<const ast::Map&>(*arguments[i]), env);
      if (!binding.map) return nullptr;
    } else if (param.kind == ast::ParamKind::variable) {
      const auto& target = static_cast<const ast::Variable&>(*arguments[i]);
      binding.variable = find_for_reading(env, target.name);
      if (!binding.variable) {
        undefined_variable(target, env);
        return nullptr;
      }
    } else {
      binding.expr = arguments[i];
      frame.takes_types |= ast::expr_cast<ast::TypeofArg>(resolve_argument(*arguments[i], env).first) != nullptr;
    }
  }
  tree_.expansions.emplace_back();
  std::vector<source::Range>& expansion = tree_.expansions.back();
  expansion.push_back(range);
  if (Levels outer = levels(env)) expansion.insert(expansion.end(), outer->begin(), outer->end());
  frame.levels = &expansion;
  scopes_.push_back({.frame = &frame});
  Env inside = env;
  inside.scope = &scopes_.back();
  inside.limit = UINT32_MAX;
  inside.frame = &frame;
  // The value of the call stands where the caller wrote it; what is inside knows its own levels.
  auto* made = make<bound::BlockExpr>(range, env);
  made->library_call = def.library;
  block(*def.macro->body, inside, made->block);
  return made;
}

}  // namespace sonde::sema
