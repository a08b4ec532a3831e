// Unary and binary operators (language.md 6).
#include "ast/spelling.h"
#include "sema/typing.h"

namespace sonde::sema {

using diag::Id;
using types::Kind;

namespace {

void label_operands(diag::Diagnostic& diagnostic, const bound::Binary& node, TypeRef left, TypeRef right) {
  diagnostic.labels.push_back({node.left->range, diag::fill(diag::row(Id::label_left).text, {types::printed(left)})});
  diagnostic.labels.push_back(
      {node.right->range, diag::fill(diag::row(Id::label_right).text, {types::printed(right)})});
}

// One message stands for all that literals cannot do; these are not about the size of the result.
void explain_fold(const bound::Binary& node, std::vector<std::string>& hints) {
  const auto& right = node.right->literal;
  if (!right || right->kind != bound::Literal::Kind::integer) return;
  if ((node.op == ast::BinaryOp::div || node.op == ast::BinaryOp::mod) && right->bits == 0)
    hints.push_back("this divides by 0");
  if ((node.op == ast::BinaryOp::shl || node.op == ast::BinaryOp::shr) && right->bits > 63)
    hints.push_back("numbers have 64 bits: shifts are by 0 to 63");
}

// Integers that a call gave (kaddr) keep the type of the call, so they do not melt into other literals.
bool foldable(const bound::Expr& operand) {
  return operand.literal &&
         (operand.kind != bound::Kind::call || operand.literal->kind != bound::Literal::Kind::integer);
}

}  // namespace

TypeRef Typing::folded(bound::Expr& node, const Folded& result) {
  if (result.problem) {
    diag::Diagnostic& diagnostic = reporter_.add(
        {*result.problem, node.range, std::string(diag::row(*result.problem).text), {}, {}, {}}, node.levels);
    if (const auto* binary = bound::as<bound::Binary>(&node)) explain_fold(*binary, diagnostic.hints);
    if (!result.value) return nullptr;
  }
  node.literal = result.value;
  return literal_type(types_, *result.value);
}

TypeRef Typing::unary(bound::Unary& node) {
  TypeRef type = expr(node.operand);
  // As in binary(): `@on = !@on`.
  if (!type) return node.op == ast::UnaryOp::logical_not ? types_.boolean() : nullptr;
  if (node.op == ast::UnaryOp::dereference) return dereference(node, type);
  if (node.operand->literal) {
    const Folded result = fold(node.op, *node.operand->literal);
    if (result.value || result.problem) return folded(node, result);
  }
  const bool negation = node.op == ast::UnaryOp::logical_not;
  const bool good = type->is_integer() || (negation && type->kind == Kind::boolean);
  if (!good) {
    report<Id::operator_type>(node, ast::spelling(node.op), types::printed(type));
    return nullptr;
  }
  if (negation) return types_.boolean();
  return types_.integer(8, type->kind == Kind::integer && type->is_signed);
}

TypeRef Typing::dereference(bound::Unary& node, TypeRef type) {
  if (type->guessed) return type;
  if (type->is_integer()) {
    check_read(type);
    return types_.integer(8, false);
  }
  if (type->kind == Kind::pointer && type->element->size != 0 && type->element->kind != Kind::none &&
      type->element->kind != Kind::void_type) {
    check_read(type);
    node.space = type->space;
    if (type->element->kind == Kind::pointer && type->element->space == types::Space::none)
      return types_.with_space(type->element, type->space);
    return type->element;
  }
  if (type->kind == Kind::c_record)
    report<Id::dereference_struct>(node, types::printed(type));
  else
    report<Id::operator_type>(node, "*", types::printed(type));
  return nullptr;
}

TypeRef Typing::mismatch(bound::Binary& node, TypeRef left, TypeRef right) {
  diag::Diagnostic& diagnostic =
      report<Id::operand_mismatch>(node, ast::spelling(node.op), types::printed(left), types::printed(right));
  label_operands(diagnostic, node, left, right);
  return nullptr;
}

TypeRef Typing::operator_refused(bound::Binary& node, TypeRef left, TypeRef right) {
  diag::Diagnostic& diagnostic =
      report<Id::operator_types>(node, ast::spelling(node.op), types::printed(left), types::printed(right));
  if (left->kind == Kind::string && right->kind == Kind::string && node.op == ast::BinaryOp::add)
    diagnostic.hints.push_back("str_concat() joins strings");
  return nullptr;
}

TypeRef Typing::binary(bound::Binary& node) {
  TypeRef left = expr(node.left), right = expr(node.right);
  // What is compared may have no type yet, in `@m = @m > 1`; the result's is known.
  if (!left || !right) return is_comparison(node.op) || is_logical(node.op) ? types_.boolean() : nullptr;
  if (foldable(*node.left) && foldable(*node.right))
    return folded(node, fold(node.op, *node.left->literal, *node.right->literal));
  if (node.op == ast::BinaryOp::eq || node.op == ast::BinaryOp::ne) {
    if (literal_tuple(*node.left) && literal_tuple(*node.right)) {
      if (const auto same = same_value(*node.left, *node.right)) {
        node.literal =
            bound::Literal{.kind = bound::Literal::Kind::boolean, .bits = *same == (node.op == ast::BinaryOp::eq)};
        return types_.boolean();
      }
    }
  }
  if (is_logical(node.op)) return logical(node);
  const TypeRef read_left = readable(types_, left), read_right = readable(types_, right);
  if (is_comparison(node.op)) return comparison(node, read_left, read_right);
  if (read_left->kind == Kind::pointer || read_right->kind == Kind::pointer)
    return pointer_arithmetic(node, read_left, read_right);
  return arithmetic(node, read_left, read_right);
}

TypeRef Typing::logical(bound::Binary& node) {
  for (bound::Expr* side : {node.left, node.right}) {
    const TypeRef type = readable(types_, side->type);
    const bool literal_text = side->literal && side->literal->kind == bound::Literal::Kind::text;
    if (!is_condition(type) && !literal_text) return operator_refused(node, node.left->type, node.right->type);
  }
  return types_.boolean();
}

TypeRef Typing::comparison(bound::Binary& node, TypeRef left, TypeRef right) {
  const bool equality = node.op == ast::BinaryOp::eq || node.op == ast::BinaryOp::ne;
  if (left->kind == Kind::array && right->kind == Kind::array) {
    if (!equality) {
      report<Id::operator_on_arrays>(node, ast::spelling(node.op));
      return nullptr;
    }
    if (left->element != right->element || !left->element->is_integer()) {
      report<Id::array_elements_differ>(node);
      return nullptr;
    }
    if (left->size != right->size) {
      report<Id::array_sizes_differ>(node);
      return nullptr;
    }
    return types_.boolean();
  }
  TypeRef common = comparison_type(types_, left, right);
  if (!common) {
    const bool alike = left->kind == Kind::c_record && left == right;
    return alike ? operator_refused(node, left, right) : mismatch(node, left, right);
  }
  if (!equality && !is_condition(common)) return operator_refused(node, left, right);
  if (left->kind == Kind::pointer && right->kind == Kind::pointer) {
    if (settled(types_, left->element) != settled(types_, right->element)) {
      diag::Diagnostic& diagnostic =
          report<Id::distinct_pointers>(node, types::printed(left->element), types::printed(right->element));
      label_operands(diagnostic, node, left->element, right->element);
    }
    if (left->space != right->space && left->space != types::Space::none && right->space != types::Space::none)
      report<Id::address_space_mismatch>(node);
  } else if (left->is_integer() && right->is_integer()) {
    implicit(*node.left, common);
    implicit(*node.right, common);
  }
  return types_.boolean();
}

TypeRef Typing::arithmetic(bound::Binary& node, TypeRef left, TypeRef right) {
  TypeRef type = arithmetic_type(types_, node.op, left, right);
  if (!type) {
    const bool same = types::promote(types_, left, right) != nullptr;
    return same ? operator_refused(node, left, right) : mismatch(node, left, right);
  }
  if (type->kind == Kind::boolean) return type;
  if (node.op == ast::BinaryOp::div || node.op == ast::BinaryOp::mod) {
    const auto firmly_signed = [](TypeRef side) {
      return side->kind == Kind::integer && side->is_signed && !side->flexible;
    };
    const bool differ = left != right && !left->flexible && !right->flexible;
    if (differ && (firmly_signed(left) || firmly_signed(right)))
      report<Id::signed_division>(node, ast::spelling(node.op));
  }
  implicit(*node.left, type);
  implicit(*node.right, type);
  return type;
}

TypeRef Typing::pointer_arithmetic(bound::Binary& node, TypeRef left, TypeRef right) {
  const bool add = node.op == ast::BinaryOp::add;
  if ((add || node.op == ast::BinaryOp::sub) && left->kind == Kind::pointer && right->is_integer()) return left;
  if (add && left->is_integer() && right->kind == Kind::pointer) return right;
  return operator_refused(node, left, right);
}

}  // namespace sonde::sema
