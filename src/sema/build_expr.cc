// Building of expressions. Conversions are decided by types alone, with the rules that typing used (rules.h).
#include <algorithm>

#include "base/check.h"
#include "sema/builder.h"

namespace sonde::sema {

using bound::as;
using types::Kind;

namespace {

BinaryOp typed_op(ast::BinaryOp op) {
  switch (op) {
    case ast::BinaryOp::add: return BinaryOp::add;
    case ast::BinaryOp::sub: return BinaryOp::sub;
    case ast::BinaryOp::mul: return BinaryOp::mul;
    case ast::BinaryOp::div: return BinaryOp::div;
    case ast::BinaryOp::mod: return BinaryOp::mod;
    case ast::BinaryOp::bit_and: return BinaryOp::bit_and;
    case ast::BinaryOp::bit_or: return BinaryOp::bit_or;
    case ast::BinaryOp::bit_xor: return BinaryOp::bit_xor;
    case ast::BinaryOp::shl: return BinaryOp::shl;
    case ast::BinaryOp::shr: return BinaryOp::shr;
    case ast::BinaryOp::eq: return BinaryOp::eq;
    case ast::BinaryOp::ne: return BinaryOp::ne;
    case ast::BinaryOp::lt: return BinaryOp::lt;
    case ast::BinaryOp::le: return BinaryOp::le;
    case ast::BinaryOp::gt: return BinaryOp::gt;
    case ast::BinaryOp::ge: return BinaryOp::ge;
    case ast::BinaryOp::logical_or:
    case ast::BinaryOp::logical_and: break;
  }
  SONDE_UNREACHABLE();
}

// Two's complement of the type's width, extended to 64 bits by its sign.
uint64_t truncated(uint64_t bits, TypeRef type) {
  if (type->kind == Kind::boolean) return bits != 0;
  if (type->size >= 8 || type->size == 0) return bits;
  const uint32_t shift = 64 - type->size * 8;
  return type->is_signed ? static_cast<uint64_t>(static_cast<int64_t>(bits << shift) >> shift)
                         : (bits << shift) >> shift;
}

bool same_bytes(TypeRef left, TypeRef right) {
  return left == right || (left->kind == Kind::pointer && right->kind == Kind::pointer) ||
         (left->kind == Kind::integer && right->kind == Kind::integer && left->size == right->size &&
          left->is_signed == right->is_signed);
}

}  // namespace

const Expr* Builder::literal(const bound::Expr& expr, const bound::Literal& literal, TypeRef type) {
  if (literal.kind == bound::Literal::Kind::text) {
    auto* made = make<Text>(expr, type);
    made->bytes = literal.text;
    return made;
  }
  auto* made = make<Constant>(expr, type);
  made->bits = truncated(literal.bits, type);
  return made;
}

const Expr* Builder::value(bound::Expr& expr) {
  if (expr.literal) return literal(expr, *expr.literal, settle(expr.type));
  return compute(expr);
}

const Expr* Builder::value(bound::Expr& expr, TypeRef type) {
  if (expr.literal) {
    const bool text = expr.literal->kind == bound::Literal::Kind::text;
    if (text ? type->kind == Kind::string : type->is_scalar()) return literal(expr, *expr.literal, type);
  }
  if (auto* tuple = as<bound::Tuple>(&expr); tuple && (type->kind == Kind::tuple || type->kind == Kind::record))
    return this->tuple(*tuple, type);
  return convert(value(expr), type);
}

const Expr* Builder::condition(bound::Expr& expr) {
  if (expr.literal) {
    auto* made = make<Constant>(expr, types_.boolean());
    made->bits = truth(*expr.literal);
    return made;
  }
  const Expr* tested = value(expr);
  return tested->type->kind == Kind::boolean ? tested : wrap(tested, CastKind::to_bool, types_.boolean());
}

const Expr* Builder::wrap(const Expr* operand, CastKind kind, TypeRef type) {
  auto* made = out_.nodes.make<Cast>();
  made->kind = ExprKind::cast;
  made->type = type;
  made->range = operand->range;
  made->expanded_from = operand->expanded_from;
  made->cast = kind;
  made->operand = operand;
  return made;
}

const Expr* Builder::convert(const Expr* expr, TypeRef type) {
  TypeRef from = expr->type;
  if (same_bytes(from, type)) {
    if (from == type) return expr;
    return wrap(expr, from->kind == Kind::pointer ? CastKind::pointer : CastKind::integer, type);
  }
  const bool number = from->is_integer() || from->kind == Kind::boolean;
  switch (type->kind) {
    case Kind::integer:
    case Kind::enumeration:
      if (from->kind == Kind::array) return wrap(expr, CastKind::array_to_int, type);
      return wrap(expr, number ? CastKind::integer : CastKind::pointer, type);
    case Kind::boolean: return wrap(expr, CastKind::to_bool, type);
    case Kind::pointer:
      return wrap(expr, from->kind == Kind::string ? CastKind::string_address : CastKind::pointer, type);
    case Kind::string:
    case Kind::buffer: return wrap(expr, CastKind::string_capacity, type);
    case Kind::array: {
      if (from->kind == Kind::string) return wrap(expr, CastKind::string_to_array, type);
      if (!number) return wrap(expr, CastKind::members, type);
      // Widened by the source's sign first, so that no byte of the array is left undefined.
      const bool whole = type->size == 1 || type->size == 2 || type->size == 4 || type->size == 8;
      if (whole && from->size < type->size)
        expr =
            wrap(expr, CastKind::integer, types_.integer(type->size, from->kind == Kind::integer && from->is_signed));
      return wrap(expr, CastKind::int_to_array, type);
    }
    case Kind::tuple:
    case Kind::record: return wrap(expr, CastKind::members, type);
    case Kind::username: return wrap(convert(expr, types_.integer(8, false)), CastKind::username, type);
    default: return expr;  // one representation only
  }
}

const Expr* Builder::compute(bound::Expr& expr) {
  using enum bound::Kind;
  switch (expr.kind) {
    case variable: {
      auto* made = make<VariableRead>(expr, settle(expr.type));
      made->variable = this->variable(static_cast<bound::VariableRef&>(expr).variable);
      made->type = made->variable->type;
      return made;
    }
    case map_access: return map_read(static_cast<bound::MapAccess&>(expr));
    case map_whole: {
      auto* made = make<MapRef>(expr, types_.none());
      made->map = map(static_cast<bound::MapWhole&>(expr).map);
      return made;
    }
    case word: {
      const std::string& text = static_cast<bound::Word&>(expr).text;
      auto* made = make<Text>(expr, types_.string(static_cast<uint32_t>(text.size()) + 1));
      made->bytes = text;
      return made;
    }
    case tuple: return this->tuple(static_cast<bound::Tuple&>(expr), settle(expr.type));
    case cast: return this->cast(static_cast<bound::Cast&>(expr));
    case unary: return this->unary(static_cast<bound::Unary&>(expr));
    case binary: return this->binary(static_cast<bound::Binary&>(expr));
    case inc_dec: return this->inc_dec(static_cast<bound::IncDec&>(expr));
    case address_of: {
      auto& node = static_cast<bound::AddressOf&>(expr);
      if (node.map) {
        auto* made = make<MapRef>(expr, settle(expr.type));
        made->map = map(node.map);
        return made;
      }
      auto* made = make<AddressOf>(expr, settle(expr.type));
      made->variable = this->variable(node.variable);
      return made;
    }
    case conditional: return this->conditional(static_cast<bound::Conditional&>(expr));
    case field: return this->field(static_cast<bound::Field&>(expr));
    case tuple_index: {
      auto& node = static_cast<bound::TupleIndex&>(expr);
      return element(node, field_base(*node.base), node.index);
    }
    case index: return this->index(static_cast<bound::Index&>(expr));
    case call: return this->call(static_cast<bound::Call&>(expr));
    case c_call: return this->c_call(static_cast<bound::CCall&>(expr));
    case block: {
      auto& node = static_cast<bound::BlockExpr&>(expr);
      const bool has_value = node.used && node.block.value;
      auto* made = make<BlockExpr>(expr, has_value ? settle(node.type) : types_.void_type());
      made->block.range = node.block.range;
      statements(node.block, made->block.statements);
      if (has_value) {
        made->value = value(*node.block.value);
        made->type = made->value->type;
      } else if (node.block.value) {
        evaluate(*node.block.value, made->block.statements);
      }
      return made;
    }
    case type_query: return type_info(static_cast<bound::TypeQuery&>(expr));
    case comptime: return value(*static_cast<bound::Comptime&>(expr).operand);
    case context: return this->context(static_cast<bound::Context&>(expr));
    case literal: break;  // value() made it
    case unknown: break;  // was reported, so that nothing is built
  }
  SONDE_UNREACHABLE();
}

const Expr* Builder::key(const bound::Map& map, bound::Expr* key) {
  return key ? value(*key, this->map(&map)->key) : nullptr;
}

const Expr* Builder::map_read(bound::MapAccess& access) {
  const Map* source = map(access.map);
  auto* made = make<MapRead>(access, readable(types_, source->value));
  made->map = source;
  made->key = key(*access.map, access.key);
  return made;
}

const Expr* Builder::tuple(bound::Tuple& tuple, TypeRef type) {
  auto* made = make<TupleMake>(tuple, type);
  made->elements.resize(tuple.elements.size());
  for (size_t i = 0; i < tuple.elements.size(); ++i) {
    size_t place = i;
    // Records match by name: a later one may be written in another order.
    if (!tuple.names.empty())
      while (place < type->members.size() && type->members[place].name != tuple.names[i])
        place = (place + 1) % type->members.size();
    made->elements[place] = value(*tuple.elements[i], type->members[place].type);
    made->evaluation.push_back(static_cast<uint32_t>(place));
  }
  return made;
}

const Expr* Builder::unary(bound::Unary& node) {
  if (node.op == ast::UnaryOp::dereference) {
    auto* made = make<Dereference>(node, settle(node.type));
    made->pointer = value(*node.operand);
    return made;
  }
  auto* made = make<Unary>(node, settle(node.type));
  if (node.op == ast::UnaryOp::logical_not) {
    made->op = UnaryOp::logical_not;
    made->operand = condition(*node.operand);
    return made;
  }
  made->op = node.op == ast::UnaryOp::negate ? UnaryOp::negate : UnaryOp::bit_not;
  made->operand = value(*node.operand, made->type);
  return made;
}

const Expr* Builder::pointer_add(bound::Binary& node) {
  const bool left = node.left->type->kind == Kind::pointer;
  bound::Expr& pointer = left ? *node.left : *node.right;
  bound::Expr& index = left ? *node.right : *node.left;
  auto* made = make<PointerAdd>(node, settle(node.type));
  made->pointer = value(pointer);
  const TypeRef number = readable(types_, index.type);
  made->index = value(index, types_.integer(8, number->kind == Kind::integer && number->is_signed));
  made->scale = std::max(1u, node.type->element->size);
  made->subtract = node.op == ast::BinaryOp::sub;
  return made;
}

const Expr* Builder::binary(bound::Binary& node) {
  if (is_logical(node.op)) {
    auto* made = make<Logical>(node, types_.boolean());
    made->is_and = node.op == ast::BinaryOp::logical_and;
    made->left = condition(*node.left);
    made->right = condition(*node.right);
    return made;
  }
  const TypeRef left = readable(types_, node.left->type);
  if (node.type->kind == Kind::pointer) return pointer_add(node);
  auto* made = make<Binary>(node, settle(node.type));
  made->op = typed_op(node.op);
  if (!is_comparison(node.op)) {
    made->left = value(*node.left, made->type);
    made->right = value(*node.right, made->type);
    return made;
  }
  const bool as_they_are = left->kind == Kind::string || left->kind == Kind::buffer;
  // With the flexible marks: a literal's sign adapts to the other side.
  const TypeRef common = settle(comparison_type(types_, node.left->type, node.right->type));
  made->left = as_they_are ? value(*node.left) : value(*node.left, common);
  made->right = as_they_are ? value(*node.right) : value(*node.right, common);
  return made;
}

const Expr* Builder::inc_dec(bound::IncDec& node) {
  auto* made = make<Increment>(node, nullptr);
  if (auto* ref = as<bound::VariableRef>(node.target)) {
    made->variable = variable(ref->variable);
    made->type = made->variable->type;
  } else {
    auto& access = static_cast<bound::MapAccess&>(*node.target);
    made->map = map(access.map);
    made->key = key(*access.map, access.key);
    made->type = made->map->value;
  }
  made->increment = node.increment;
  made->prefix = node.prefix;
  made->step = made->type->kind == Kind::pointer ? std::max(1u, made->type->element->size) : 1;
  return made;
}

// The branch of an `if` whose value nobody wants.
const Expr* Builder::branch(bound::Expr& expr) {
  if (expr.kind == bound::Kind::block || expr.kind == bound::Kind::conditional) return compute(expr);
  auto* made = make<BlockExpr>(expr, types_.void_type());
  made->block.range = expr.range;
  evaluate(expr, made->block.statements);
  return made;
}

const Expr* Builder::conditional(bound::Conditional& node) {
  if (node.comptime) {
    if (node.then_value) return node.used ? value(*node.then_value) : branch(*node.then_value);
    auto* nothing = make<BlockExpr>(node, types_.void_type());
    nothing->block.range = node.range;
    return nothing;
  }
  const bool has_value = node.type->kind != Kind::none && node.type->kind != Kind::void_type;
  auto* made = make<Conditional>(node, has_value ? settle(node.type) : types_.void_type());
  made->condition = condition(*node.condition);
  if (has_value) {
    made->then_value = value(*node.then_value, made->type);
    made->else_value = value(*node.else_value, made->type);
    return made;
  }
  made->then_value = branch(*node.then_value);
  if (node.else_value) made->else_value = branch(*node.else_value);
  return made;
}

// A pointer to the record that holds the field, or the record itself where it has no address of its own.
const Expr* Builder::field_base(bound::Expr& base) {
  if (base.kind == bound::Kind::context && static_cast<bound::Context&>(base).what == bound::Context::What::args)
    return context_args(base);
  if (auto* unary = as<bound::Unary>(&base); unary && unary->op == ast::UnaryOp::dereference &&
                                             unary->operand->type->kind == Kind::pointer &&
                                             unary->operand->type->element->kind != Kind::pointer)
    return value(*unary->operand);
  const Expr* made = value(base);
  while (made->type->kind == Kind::pointer && made->type->element->kind == Kind::pointer) {
    auto* next = make<Dereference>(base, types_.with_space(made->type->element, made->type->space));
    next->pointer = made;
    made = next;
  }
  return made;
}

const Expr* Builder::field(bound::Field& node) {
  const Expr* base = field_base(*node.base);
  const TypeRef type = base->type->kind == Kind::pointer ? base->type->element : base->type;
  if (type->kind == Kind::record) {
    const auto named = std::ranges::find(type->members, node.name, &types::Member::name);
    return element(node, base, static_cast<uint64_t>(named - type->members.begin()));
  }
  auto* made = make<Field>(node, settle(node.type));
  made->base = base;
  made->record = type->c_record;
  made->path = type->c_record->find(node.name);
  return made;
}

// A member of the tuple or record that `base` is or points to.
const Expr* Builder::element(const bound::Expr& node, const Expr* base, uint64_t index) {
  if (base->type->kind == Kind::pointer) {
    auto* pointee = make<Dereference>(node, base->type->element);
    pointee->pointer = base;
    base = pointee;
  }
  auto* made = make<Element>(node, nullptr);
  made->base = base;
  made->index = static_cast<uint32_t>(index);
  made->type = made->base->type->members[index].type;
  return made;
}

const Expr* Builder::index(bound::Index& node) {
  if (node.base->type->kind == Kind::tuple) return element(node, value(*node.base), node.index->literal->bits);
  auto* made = make<Index>(node, settle(node.type));
  made->base = value(*node.base);
  made->index = value(*node.index, types_.integer(8, false));
  return made;
}

const Expr* Builder::argument(bound::Call& node, size_t index) {
  bound::Expr& argument = *node.arguments[index];
  if (index > 0 && param_kind(*node.row, index) == builtins::ParamKind::map_key)
    if (auto* whole = as<bound::MapWhole>(node.arguments[index - 1])) return key(*whole->map, &argument);
  return value(argument);
}

const Expr* Builder::call(bound::Call& node) {
  auto* made = make<Call>(node, settle(node.type));
  made->row = node.row;
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    made->arguments.push_back(argument(node, i));
    made->described.push_back(typing_.describe(*node.arguments[i], param_kind(*node.row, i)));
    builtins::Argument& described = made->described.back();
    if (described.type) described.type = settle(described.type);
    if (described.map) {
      described.map->key = settle(described.map->key);
      described.map->value = settle(described.map->value);
    }
  }
  return made;
}

