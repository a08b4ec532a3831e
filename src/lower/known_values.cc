// Which values are known, and when two expressions are sure to have the same value.
#include "lower/known_values.h"

#include <algorithm>

#include "lower/program_state.h"

namespace sonde::lower {
namespace {

using sema::as;
using sema::Expr;
using sema::ExprKind;

// Each lies in a register or on the stack for as long as it is known.
constexpr size_t kMost = 6;

bool same_words(const sema::Call& one, const sema::Call& other) {
  const auto equal = [](const builtins::Argument& left, const builtins::Argument& right) {
    return left.word == right.word && left.text == right.text && left.integer == right.integer;
  };
  return std::equal(one.described.begin(), one.described.end(), other.described.begin(), other.described.end(), equal);
}

bool same(const Expr& one, const Expr& other);

bool same(const Expr* one, const Expr* other) { return one && other ? same(*one, *other) : one == other; }

// Whether both have the same value if no variable in them is assigned in between. Says no where it does not know.
bool same(const Expr& one, const Expr& other) {
  if (&one != &other && (one.kind != other.kind || one.type != other.type)) return false;
  switch (one.kind) {
    case ExprKind::constant: return as<sema::Constant>(one).bits == as<sema::Constant>(other).bits;
    case ExprKind::text: return as<sema::Text>(one).bytes == as<sema::Text>(other).bytes;
    case ExprKind::variable: return as<sema::VariableRead>(one).variable == as<sema::VariableRead>(other).variable;
    case ExprKind::context_arg: return as<sema::ContextArg>(one).number == as<sema::ContextArg>(other).number;
    case ExprKind::context_retval:
    case ExprKind::context_args:
    case ExprKind::context_pointer: return true;
    case ExprKind::call: {
      const auto& left = as<sema::Call>(one);
      const auto& right = as<sema::Call>(other);
      return left.row->fixed && left.row == right.row && same_words(left, right);
    }
    case ExprKind::unary:
      return as<sema::Unary>(one).op == as<sema::Unary>(other).op &&
             same(as<sema::Unary>(one).operand, as<sema::Unary>(other).operand);
    case ExprKind::binary:
      return as<sema::Binary>(one).op == as<sema::Binary>(other).op &&
             same(as<sema::Binary>(one).left, as<sema::Binary>(other).left) &&
             same(as<sema::Binary>(one).right, as<sema::Binary>(other).right);
    case ExprKind::cast:
      return as<sema::Cast>(one).cast == as<sema::Cast>(other).cast &&
             same(as<sema::Cast>(one).operand, as<sema::Cast>(other).operand);
    case ExprKind::field:
      // Fields of the context do not change; what pointers lead to may.
      return as<sema::Field>(one).base->kind == ExprKind::context_args &&
             as<sema::Field>(one).path == as<sema::Field>(other).path &&
             same(as<sema::Field>(one).base, as<sema::Field>(other).base);
    case ExprKind::tuple: {
      const auto& left = as<sema::TupleMake>(one).elements;
      const auto& right = as<sema::TupleMake>(other).elements;
      return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                        [](const Expr* a, const Expr* b) { return same(a, b); });
    }
    case ExprKind::c_call:
    case ExprKind::map_read:
    case ExprKind::map_ref:
    case ExprKind::logical:
    case ExprKind::pointer_add:
    case ExprKind::conditional:
    case ExprKind::block:
    case ExprKind::dereference:
    case ExprKind::element:
    case ExprKind::index:
    case ExprKind::address_of:
    case ExprKind::increment: return false;
  }
  return false;
}

}  // namespace

llvm::Value* KnownValues::find(std::string_view name) const {
  for (const Known& known : known_)
    if (known.name == name) return known.value;
  return nullptr;
}

llvm::Value* KnownValues::find(const sema::Map* map, const Expr* key) const {
  for (const Known& known : known_)
    if (known.map == map && same(known.key, key)) return known.value;
  return nullptr;
}

void KnownValues::add(const Known& known) {
  if (known_.size() == kMost) known_.erase(known_.begin());
  known_.push_back(known);
}

void KnownValues::add(std::string_view name, llvm::Value* value) { add({name, nullptr, nullptr, value}); }

void KnownValues::add(const sema::Map* map, const Expr* key, llvm::Value* value) {
  if (!key || same(*key, *key)) add({{}, map, key, value});
}

void KnownValues::written(const sema::Map* map) {
  std::erase_if(known_, [&](const Known& known) { return known.map == map; });
}

void KnownValues::assigned(const sema::Variable* variable) {
  std::erase_if(known_, [&](const Known& known) { return known.key && mentions(*known.key, variable); });
}

void KnownValues::forget_maps() {
  std::erase_if(known_, [](const Known& known) { return known.map != nullptr; });
}

KnownValues KnownValues::both(const KnownValues& one, const KnownValues& other) {
  KnownValues result;
  for (const Known& known : one.known_)
    if (std::ranges::any_of(other.known_, [&](const Known& there) { return there.value == known.value; }))
      result.known_.push_back(known);
  return result;
}

}  // namespace sonde::lower
