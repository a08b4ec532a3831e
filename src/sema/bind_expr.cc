// Binding of expressions, apart from names and calls.
#include <algorithm>

#include "base/integer.h"
#include "sema/binder.h"
#include "sema/regroup.h"
#include "sema/suggestions.h"

namespace sonde::sema {

using diag::Id;

namespace {

// Far beyond what a map of the kernel holds in one value.
constexpr uint64_t kMaxTypeSize = 1u << 24;

// Depth of recursion, kept by scope.
class Deeper {
 public:
  explicit Deeper(size_t& depth) : depth_(depth) { ++depth_; }
  ~Deeper() { --depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  size_t& depth_;
};

}  // namespace

bound::Expr* Binder::expr(const ast::Expr* expr, const Env& env) {
  const Deeper deeper(depth_);
  if (!expr) return nullptr;
  bound::Expr* made = within_limits(expr->range, env) ? dispatch(*expr, env) : nullptr;
  return made ? made : unknown(expr->range, env);
}

bound::Expr* Binder::dispatch(const ast::Expr& expr, const Env& env) {
  using enum ast::ExprKind;
  switch (expr.kind) {
    case int_literal: return integer(static_cast<const ast::IntLiteral&>(expr).value, false, expr.range, env);
    case string_literal: return text(static_cast<const ast::StringLiteral&>(expr).value, expr.range, env, false);
    case bool_literal: return boolean(static_cast<const ast::BoolLiteral&>(expr).value, expr.range, env);
    case identifier: return this->identifier(static_cast<const ast::Identifier&>(expr), env);
    case variable: return this->variable(static_cast<const ast::Variable&>(expr), env);
    case map: {
      bound::MapAccess* access = map_access(static_cast<const ast::Map&>(expr), env);
      if (!access) return nullptr;
      if (env.in_type && access->key) access->map->key.asked = true;
      reads(access->map->value, env);
      return access;
    }
    case positional: return this->positional(static_cast<const ast::Positional&>(expr), env);
    case positional_count: return integer(inputs_.arguments.positional.size(), false, expr.range, env);
    case tuple: {
      auto* made = make<bound::Tuple>(expr.range, env);
      for (const ast::Expr* element : static_cast<const ast::Tuple&>(expr).elements)
        made->elements.push_back(this->expr(element, env));
      return made;
    }
    case record: return this->record(static_cast<const ast::Record&>(expr), env);
    case cast: {
      auto* made = make<bound::Cast>(expr.range, env);
      const auto& source = static_cast<const ast::Cast&>(expr);
      type_spec(*source.type, in_type(env, "typeof or typeinfo"), made->spec);
      made->operand = this->expr(source.operand, env);
      return made;
    }
    case unary: {
      auto* made = make<bound::Unary>(expr.range, env);
      made->op = static_cast<const ast::Unary&>(expr).op;
      made->operand = this->expr(static_cast<const ast::Unary&>(expr).operand, env);
      return made;
    }
    case inc_dec: return this->inc_dec(static_cast<const ast::IncDec&>(expr), env);
    case address_of: return this->address_of(static_cast<const ast::AddressOf&>(expr), env);
    case binary: return this->binary(static_cast<const ast::Binary&>(expr), env);
    case ternary: return this->ternary(static_cast<const ast::Ternary&>(expr), env);
    case field: {
      auto* made = make<bound::Field>(expr.range, env);
      const auto& source = static_cast<const ast::Field&>(expr);
      made->base = this->expr(source.base, env);
      made->name = source.name;
      made->name_range = source.name_range;
      return made;
    }
    case tuple_index: {
      auto* made = make<bound::TupleIndex>(expr.range, env);
      made->base = this->expr(static_cast<const ast::TupleIndex&>(expr).base, env);
      made->index = static_cast<const ast::TupleIndex&>(expr).index;
      return made;
    }
    case index: {
      auto* made = make<bound::Index>(expr.range, env);
      made->base = this->expr(static_cast<const ast::Index&>(expr).base, env);
      made->index = this->expr(static_cast<const ast::Index&>(expr).index, env);
      return made;
    }
    case call: return this->call(static_cast<const ast::Call&>(expr), env);
    case if_expr: return this->if_expr(static_cast<const ast::If&>(expr), env);
    case block_expr: return this->block_expr(*static_cast<const ast::BlockExpr&>(expr).block, expr.range, env);
    case sizeof_expr:
      return type_query(bound::TypeQuery::What::size, static_cast<const ast::Sizeof&>(expr).operand, expr.range,
                        "sizeof", env);
    case offsetof_expr: {
      const auto& source = static_cast<const ast::Offsetof&>(expr);
      auto* made = type_query(bound::TypeQuery::What::offset, source.operand, expr.range, "offsetof", env);
      if (auto* query = bound::as<bound::TypeQuery>(made)) query->path = field_path(source.path, env);
      return made;
    }
    case typeinfo_expr:
      return type_query(bound::TypeQuery::What::info, static_cast<const ast::Typeinfo&>(expr).operand, expr.range,
                        "typeof or typeinfo", env);
    case typeof_arg: report<Id::typeof_argument>(expr.range, env); return nullptr;
    case comptime: {
      auto* made = make<bound::Comptime>(expr.range, env);
      made->operand = this->expr(static_cast<const ast::Comptime&>(expr).operand, env);
      return made;
    }
  }
  return nullptr;
}

bound::Expr* Binder::integer(uint64_t bits, bool negative, source::Range range, const Env& env) {
  auto* made = make<bound::LiteralExpr>(range, env);
  made->value = {.kind = bound::Literal::Kind::integer, .bits = bits, .negative = negative};
  return made;
}

bound::Expr* Binder::boolean(bool value, source::Range range, const Env& env) {
  auto* made = make<bound::LiteralExpr>(range, env);
  made->value = {.kind = bound::Literal::Kind::boolean, .bits = value};
  return made;
}

bound::Expr* Binder::text(const std::string& bytes, source::Range range, const Env& env, bool any_length) {
  const uint64_t limit = inputs_.config.integer("max_strlen");
  const bool library = env.frame && env.frame->library;
  if (!any_length && !library && !env.in_type && bytes.size() + 1 > limit) {
    report<Id::string_too_long>(range, env, limit, bytes);
    return nullptr;
  }
  auto* made = make<bound::LiteralExpr>(range, env);
  made->value = {.kind = bound::Literal::Kind::text, .text = bytes};
  return made;
}

bound::Expr* Binder::variable(const ast::Variable& variable, const Env& env) {
  bound::Variable* found = find_for_reading(env, variable.name);
  if (!found) {
    undefined_variable(variable, env);
    return nullptr;
  }
  if (!found->assigned && !found->read_unassigned && !env.in_type) {
    found->read_unassigned = true;
    report<Id::variable_used_unassigned>(variable.range, env, variable.name);
  }
  found->read = true;
  auto* made = make<bound::VariableRef>(variable.range, env);
  made->variable = found;
  reads(found->slot, env);
  return made;
}

bound::Expr* Binder::positional(const ast::Positional& positional, const Env& env) {
  const auto& given = inputs_.arguments.positional;
  const std::string spelling = positional.number <= given.size() ? given[positional.number - 1] : "";
  auto* made = make<bound::LiteralExpr>(positional.range, env);
  made->value.text = spelling;
  if (spelling.empty()) {
    report<Id::positional_missing>(positional.range, env, positional.number);
    made->value.spelled = true;
    return made;
  }
  const auto number = base::parse_integer(spelling, {.binary = true, .sign = true});
  if (!number) {
    made->value.kind = bound::Literal::Kind::text;
    return made;
  }
  made->value.spelled = true;
  made->value.negative = number->negative;
  made->value.bits = number->negative ? 0 - number->value : number->value;
  return made;
}

bound::Expr* Binder::key(const std::vector<const ast::Expr*>& keys, source::Range range, const Env& env) {
  if (keys.size() == 1) return expr(keys.front(), env);
  auto* made = make<bound::Tuple>(range, env);
  for (const ast::Expr* each : keys) made->elements.push_back(expr(each, env));
  return made;
}

bound::Expr* Binder::record(const ast::Record& record, const Env& env) {
  auto* made = make<bound::Tuple>(record.range, env);
  for (const ast::Record::Field& field : record.fields) {
    made->elements.push_back(expr(field.value, env));
    made->names.push_back(field.name);
  }
  return made;
}

// Where a macro was given a type, its body may hold casts that look like operations.
bool Binder::is_type_parameter(const ast::Identifier& name, const Env& env) const {
  return parameter(name.name, env) && ast::expr_cast<ast::TypeofArg>(resolve_argument(name, env).first);
}

bound::Expr* Binder::binary(const ast::Binary& binary, const Env& env) {
  if (env.frame && env.frame->takes_types) {
    const auto is_type = [&](const ast::Identifier& name) { return is_type_parameter(name, env); };
    if (const ast::Expr* regrouped = with_casts(binary, is_type, inputs_.arena); regrouped != &binary)
      return expr(regrouped, env);
  }
  auto* made = make<bound::Binary>(binary.range, env);
  made->op = binary.op;
  made->op_range = binary.op_range;
  made->left = expr(binary.left, env);
  made->right = expr(binary.right, env);
  return made;
}

bound::Expr* Binder::inc_dec(const ast::IncDec& node, const Env& env) {
  auto* made = make<bound::IncDec>(node.range, env);
  made->increment = node.increment;
  made->prefix = node.prefix;
  if (ast::expr_cast<ast::Map>(node.target) && env.in_type) {
    report<Id::map_assigned_in_type>(node.range, env, env.type_context);
    return nullptr;
  }
  made->target = expr(node.target, env);
  if (auto* ref = bound::as<bound::VariableRef>(made->target)) ref->variable->assigned = true;
  return made;
}

bound::Expr* Binder::address_of(const ast::AddressOf& node, const Env& env) {
  auto* made = make<bound::AddressOf>(node.range, env);
  if (const auto* map = ast::expr_cast<ast::Map>(node.target)) {
    made->map = find_map(*map, env);
    if (!made->map) return nullptr;
    reads(made->map->value, env);
    return made;
  }
  const auto& target = static_cast<const ast::Variable&>(*node.target);
  made->variable = find_for_reading(env, target.name);
  if (!made->variable) {
    undefined_variable(target, env);
    return nullptr;
  }
  made->variable->assigned = true;  // whoever gets the address may write
  reads(made->variable->slot, env);
  return made;
}

bound::Expr* Binder::ternary(const ast::Ternary& node, const Env& env) {
  auto* made = make<bound::Conditional>(node.range, env);
  made->ternary = true;
  made->condition = expr(node.condition, env);
  // `c ?: b` evaluates the condition again for its value.
  made->then_value = expr(node.then_value ? node.then_value : node.condition, env);
  made->else_value = expr(node.else_value, env);
  return made;
}

bound::Expr* Binder::if_expr(const ast::If& node, const Env& env) {
  auto* made = make<bound::Conditional>(node.range, env);
  made->condition = expr(node.condition, env);
  if (node.condition->kind == ast::ExprKind::comptime) {
    made->comptime = true;
    made->pending = &node;
    made->unit = unit_;
    made->environment = inner(env);
    made->environment.scope->limit = std::min(env.limit, sequence_);
    env.program->undecided.push_back(made);
    return made;
  }
  made->then_value = block_expr(*node.then_block, node.then_block->range, env);
  if (node.else_branch) made->else_value = expr(node.else_branch, env);
  return made;
}

bound::Expr* Binder::block_expr(const ast::Block& block, source::Range range, const Env& env) {
  auto* made = make<bound::BlockExpr>(range, env);
  this->block(block, inner(env), made->block);
  return made;
}

// --- types -----------------------------------------------------------------------------------------------------------

Binder::Env Binder::in_type(const Env& env, const char* context) {
  Env result = env;
  result.in_type = true;
  result.type_context = context;
  return result;
}

bound::Expr* Binder::type_query(bound::TypeQuery::What what, const ast::TypeOrExpr& operand, source::Range range,
                                const char* context, const Env& env) {
  auto* made = make<bound::TypeQuery>(range, env);
  made->what = what;
  if (what == bound::TypeQuery::What::info && !(env.frame && env.frame->library)) {
    const std::string& state = inputs_.config.text("unstable_typeinfo");
    if (state == "error") {
      report<Id::unstable_refused>(range, env, "typeinfo", "unstable_typeinfo");
      return nullptr;
    }
    if (state == "warn") reporter_.emit<Id::unstable_used>({}, nullptr, "typeinfo", "unstable_typeinfo");
  }
  const auto* type = operand.type;
  if (what == bound::TypeQuery::What::offset && type && type->tag != ast::TypeTag::none && type->suffixes.empty() &&
      !parameter(type->name, env) && !names_.find(TypeNames::tag_word(type->tag), type->name)) {
    report<Id::offset_type_unknown>(range, env, TypeNames::written(type->tag, type->name));
    return nullptr;
  }
  operand_spec(operand, range, in_type(env, context), made->spec);
  return made;
}

std::vector<std::string> Binder::field_path(const std::vector<std::string>& path, const Env& env) {
  if (path.empty()) return path;
  const bound::Binding* binding = parameter(path.front(), env);
  if (!binding || !binding->expr) return path;
  // A macro's parameter: the argument is written as `a` or `a.b`.
  std::vector<std::string> result;
  const ast::Expr* argument = binding->expr;
  while (const auto* field = ast::expr_cast<ast::Field>(argument)) {
    result.insert(result.begin(), field->name);
    argument = field->base;
  }
  if (const auto* name = ast::expr_cast<ast::Identifier>(argument)) result.insert(result.begin(), name->name);
  result.insert(result.end(), path.begin() + 1, path.end());
  return result;
}

void Binder::operand_spec(const ast::TypeOrExpr& operand, source::Range range, const Env& env, bound::TypeSpec& out) {
  out.range = range;
  if (operand.type) return type_spec(*operand.type, env, out, true);
  // A bare map stands for its key if it has keys, so that its shape stays open here.
  if (const auto* map = ast::expr_cast<ast::Map>(operand.expr); map && !map->keyed) {
    auto* whole = make<bound::MapWhole>(map->range, env);
    whole->map = find_map(*map, env);
    out.of = whole->map ? static_cast<bound::Expr*>(whole) : unknown(map->range, env);
    if (!whole->map) return;
    reads(whole->map->key, env);
    reads(whole->map->value, env);
    return;
  }
  out.of = expr(operand.expr, env);
}

void Binder::parameter_type(const ast::Type& type, const bound::Binding& binding, const Env& env,
                            bound::TypeSpec& out) {
  const Env outside = in_type(caller_of(env), env.type_context);
  if (type.tag != ast::TypeTag::none) {
    const auto* name = ast::expr_cast<ast::Identifier>(binding.expr);
    if (!name) {
      report<Id::macro_type_parameter>(type.range, env, env.frame->macro->macro->name, type.name,
                                       TypeNames::written(type.tag, type.name));
      out.of = unknown(type.range, env);
      return;
    }
    ast::Type replaced = type;
    replaced.name = name->name;
    return type_spec(replaced, outside, out);
  }
  const auto [actual, where] = resolve_argument(*binding.expr, outside);
  if (const auto* argument = ast::expr_cast<ast::TypeofArg>(actual))
    operand_spec(argument->operand, type.range, where, out);
  else
    out.of = expr(binding.expr, outside);
  out.suffixes.insert(out.suffixes.end(), type.suffixes.begin(), type.suffixes.end());
}

void Binder::type_spec(const ast::Type& type, const Env& env, bound::TypeSpec& out, bool operand) {
  out.range = type.range;
  if (type.type_of) return operand_spec(*type.type_of, type.range, env, out);
  if (const bound::Binding* binding = parameter(type.name, env); binding && binding->expr)
    return parameter_type(type, *binding, env, out);
  const std::string_view tag = TypeNames::tag_word(type.tag);
  // The kernel has enumerators of these names.
  const bool truth_value =
      operand && tag.empty() && type.suffixes.empty() && (type.name == "true" || type.name == "false");
  types::TypeRef found = truth_value ? inputs_.kernel.types().boolean() : names_.find(tag, type.name);
  if (!found && operand && tag.empty() && type.suffixes.empty())
    if (const auto enumerator = names_.find_enumerator(type.name)) found = enumerator->type;
  const std::string written = TypeNames::written(type.tag, type.name);
  for (const ast::Type::Suffix& suffix : type.suffixes) {
    if (found && !suffix.pointer && suffix.length.value_or(0) > kMaxTypeSize / std::max(1u, found->size)) {
      report<Id::type_too_large>(type.range, env, inputs_.sources.text(type.range), kMaxTypeSize);
      out.of = unknown(type.range, env);
      return;
    }
    if (found) found = names_.with_suffix(found, suffix);
  }
  out.known = found;
  if (found) return;
  out.of = unknown(type.range, env);
  // Where an expression could stand as well, a lone name was most likely meant as one.
  const bool name_alone = operand && tag.empty() && type.suffixes.empty();
  diag::Diagnostic& diagnostic = name_alone ? report<Id::unknown_identifier>(type.range, env, written)
                                 : type.tag == ast::TypeTag::enum_tag
                                     ? report<Id::enum_unknown>(type.range, env, type.name)
                                     : report<Id::unknown_type>(type.range, env, written);
  if (!tag.empty()) add_suggestions(diagnostic.hints, type.name, inputs_.kernel.type_names(tag));
  for (const char* missing : {"struct", "union", "enum"})
    if (tag.empty() && names_.find(missing, type.name))
      diagnostic.hints.push_back("did you mean `" + std::string(missing) + " " + type.name + "`?");
  if (!name_alone) add_btf_hint(diagnostic.hints, inputs_.kernel);
}

}  // namespace sonde::sema
