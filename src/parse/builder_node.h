// What the two halves of the builder share: node allocation that keeps count of the tree's height.
#pragma once

#include <utility>

#include "parse/builder.h"

namespace sonde::parse {

// Deeper trees are refused, so that every later pass may walk them recursively on the compiler's stack (compile/compile.cc). A
// sum is as high as it has terms.
constexpr uint32_t max_height = 6000;

inline uint32_t height_of(const ast::Expr* expr) { return expr ? expr->height : 0; }
inline uint32_t height_of(const ast::Type* type) { return type ? type->height : 0; }
inline uint32_t height_of(const ast::TypeOrExpr& operand) {
  return operand.type ? operand.type->height : height_of(operand.expr);
}

template <typename Node, typename... Arguments>
Builder::Expr Builder::node(Range range, uint32_t below, Arguments&&... arguments) {
  return arena_.make<Node>(ast::Expr{Node::kKind, range, height_above(range, below)},
                           std::forward<Arguments>(arguments)...);
}

template <typename Node, typename... Arguments>
Builder::Stmt Builder::statement(Range range, uint32_t below, Arguments&&... arguments) {
  return arena_.make<Node>(ast::Stmt{Node::kKind, range, height_above(range, below)},
                           std::forward<Arguments>(arguments)...);
}

}  // namespace sonde::parse
