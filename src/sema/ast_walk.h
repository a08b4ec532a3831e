// Visits every expression and statement below a node of the syntax tree, parents first.
#pragma once

#include <functional>

#include "ast/ast.h"

namespace sonde::sema {

struct AstVisitor {
  std::function<void(const ast::Expr&)> expr = {};
  // `loops`: how many `for` and `while` bodies the statement stands in, counted from where the walk began.
  std::function<void(const ast::Stmt&, size_t loops)> stmt = {};
};

void walk(const ast::Block* block, const AstVisitor& visitor, size_t loops = 0);
void walk(const ast::Expr* expr, const AstVisitor& visitor, size_t loops = 0);

}  // namespace sonde::sema
