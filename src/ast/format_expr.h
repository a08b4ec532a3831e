// Expressions in the formatter's layout (private to format.cc).
#pragma once

#include <string>
#include <vector>

#include "ast/ast.h"

namespace sonde::ast {

// On one line, whatever its width.
std::string flat(const Expr& expr);
std::string flat(const Type& type);
// ... in parentheses unless it is primitive.
std::string operand(const Expr& expr);
std::string quoted(const std::string& bytes);
bool is_primitive(const Expr& expr);
// A statement on one line, without `;`, blocks in it included.
std::string flat(const Stmt& stmt);
std::string flat(const Block& block);
// What is assigned, and how: `$x += 1` for `$x = $x + 1`.
struct AssignForm {
  std::string target, op;
  const Expr* value;
};
AssignForm assign_form(const Assign& assign);
// The head of a loop, `while $x`, up to its block; null block: no loop.
struct LoopForm {
  std::string head;
  const Block* body = nullptr;
};
LoopForm loop_form(const Stmt& stmt);

// `expr` where it starts in `column` of a line that is indented by `indent` and goes on for `behind` columns; calls, lists
// and ternaries that are too wide are broken.
std::string laid_out(const Expr& expr, size_t column, size_t indent, size_t behind);

inline constexpr size_t kWidth = 90;
inline constexpr size_t kStep = 2;

}  // namespace sonde::ast
