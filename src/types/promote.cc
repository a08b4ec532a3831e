// The common type of two types (language.md 5.2). Each family has its own rule; nothing promotes from one family to another.
#include <algorithm>

#include "base/check.h"
#include "types/type.h"

namespace sonde::types {
namespace {

// A result keeps remembering its clock when the other side is a plain number.
image::Clock common_clock(const Type& left, const Type& right) {
  return left.clock == image::Clock::boot ? right.clock : left.clock;
}

TypeRef promote_integers(TypeContext& context, const Type& left, const Type& right) {
  if (left.kind == Kind::enumeration && right.kind == Kind::enumeration && left.c_enum == right.c_enum)
    return context.enumeration(left.c_enum, std::max(left.size, right.size));
  Type result;
  result.kind = Kind::integer;
  result.clock = common_clock(left, right);
  result.size = std::max(left.size, right.size);
  result.flexible = left.flexible && right.flexible;
  // Enumerators follow the rules of unsigned integers.
  const bool left_signed = left.kind == Kind::integer && left.is_signed;
  const bool right_signed = right.kind == Kind::integer && right.is_signed;
  if (left_signed == right_signed) {
    result.is_signed = left_signed;
  } else if (left.flexible != right.flexible) {
    result.is_signed = left.flexible ? right_signed : left_signed;
  } else {
    const uint32_t signed_size = left_signed ? left.size : right.size;
    const uint32_t unsigned_size = left_signed ? right.size : left.size;
    result.is_signed = true;
    if (signed_size <= unsigned_size) result.size = std::min(result.size * 2, 8u);
  }
  result.align = result.size;
  return context.intern(std::move(result));
}

TypeRef promote_tuples(TypeContext& context, const Type& left, const Type& right) {
  if (left.members.size() != right.members.size()) return nullptr;
  std::vector<TypeRef> elements;
  for (size_t i = 0; i < left.members.size(); ++i) {
    TypeRef element = promote(context, left.members[i].type, right.members[i].type);
    if (!element) return nullptr;
    elements.push_back(element);
  }
  return context.tuple(elements);
}

// By name; the order of the left one, which was there first, stays.
TypeRef promote_records(TypeContext& context, const Type& left, const Type& right) {
  if (left.members.size() != right.members.size()) return nullptr;
  std::vector<std::pair<std::string, TypeRef>> members;
  for (const Member& member : left.members) {
    const auto other = std::find_if(right.members.begin(), right.members.end(),
                                    [&](const Member& candidate) { return candidate.name == member.name; });
    if (other == right.members.end()) return nullptr;
    TypeRef type = promote(context, member.type, other->type);
    if (!type) return nullptr;
    members.emplace_back(member.name, type);
  }
  return context.record(members);
}

TypeRef promote_pointers(TypeContext& context, const Type& left, const Type& right) {
  TypeRef pointee = promote(context, left.element, right.element);
  if (!pointee) return nullptr;
  Type result = left;
  result.element = pointee;
  if (left.space == Space::none) result.space = right.space;
  result.trusted = left.trusted && right.trusted;
  result.context = left.context || right.context;
  return context.intern(std::move(result));
}

TypeRef promote_aggregates(TypeContext& context, const Type& left, const Type& right) {
  if (left.aggregate != right.aggregate || left.bits != right.bits || left.min != right.min || left.max != right.max ||
      left.step != right.step)
    return nullptr;
  Type result = left;
  result.is_signed = left.is_signed || right.is_signed;
  return context.intern(std::move(result));
}

}  // namespace

TypeRef promote(TypeContext& context, TypeRef left, TypeRef right) {
  if (left == right) return left;
  if (left->guessed || right->guessed) return left->guessed ? right : left;
  if (left->is_integer() && right->is_integer()) return promote_integers(context, *left, *right);
  if (left->kind != right->kind) return nullptr;
  switch (left->kind) {
    case Kind::string:
    case Kind::buffer: return left->size >= right->size ? left : right;
    case Kind::tuple: return promote_tuples(context, *left, *right);
    case Kind::record: return promote_records(context, *left, *right);
    case Kind::array:
      if (left->element != right->element || (left->count && right->count)) return nullptr;
      return left->count ? left : right;
    case Kind::pointer: return promote_pointers(context, *left, *right);
    case Kind::c_record: return left->c_record->printed_name() == right->c_record->printed_name() ? left : nullptr;
    case Kind::aggregate: return promote_aggregates(context, *left, *right);
    case Kind::none:
    case Kind::void_type:
    case Kind::boolean:
    case Kind::integer:
    case Kind::enumeration:
    case Kind::inet:
    case Kind::kernel_stack:
    case Kind::user_stack:
    case Kind::kernel_symbol:
    case Kind::user_symbol:
    case Kind::timestamp:
    case Kind::mac_address:
    case Kind::username:
    case Kind::cgroup_path: return nullptr;  // one type each, or one per parameters: equal means identical
  }
  SONDE_UNREACHABLE();
}

}  // namespace sonde::types
