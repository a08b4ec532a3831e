// Calls of functions from imported C files: arguments against what their BTF says (language.md 14).
#include "sema/typing.h"

namespace sonde::sema {

using bound::as;
using diag::Id;
using types::Kind;

namespace {

// The same pointee, although one type comes from the kernel's BTF and the other from the object's: records are the same
// by name. `void` takes and gives all.
bool same_target(TypeRef from, TypeRef to) {
  if (from->kind == Kind::void_type || to->kind == Kind::void_type) return true;
  if (from->kind == Kind::pointer && to->kind == Kind::pointer) return same_target(from->element, to->element);
  if (from->is_integer() && to->is_integer()) return from->size == to->size;
  return types::printed(from) == types::printed(to);
}

std::string parameter_types(const kernel::FunctionProto& function) {
  std::string list;
  for (const kernel::Parameter& parameter : function.parameters)
    list += (list.empty() ? "" : ", ") + types::printed(parameter.type);
  return list;
}

}  // namespace

bool Typing::check_c_argument(bound::CCall& call, size_t index) {
  bound::Expr& argument = *call.arguments[index];
  const kernel::Parameter& parameter = call.function->parameters[index];
  TypeRef to = parameter.type, from = readable(types_, argument.type);
  const auto* address = as<bound::AddressOf>(&argument);
  const bool whole_map = address && address->map;
  bool good = false;
  if (to->kind == Kind::pointer)
    good = from->kind == Kind::pointer &&
           (whole_map ? to->element->kind == Kind::void_type : same_target(from->element, to->element));
  else
    good = !whole_map && (from->is_integer() || from->kind == Kind::boolean);
  if (good && argument.literal && argument.literal->kind == bound::Literal::Kind::integer && to->is_integer())
    good = fits(*argument.literal, to);
  if (!good) {
    report<Id::c_call_argument>(argument, types::printed(to), parameter.name, types::printed(argument.type));
    return false;
  }
  implicit(argument, to);
  return true;
}

TypeRef Typing::c_call(bound::CCall& call) {
  bool known = true, good = true;
  for (bound::Expr* argument : call.arguments) known &= expr(argument) != nullptr;
  if (!known) return nullptr;
  for (size_t i = 0; final_ && i < call.arguments.size(); ++i) good &= check_c_argument(call, i);
  if (!good) {
    report<Id::c_call_signature>(call, call.function->name, parameter_types(*call.function));
    return nullptr;
  }
  return call.function->result;
}

}  // namespace sonde::sema