const Expr* Builder::c_call(bound::CCall& node) {
  auto* made = make<CCall>(node, settle(node.type));
  made->function = node.function;
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    TypeRef type = node.function->parameters[i].type;
    // A pointer goes over as it is: its pointee is checked, and the kernel's and the object's types are not one.
    made->arguments.push_back(type->kind == Kind::pointer ? value(*node.arguments[i])
                                                          : value(*node.arguments[i], settle(type)));
  }
  return made;
}

const Expr* Builder::cast(bound::Cast& node) {
  const TypeRef type = settle(node.type);
  const auto& literal = node.operand->literal;
  if (literal && literal->kind != bound::Literal::Kind::text && (type->is_integer() || type->kind == Kind::boolean))
    return this->literal(node, *literal, type);
  return convert(value(*node.operand), type);
}

const Expr* Builder::type_info(bound::TypeQuery& query) {
  auto* made = make<TupleMake>(query, settle(query.type));
  for (uint32_t i = 0; i < query.info.size(); ++i) {
    made->elements.push_back(literal(query, query.info[i], made->type->members[i].type));
    made->evaluation.push_back(i);
  }
  return made;
}

const Expr* Builder::context_args(const bound::Expr& node) {
  types::Type pointer = *types_.pointer(probe_->args_type, probe_->space);
  pointer.context = true;
  auto* made = out_.nodes.make<Expr>();
  made->kind = ExprKind::context_args;
  made->type = types_.intern(std::move(pointer));
  made->range = node.range;
  made->expanded_from = node.levels;
  return made;
}

const Expr* Builder::context(bound::Context& node) {
  using What = bound::Context::What;
  switch (node.what) {
    case What::args: {
      // As a value: all arguments at once.
      auto* made = make<Dereference>(node, settle(node.type));
      made->pointer = context_args(node);
      return made;
    }
    case What::arg: {
      auto* made = make<ContextArg>(node, settle(node.type));
      made->number = node.number;
      return made;
    }
    case What::retval:
    case What::pointer: {
      auto* made = out_.nodes.make<Expr>();
      made->kind = node.what == What::retval ? ExprKind::context_retval : ExprKind::context_pointer;
      made->type = settle(node.type);
      made->range = node.range;
      made->expanded_from = node.levels;
      return made;
    }
  }
  SONDE_UNREACHABLE();
}

}  // namespace sonde::sema
