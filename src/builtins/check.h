// Small checks and result types that the check hooks of several families share (private to this folder).
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "builtins/builtin.h"

namespace sonde::builtins {

using types::Kind;
using types::TypeRef;

inline TypeRef bool_result(CallView& call) { return call.env.types().boolean(); }
template <uint32_t Size, bool Signed>
TypeRef integer_result(CallView& call) {
  return call.env.types().integer(Size, Signed);
}
inline constexpr auto uint64_result = integer_result<8, false>;
inline constexpr auto uint32_result = integer_result<4, false>;

// Inference has not found the type yet; what depends on it is checked in a later round.
inline bool unresolved(const Argument& argument) { return argument.type && argument.type->kind == Kind::none; }

// Aggregates that read as a number where a number is wanted.
inline bool castable_aggregate(TypeRef type) {
  constexpr std::string_view kNumbers[] = {"count", "sum", "min", "max", "avg"};
  return type->kind == Kind::aggregate && std::ranges::find(kNumbers, type->aggregate) != std::end(kNumbers);
}
inline bool integer_like(TypeRef type) { return type->is_integer() || castable_aggregate(type); }

// The name of what was given instead of what was wanted (stdlib.md 1.3).
inline std::string given(const Argument& argument) {
  if (argument.word) return "identifier";
  if (!argument.type) return argument.map ? "map" : "none";
  return argument.type->kind == Kind::aggregate ? types::printed(argument.type) : types::base_name(argument.type);
}

inline int64_t signed_literal(const Argument& argument) { return static_cast<int64_t>(*argument.integer); }

// Checks a printf-like call whose format is argument `row.format_argument`. False when something was reported.
bool check_format(CallView& call);

}  // namespace sonde::builtins
