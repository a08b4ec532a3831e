// The chain of binary operators is taken apart into operands and operators, casts are put together, and what is left is
// grouped anew, since a cast binds tighter than the operation that it was taken for.
#include "sema/regroup.h"

#include <vector>

namespace sonde::sema {
namespace {

using ast::BinaryOp;

// As in the grammar: higher binds tighter, and all group to the left.
int strength(BinaryOp op) {
  using enum BinaryOp;
  switch (op) {
    case logical_or: return 0;
    case logical_and: return 1;
    case bit_or: return 2;
    case bit_xor: return 3;
    case bit_and: return 4;
    case eq:
    case ne: return 5;
    case lt:
    case le:
    case gt:
    case ge: return 6;
    case shl:
    case shr: return 7;
    case add:
    case sub: return 8;
    case mul:
    case div:
    case mod: return 9;
  }
  return 0;
}

class Chain {
 public:
  explicit Chain(ast::Arena& arena) : arena_(arena) {}

  // Parentheses are not in the tree, but they are in the range of the operation around them.
  void take_apart(const ast::Expr* expr, bool in_parentheses) {
    const auto* binary = in_parentheses ? nullptr : ast::expr_cast<ast::Binary>(expr);
    if (!binary) {
      operands_.push_back({expr, in_parentheses});
      return;
    }
    take_apart(binary->left, binary->left->range.begin != binary->range.begin);
    operators_.push_back({binary->op, binary->op_range});
    take_apart(binary->right, binary->right->range.end != binary->range.end);
  }

  // From the right, so that of `(t) - (u) - x` the inner cast comes first. False when there is none.
  bool make_casts(const std::function<bool(const ast::Identifier&)>& is_type) {
    const size_t before = operators_.size();
    for (size_t i = operators_.size(); i-- > 0;) {
      const auto* name = operands_[i].in_parentheses ? ast::expr_cast<ast::Identifier>(operands_[i].expr) : nullptr;
      if (!name || !is_type(*name)) continue;
      const ast::Expr* operand = signed_operand(operators_[i], operands_[i + 1].expr);
      if (!operand) continue;
      auto* type = arena_.make<ast::Type>();
      type->range = name->range;
      type->name = name->name;
      auto* cast = make<ast::Cast>(ast::ExprKind::cast, source::cover(name->range, operand->range));
      cast->type = type;
      cast->operand = operand;
      operands_[i] = {cast, false};
      operands_.erase(operands_.begin() + static_cast<ptrdiff_t>(i) + 1);
      operators_.erase(operators_.begin() + static_cast<ptrdiff_t>(i));
    }
    return operators_.size() != before;
  }

  const ast::Expr* put_together() {
    next_ = 0;
    return put_together(0);
  }

 private:
  struct Operand {
    const ast::Expr* expr;
    bool in_parentheses;
  };
  struct Operator {
    BinaryOp op;
    source::Range range;
  };

  template <typename Node>
  Node* make(ast::ExprKind kind, source::Range range) {
    auto* node = arena_.make<Node>();
    node->kind = kind;
    node->range = range;
    return node;
  }

  // `-x`, `*x` or `&x`; null for operators that are none in front of an operand.
  const ast::Expr* signed_operand(const Operator& op, const ast::Expr* operand) {
    const source::Range range = source::cover(op.range, operand->range);
    if (op.op == BinaryOp::bit_and) {
      const auto* map = ast::expr_cast<ast::Map>(operand);
      if (!ast::expr_cast<ast::Variable>(operand) && (!map || map->keyed)) return nullptr;
      auto* address = make<ast::AddressOf>(ast::ExprKind::address_of, range);
      address->target = operand;
      return address;
    }
    if (op.op != BinaryOp::sub && op.op != BinaryOp::mul) return nullptr;
    auto* unary = make<ast::Unary>(ast::ExprKind::unary, range);
    unary->op = op.op == BinaryOp::sub ? ast::UnaryOp::negate : ast::UnaryOp::dereference;
    unary->operand = operand;
    return unary;
  }

  const ast::Expr* put_together(int least) {
    const ast::Expr* left = operands_[next_].expr;
    while (next_ < operators_.size() && strength(operators_[next_].op) >= least) {
      const Operator op = operators_[next_++];
      const ast::Expr* right = put_together(strength(op.op) + 1);
      auto* binary = make<ast::Binary>(ast::ExprKind::binary, source::cover(left->range, right->range));
      binary->op = op.op;
      binary->op_range = op.range;
      binary->left = left;
      binary->right = right;
      left = binary;
    }
    return left;
  }

  ast::Arena& arena_;
  std::vector<Operand> operands_;
  std::vector<Operator> operators_;  // operators_[i] stands behind operands_[i]
  size_t next_ = 0;
};

}  // namespace

const ast::Expr* with_casts(const ast::Binary& chain, const std::function<bool(const ast::Identifier&)>& is_type,
                            ast::Arena& arena) {
  Chain parts(arena);
  parts.take_apart(&chain, false);
  return parts.make_casts(is_type) ? parts.put_together() : &chain;
}

}  // namespace sonde::sema
