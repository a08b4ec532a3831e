// Casts (language.md 7).
#include "sema/typing.h"

namespace sonde::sema {

using diag::Id;
using types::Kind;
using types::Space;

namespace {

bool is_byte_element(TypeRef type) { return type->kind == Kind::boolean || (type->is_integer() && type->size == 1); }

}  // namespace

TypeRef Typing::cast_refused(bound::Cast& node, TypeRef from, TypeRef to) {
  diag::Diagnostic& diagnostic = report<Id::cast_refused>(node, types::printed(from), types::printed(to));
  if (to->kind == Kind::c_record && (from->kind == Kind::pointer || from->is_integer()))
    diagnostic.hints.push_back("cast to a pointer: `(" + types::printed(to) + " *)`");
  return nullptr;
}

TypeRef Typing::cast(bound::Cast& node) {
  TypeRef from = expr(node.operand);
  TypeRef to = spec_type(node.spec);
  if (!from || !to) {
    if (final_ && from && !to && reporter_.ok()) report<Id::cast_incomplete>(node);
    return nullptr;
  }
  if (from->kind == Kind::none) {
    report<Id::cast_from_none>(node);
    return nullptr;
  }
  if (from->kind == Kind::c_record) {
    report<Id::cast_from_c_type>(node, types::printed(from));
    return nullptr;
  }
  if (to->kind == Kind::pointer) {
    // The space of what is cast; an address without one belongs where the probe's values do.
    Space space = from->kind == Kind::pointer ? from->space : node.operand->space;
    if (from->kind == Kind::string) space = Space::kernel;  // a copy that is the program's own
    if (space == Space::none) space = program_->probe.space;
    to = types_.with_space(to, space);
  }
  if (from == to && !from->flexible) {
    if (!node.operand->literal) report<Id::unnecessary_cast>(node, types::printed(to));
    return to;
  }
  return cast_to(node, from, to);
}

TypeRef Typing::cast_to(bound::Cast& node, TypeRef from, TypeRef to) {
  const bool number = from->is_integer() || from->kind == Kind::boolean || is_castable_aggregate(from);
  const auto& literal = node.operand->literal;
  switch (to->kind) {
    case Kind::integer: {
      if (from->kind == Kind::array && from->element->is_integer() && from->size == to->size) return to;
      if (!number && from->kind != Kind::pointer) return cast_refused(node, from, to);
      return to;
    }
    case Kind::boolean:
      if (literal && literal->kind == bound::Literal::Kind::text)
        node.literal = bound::Literal{.kind = bound::Literal::Kind::boolean, .bits = truth(*literal)};
      if (number || from->kind == Kind::pointer || from->kind == Kind::string) return to;
      return cast_refused(node, from, to);
    case Kind::enumeration: return number ? cast_to_enum(node, to) : cast_refused(node, from, to);
    case Kind::pointer: {
      if (from->is_integer() || from->kind == Kind::pointer || from->kind == Kind::string) return to;
      // The bytes of an array have an address too.
      return cast_refused(node, from, to);
    }
    case Kind::array: return cast_to_array(node, from, to);
    case Kind::string:
      if (from->kind == Kind::string && to->size >= from->size && to->size != 0) return to;
      return cast_refused(node, from, to);
    case Kind::username:
      if (from->is_integer()) return to;
      return cast_refused(node, from, to);
    default: return cast_refused(node, from, to);
  }
}

TypeRef Typing::cast_to_enum(bound::Cast& node, TypeRef to) {
  const auto& literal = node.operand->literal;
  if (!literal) return to;
  for (const image::EnumVariant& variant : to->c_enum->variants) {
    if (variant.value == literal->bits) return to;
  }
  const std::string value =
      literal->negative ? std::to_string(static_cast<int64_t>(literal->bits)) : std::to_string(literal->bits);
  report<Id::enum_variant_unknown>(node, to->c_enum->name, value);
  return nullptr;
}

TypeRef Typing::cast_to_array(bound::Cast& node, TypeRef from, TypeRef to) {
  from = readable(types_, from);
  const bool source = from->is_integer() || from->kind == Kind::boolean || from->kind == Kind::string;
  const bool target = to->element->is_integer() || to->element->kind == Kind::boolean;
  if (!source || !target) return cast_refused(node, from, to);
  if (!to->count) {
    if (from->size == 0 || to->element->size == 0 || from->size % to->element->size != 0) {
      report<Id::cast_array_size>(node);
      return nullptr;
    }
    return types_.array(to->element, from->size / to->element->size);
  }
  if (from->kind == Kind::string) {
    const bool same = is_byte_element(to->element) && to->size == from->size;
    return same ? to : cast_refused(node, from, to);
  }
  // A literal's own type is only as wide as it must be; the array decides.
  const bool wide_enough = to->size == from->size || (to->size > from->size && to->size <= 8);
  return wide_enough ? to : cast_refused(node, from, to);
}

}  // namespace sonde::sema
