// Expressions apart from operators, members, casts and calls.
#include <utility>

#include "base/check.h"
#include "sema/suggestions.h"
#include "sema/typing.h"

namespace sonde::sema {

using bound::as;
using diag::Id;
using types::Kind;

namespace {

// Registers that carry arguments (probes.md 5); other sources have as many as their prototype.
constexpr uint32_t kRegisterArguments = 6;

bool is_nothing(TypeRef type) { return type->kind == Kind::none || type->kind == Kind::void_type; }

// How the arguments of a probe are written that has names for them.
std::string named_arguments(const probes::ResolvedProbe& probe) {
  constexpr size_t kMost = 6;
  std::string text = "the arguments of this probe have names: ";
  size_t count = 0;
  const bool known = probe.args_type && probe.args_type->c_record;
  if (known) {
    for (const types::CField& field : probe.args_type->c_record->fields()) {
      if (field.tag == "common" || field.name.starts_with("__")) continue;
      if (count == kMost) return text + ", ...";
      text += (count++ > 0 ? ", `args." : "`args.") + field.name + "`";
    }
  }
  return count > 0 ? text : text + "`args.NAME`, listed by `sonde -lv '" + probe.full_name + "'`";
}

}  // namespace

TypeRef Typing::expr(bound::Expr* expr) {
  if (!expr) return nullptr;
  expr->literal.reset();
  const bool whole = !std::exchange(member_follows_, false);
  expr->type = dispatch(*expr);
  const bool read =
      expr->kind == bound::Kind::field || expr->kind == bound::Kind::index || expr->kind == bound::Kind::unary;
  if (whole && read && asking_ == 0) layout_matters(*expr, expr->type);
  if (final_ && !expr->used && expr->type && !is_nothing(expr->type)) discarded(*expr);
  return expr->type;
}

void Typing::discarded(const bound::Expr& expr) {
  switch (expr.kind) {
    case bound::Kind::inc_dec: return;
    // What is inside was told; of the library's macros only the call means something to the user.
    case bound::Kind::block:
      if (!static_cast<const bound::BlockExpr&>(expr).library_call) return;
      break;
    case bound::Kind::conditional:
      if (!static_cast<const bound::Conditional&>(expr).ternary) return;
      break;
    default: break;
  }
  diag::Diagnostic& diagnostic = report<Id::return_value_discarded>(expr);
  if (expr.kind != bound::Kind::binary) return;
  const auto& comparison = static_cast<const bound::Binary&>(expr);
  const bound::Kind left = comparison.left->kind;
  const bool target = left == bound::Kind::variable || left == bound::Kind::map_access || left == bound::Kind::unknown;
  if (comparison.op == ast::BinaryOp::eq && target) diagnostic.hints.push_back("`==` compares; to assign, write `=`");
}

void Typing::layout_matters(const bound::Expr& expr, TypeRef type) {
  if (!final_ || !inputs_.portable) return;
  while (type && type->kind == Kind::array) type = type->element;
  if (type && type->kind == Kind::c_record && type->c_record->from_kernel())
    report<Id::portable_layout>(expr, types::printed(type));
}

TypeRef Typing::dispatch(bound::Expr& expr) {
  using enum bound::Kind;
  switch (expr.kind) {
    case literal: {
      auto& node = static_cast<bound::LiteralExpr&>(expr);
      node.literal = node.value;
      return node.enumeration ? node.enumeration : literal_type(types_, node.value);
    }
    case variable: return this->variable(static_cast<bound::VariableRef&>(expr));
    case map_access: return this->map_access(static_cast<bound::MapAccess&>(expr));
    case map_whole:
    case word: return types_.none();
    case tuple: return this->tuple(static_cast<bound::Tuple&>(expr));
    case cast: return this->cast(static_cast<bound::Cast&>(expr));
    case unary: return this->unary(static_cast<bound::Unary&>(expr));
    case binary: return this->binary(static_cast<bound::Binary&>(expr));
    case inc_dec: return this->inc_dec(static_cast<bound::IncDec&>(expr));
    case address_of: return this->address_of(static_cast<bound::AddressOf&>(expr));
    case conditional: return this->conditional(static_cast<bound::Conditional&>(expr));
    case field: return this->field(static_cast<bound::Field&>(expr));
    case tuple_index: return this->tuple_index(static_cast<bound::TupleIndex&>(expr));
    case index: return this->index(static_cast<bound::Index&>(expr));
    case call: return this->call(static_cast<bound::Call&>(expr));
    case c_call: return this->c_call(static_cast<bound::CCall&>(expr));
    case block: {
      auto& node = static_cast<bound::BlockExpr&>(expr);
      this->block(node.block);
      if (!node.block.value) return types_.none();
      if (node.block.statements.empty()) node.literal = node.block.value->literal;
      node.space = node.block.value->space;
      return node.block.value->type;
    }
    case type_query: return this->type_query(static_cast<bound::TypeQuery&>(expr));
    case comptime: {
      auto& node = static_cast<bound::Comptime&>(expr);
      TypeRef type = this->expr(node.operand);
      node.literal = node.operand->literal;
      // What has no value because of another error was told there.
      if (type && !node.literal && reporter_.ok()) report<Id::comptime_unresolved>(expr);
      return type;
    }
    case context: return this->context(static_cast<bound::Context&>(expr));
    case unknown: return nullptr;
  }
  SONDE_UNREACHABLE();
}

TypeRef Typing::variable(bound::VariableRef& ref) {
  TypeRef type = ref.variable->slot.type;
  // An unresolved variable is reported once, where it is declared.
  if (!type || type->kind == Kind::none) return nullptr;
  return type;
}

TypeRef Typing::map_access(bound::MapAccess& access) {
  bound::Map& map = *access.map;
  if (access.key) map_key(map, *access.key, false);
  if (!map.value.type && final_) undefined_map(access.range, access.levels, map);
  if (!map.value.type) return nullptr;
  return map.value.type;
}

void Typing::undefined_map(source::Range range, bound::Levels levels, const bound::Map& map, Id id) {
  if (map.takes_aggregate) return;              // what it was assigned has been or will be refused
  if (map.assigned && !reporter_.ok()) return;  // or could not be told
  std::vector<std::string> known;
  for (const bound::Map& other : tree_.maps)
    if (other.value.type && &other != &map) known.push_back(other.name);
  diag::Diagnostic diagnostic{id, range, diag::fill(diag::row(id).text, {map.name}), {}, {}, {}};
  add_suggestions(diagnostic.hints, map.name, known);
  if (diagnostic.hints.empty() && id == Id::undefined_map && !map.assigned)
    diagnostic.hints.push_back("no statement stores anything in `" + map.name + "`");
  reporter_.add(std::move(diagnostic), levels);
}

TypeRef Typing::tuple(bound::Tuple& tuple) {
  std::vector<TypeRef> elements;
  bool known = true;
  for (bound::Expr* element : tuple.elements) {
    TypeRef type = expr(element);
    if (type) type = readable(types_, type);
    if (type && type->kind == Kind::aggregate) {
      report<Id::aggregate_in_tuple>(*element, types::printed(type), tuple.names.empty() ? "tuple" : "record");
      type = nullptr;
    } else if (type && is_nothing(type)) {
      report<Id::invalid_assignment>(*element);
      type = nullptr;
    }
    known &= type != nullptr;
    elements.push_back(type);
  }
  if (!known) return nullptr;
  if (elements.empty()) return types_.none();
  if (tuple.names.empty()) return types_.tuple(elements);
  std::vector<std::pair<std::string, TypeRef>> members;
  for (size_t i = 0; i < elements.size(); ++i) members.emplace_back(tuple.names[i], elements[i]);
  return types_.record(members);
}

bool Typing::condition(bound::Expr& expr) {
  if (!expr.type) return false;
  const bool literal_text = expr.literal && expr.literal->kind == bound::Literal::Kind::text;
  if (is_condition(expr.type) || literal_text) return true;
  diag::Diagnostic& diagnostic = report<Id::invalid_condition>(expr, types::base_name(expr.type));
  if (expr.type->kind == Kind::string) diagnostic.hints.push_back("compare it, as in `!= \"\"`");
  // `if (comm = "x")` is a record of one field to the parser.
  const auto* record = as<bound::Tuple>(&expr);
  if (record && record->names.size() == 1) diagnostic.hints.push_back("to compare, write `==`");
  return false;
}

TypeRef Typing::conditional(bound::Conditional& node) {
  expr(node.condition);
  if (node.comptime) {
    if (node.pending) return nullptr;  // the missing literal was reported with the condition
    TypeRef type = expr(node.then_value);
    if (!node.then_value) return types_.none();
    node.literal = node.then_value->literal;
    node.space = node.then_value->space;
    return type;
  }
  const bool tested = node.condition->type ? condition(*node.condition) : !final_;
  TypeRef then_type = expr(node.then_value);
  TypeRef else_type = expr(node.else_value);
  if (!node.used && !node.ternary) return types_.none();
  if (!tested) return nullptr;
  if (!node.else_value) {
    if (node.used) report<Id::branch_without_value>(node);
    return nullptr;
  }
  if (then_type && else_type) return branches(node, then_type, else_type);
  // A branch that waits for what the other one decides, as in `@m[k] = c ? @m[j] : "none"`, is taken to be like it for now.
  TypeRef known = then_type ? then_type : else_type;
  return final_ || !known || is_nothing(known) ? nullptr : readable(types_, known);
}

TypeRef Typing::branches(bound::Conditional& node, TypeRef then_type, TypeRef else_type) {
  then_type = readable(types_, then_type);
  else_type = readable(types_, else_type);
  if (is_nothing(then_type) || is_nothing(else_type)) {
    if (!node.used || (is_nothing(then_type) && is_nothing(else_type))) return types_.void_type();
    report<Id::branch_without_value>(node);
    return nullptr;
  }
  TypeRef type = types::promote(types_, then_type, else_type);
  if (!type) {
    report<Id::branches_differ>(node, types::printed(then_type), types::printed(else_type));
    return nullptr;
  }
  if (node.condition->literal && node.then_value->literal && node.else_value->literal) {
    const bool taken = truth(*node.condition->literal);
    node.literal = taken ? node.then_value->literal : node.else_value->literal;
    return taken ? then_type : else_type;
  }
  implicit(*node.then_value, type);
  implicit(*node.else_value, type);
  node.space = node.then_value->space;
  return type;
}

TypeRef Typing::inc_dec(bound::IncDec& node) {
  TypeRef type = expr(node.target);
  if (!type) return nullptr;
  auto* variable = as<bound::VariableRef>(node.target);
  bound::Slot& slot = variable ? variable->variable->slot : static_cast<bound::MapAccess*>(node.target)->map->value;
  if (type->kind == Kind::pointer) return type;
  if (!type->is_integer()) {
    if (type->kind == Kind::aggregate)
      report<Id::map_type_mismatch>(node, static_cast<bound::MapAccess*>(node.target)->map->name, "int64",
                                    types::printed(type));
    else
      report<Id::operator_type>(node, node.increment ? "++" : "--", types::printed(type));
    return nullptr;
  }
  const bool is_signed = !node.increment || (type->kind == Kind::integer && type->is_signed);
  merge(slot, types_.integer(8, is_signed));
  return final_ ? slot.type : types_.integer(8, is_signed);
}

TypeRef Typing::address_of(bound::AddressOf& node) {
  TypeRef pointee = node.variable ? node.variable->slot.type : node.map->value.type;
  if (!pointee && node.map && final_) undefined_map(node.range, node.levels, *node.map);
  if (!pointee || pointee->kind == Kind::none) return nullptr;
  return types_.pointer(pointee, types::Space::kernel);
}

TypeRef Typing::spec_type(const bound::TypeSpec& spec) {
  TypeRef type = spec.known;
  if (spec.of) {
    if (auto* whole = as<bound::MapWhole>(spec.of)) {
      const bound::Map& map = *whole->map;
      type = map.shape == bound::Map::Shape::keyed ? map.key.type : map.value.type;
      if (!type && final_) undefined_map(whole->range, whole->levels, map);
    } else {
      ++asking_;
      type = expr(spec.of);
      --asking_;
    }
  }
  for (const ast::Type::Suffix& suffix : spec.suffixes)
    if (type) type = names_.with_suffix(type, suffix);
  return type;
}

TypeRef Typing::type_query(bound::TypeQuery& query) {
  TypeRef type = spec_type(query.spec);
  if (!type) {
    // What has no type because nothing told it is an error of its own.
    if (final_ && reporter_.ok()) report<Id::type_unresolved>(query);
    return nullptr;
  }
  if (query.what == bound::TypeQuery::What::offset) return offset(query, type);
  if (query.what == bound::TypeQuery::What::info) {
    const auto text = [](std::string value) {
      return bound::Literal{.kind = bound::Literal::Kind::text, .text = std::move(value)};
    };
    query.info = {bound::Literal{}, text(types::base_name(type)), text(types::printed(type))};
    return types_.record({{"btf_id", literal_type(types_, query.info[0])},
                          {"base_type", literal_type(types_, query.info[1])},
                          {"full_type", literal_type(types_, query.info[2])}});
  }
  uint64_t size = type->size;
  // A bitfield counts as its base type; `field` gave it that size already. Void has no size.
  if (is_nothing(type)) size = 0;
  layout_matters(query, type);
  query.literal = bound::Literal{.bits = size};
  return literal_type(types_, *query.literal);
}

TypeRef Typing::offset(bound::TypeQuery& query, TypeRef type) {
  uint64_t bytes = 0;
  layout_matters(query, type);
  for (const std::string& name : query.path) {
    if (type->kind != Kind::c_record) {
      report<Id::offset_not_c_type>(query, types::printed(type));
      return nullptr;
    }
    const auto path = type->c_record->find(name);
    if (path.empty()) {
      report<Id::offset_field_unknown>(query, types::printed(type), name);
      return nullptr;
    }
    for (const types::CField* field : path) bytes += field->offset;
    type = path.back()->type;
  }
  query.literal = bound::Literal{.bits = bytes};
  return literal_type(types_, *query.literal);
}

TypeRef Typing::usdt_argument(bound::Context& context) {
  const probes::ResolvedProbe& probe = program_->probe;
  for (const std::vector<probes::UsdtArgument>& arguments : probe.usdt_arguments) {
    if (context.number >= std::min<size_t>(arguments.size(), probes::kUsdtArguments)) continue;
    const probes::UsdtArgument& argument = arguments[context.number];
    if (argument.kind != probes::UsdtArgument::Kind::unusable) continue;
    report<Id::usdt_argument>(context, "arg" + std::to_string(context.number), probe.full_name, argument.problem);
    return nullptr;
  }
  context.space = probe.space;
  return types_.integer(8, true);
}

TypeRef Typing::context_argument(bound::Context& context) {
  const probes::ResolvedProbe& probe = program_->probe;
  const std::string name = "arg" + std::to_string(context.number);
  if (!(probe.capabilities & probes::kHasArgN)) {
    diag::Diagnostic& diagnostic = report<Id::arg_unavailable>(context, name);
    if (probe.capabilities & probes::kHasArgs) diagnostic.hints.push_back(named_arguments(probe));
    return nullptr;
  }
  if (probe.arg_source == probes::ArgSource::usdt) return usdt_argument(context);
  const bool limited = probe.arg_source == probes::ArgSource::registers;
  const uint32_t limit =
      limited ? kRegisterArguments : std::max<uint32_t>(1, static_cast<uint32_t>(probe.arg_words.size()));
  if (context.number >= limit) {
    report<Id::arg_too_large>(context, inputs_.kernel.arch(), name);
    return nullptr;
  }
  return types_.integer(8, false);
}

TypeRef Typing::context(bound::Context& context) {
  for (bound::Unroll* unroll : unrolls_) unroll->stays = true;
  using What = bound::Context::What;
  const probes::ResolvedProbe& probe = program_->probe;
  const bool tracepoint = probe.arg_source == probes::ArgSource::context_struct;
  const auto* tracing = std::get_if<image::TracingAttach>(&probe.attach);
  switch (context.what) {
    case What::args:
      if (!(probe.capabilities & probes::kHasArgs)) {
        report<Id::args_unavailable>(context, probe.probetype);
        return nullptr;
      }
      if (!probe.args_type) {
        if (probe.args_error.empty())
          report<Id::parameters_missing>(context);
        else
          report<Id::args_unresolved>(context, probe.args_error);
        return nullptr;
      }
      context.space = probe.space;
      return probe.args_type;
    case What::arg: return context_argument(context);
    case What::retval:
      if ((probe.capabilities & probes::kHasRetval) && probe.retval_type) return probe.retval_type;
      if (tracing && tracing->kind == image::TracingKind::fentry)
        report<Id::retval_in_fentry>(context).hints.push_back("a function's return value is known at `fexit`");
      else
        report<Id::retval_unavailable>(context, tracepoint ? " (try to use args.ret instead)" : "");
      return nullptr;
    case What::pointer:
      if ((probe.capabilities & probes::kHasCtx) && probe.context_type) {
        types::Type pointer = *types_.pointer(probe.context_type, types::Space::kernel);
        pointer.context = true;
        return types_.intern(std::move(pointer));
      }
      if (tracepoint)
        report<Id::ctx_in_tracepoint>(context);
      else
        report<Id::ctx_unavailable>(context, probe.provider);
      return nullptr;
  }
  SONDE_UNREACHABLE();
}

void Typing::implicit(const bound::Expr& expr, TypeRef to) {
  if (!final_ || !expr.type || expr.literal) return;
  TypeRef from = readable(types_, expr.type);
  if (!from->is_integer() || !to->is_integer() || fits(from, to)) return;
  report<Id::implicit_cast>(expr, types::printed(from), types::printed(to));
}

}  // namespace sonde::sema
