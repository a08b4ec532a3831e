// Type rules of operators and conversions (language.md 5.2, 6.2 to 6.5).
#include "sema/rules.h"

#include <algorithm>

namespace sonde::sema {

using types::Kind;

bool is_castable_aggregate(TypeRef type) {
  if (type->kind != Kind::aggregate) return false;
  const std::string& name = type->aggregate;
  return name == "count" || name == "sum" || name == "min" || name == "max" || name == "avg";
}

TypeRef readable(types::TypeContext& types, TypeRef type) {
  return is_castable_aggregate(type) ? types.integer(8, type->is_signed) : type;
}

namespace {

// `type` with `leaf` applied to what it is made of: its members, its elements, what it points to.
template <typename Leaf>
TypeRef rebuilt(types::TypeContext& types, TypeRef type, const Leaf& leaf) {
  switch (type->kind) {
    case Kind::integer: return leaf(type);
    case Kind::tuple: {
      std::vector<TypeRef> elements;
      for (const types::Member& member : type->members) elements.push_back(rebuilt(types, member.type, leaf));
      return types.tuple(elements);
    }
    case Kind::record: {
      std::vector<std::pair<std::string, TypeRef>> members;
      for (const types::Member& member : type->members)
        members.emplace_back(member.name, rebuilt(types, member.type, leaf));
      return types.record(members);
    }
    case Kind::array: {
      TypeRef element = rebuilt(types, type->element, leaf);
      return element == type->element ? type : types.array(element, type->count);
    }
    case Kind::pointer: {
      TypeRef pointee = rebuilt(types, type->element, leaf);
      if (pointee == type->element) return type;
      types::Type changed = *type;
      changed.element = pointee;
      return types.intern(std::move(changed));
    }
    default: return type;
  }
}

}  // namespace

TypeRef settled(types::TypeContext& types, TypeRef type) {
  return rebuilt(types, type, [&](TypeRef leaf) { return types.inflexible(leaf); });
}

TypeRef without_guesses(types::TypeContext& types, TypeRef type) {
  return rebuilt(types, type, [&](TypeRef leaf) { return leaf->guessed ? types.literal(0) : leaf; });
}

bool is_comparison(ast::BinaryOp op) {
  using enum ast::BinaryOp;
  return op == eq || op == ne || op == lt || op == le || op == gt || op == ge;
}

bool is_logical(ast::BinaryOp op) { return op == ast::BinaryOp::logical_and || op == ast::BinaryOp::logical_or; }

bool is_condition(TypeRef type) {
  return type->kind == Kind::boolean || type->is_integer() || type->kind == Kind::pointer;
}

namespace {

bool is_number(TypeRef type) { return type->is_integer() || type->kind == Kind::boolean; }

// A bool next to an integer counts as a literal 0 or 1: its sign adapts.
TypeRef as_integer(types::TypeContext& types, TypeRef type) {
  return type->kind == Kind::boolean ? types.literal(1) : type;
}

}  // namespace

TypeRef arithmetic_type(types::TypeContext& types, ast::BinaryOp op, TypeRef left, TypeRef right) {
  left = readable(types, left);
  right = readable(types, right);
  if (!is_number(left) || !is_number(right)) return nullptr;
  if (left->kind == Kind::boolean && right->kind == Kind::boolean) return left;
  left = as_integer(types, left);
  right = as_integer(types, right);
  const bool left_signed = left->kind == Kind::integer && left->is_signed;
  const bool right_signed = right->kind == Kind::integer && right->is_signed;
  // A flexible side takes the sign of the other one.
  const bool any_signed = left->flexible && right->flexible ? true
                          : left->flexible                  ? right_signed
                          : right->flexible                 ? left_signed
                                                            : left_signed || right_signed;
  return types.integer(8, any_signed || op == ast::BinaryOp::sub);
}

TypeRef comparison_type(types::TypeContext& types, TypeRef left, TypeRef right) {
  left = readable(types, left);
  right = readable(types, right);
  const bool left_scalar = is_condition(left);
  const bool right_scalar = is_condition(right);
  if (left_scalar && right_scalar) {
    if (left->kind == Kind::pointer || right->kind == Kind::pointer) return types.integer(8, false);
    if (left->kind == Kind::boolean && right->kind == Kind::boolean) return left;
    return types::promote(types, as_integer(types, left), as_integer(types, right));
  }
  if (left->kind == Kind::aggregate || left->kind == Kind::void_type || left->kind == Kind::none) return nullptr;
  if (left->kind == Kind::c_record) return nullptr;
  if (left->kind == Kind::array && right->kind == Kind::array)
    return left->element == right->element && left->size == right->size ? left : nullptr;
  return types::promote(types, left, right);
}

bool fits(TypeRef from, TypeRef to) {
  if (from->kind == Kind::boolean || to->kind == Kind::boolean) return true;
  const bool from_signed = from->kind == Kind::integer && from->is_signed;
  const bool to_signed = to->kind == Kind::integer && to->is_signed;
  // Flexible values come from non-negative literals only.
  if (from->flexible) return to->size >= from->size;
  if (from_signed == to_signed) return to->size >= from->size;
  return to_signed && to->size > from->size;
}

bool fits(const bound::Literal& literal, TypeRef to) {
  if (literal.kind == bound::Literal::Kind::boolean) return true;
  const bool to_signed = to->kind == Kind::integer && to->is_signed;
  const uint32_t bits = to->size * 8;
  if (to_signed) {
    if (!literal.negative && literal.bits > INT64_MAX) return false;
    const auto value = static_cast<int64_t>(literal.bits);
    const int64_t limit = bits == 64 ? INT64_MAX : (int64_t{1} << (bits - 1)) - 1;
    return value >= -limit - 1 && value <= limit;
  }
  if (literal.negative) return false;
  return bits == 64 || literal.bits < (uint64_t{1} << bits);
}

TypeRef literal_type(types::TypeContext& types, const bound::Literal& literal) {
  switch (literal.kind) {
    case bound::Literal::Kind::boolean: return types.boolean();
    case bound::Literal::Kind::text: return types.string(static_cast<uint32_t>(literal.text.size()) + 1);
    case bound::Literal::Kind::integer: break;
  }
  return literal.negative ? types.negative_literal(static_cast<int64_t>(literal.bits)) : types.literal(literal.bits);
}

}  // namespace sonde::sema
