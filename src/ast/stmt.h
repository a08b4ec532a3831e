// Statements and blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ast/expr.h"

namespace sonde::ast {

enum class StmtKind : uint8_t { import_stmt, while_stmt, unroll, for_stmt, jump, discard, let, assign, expr_stmt };

struct Stmt {
  StmtKind kind;
  Range range;  // without the `;`
  uint32_t height = 1;
};
template <typename Node>
const Node* stmt_cast(const Stmt* stmt) {
  return stmt && stmt->kind == Node::kKind ? static_cast<const Node*>(stmt) : nullptr;
}

struct Block {
  Range range;
  std::vector<const Stmt*> statements;
  const Expr* value =
      nullptr;  // the last expression without `;`; also an `if` or block that ends the block without `;`
  uint32_t height = 1;
};

struct ImportStmt : Stmt {
  static constexpr StmtKind kKind = StmtKind::import_stmt;
  std::string path;
};
struct While : Stmt {
  static constexpr StmtKind kKind = StmtKind::while_stmt;
  const Expr* condition;
  const Block* body;
};
struct Unroll : Stmt {
  static constexpr StmtKind kKind = StmtKind::unroll;
  const Expr* count;
  const Block* body;
};
struct For : Stmt {  // over a map, or over [begin, end)
  static constexpr StmtKind kKind = StmtKind::for_stmt;
  const Variable* variable;
  const Map* map;  // null for a range
  const Expr* begin;
  const Expr* end;
  const Block* body;
};
enum class JumpKind : uint8_t { break_jump, continue_jump, return_jump };
struct Jump : Stmt {
  static constexpr StmtKind kKind = StmtKind::jump;
  JumpKind jump;
  const Expr* value;  // only of a return; may be null
};
struct Discard : Stmt {  // `_ = e;`
  static constexpr StmtKind kKind = StmtKind::discard;
  const Expr* value;
};
struct Let : Stmt {
  static constexpr StmtKind kKind = StmtKind::let;
  const Variable* variable;
  const Type* type;   // null: inferred
  const Expr* value;  // null: zero
};
struct Assign : Stmt {
  static constexpr StmtKind kKind = StmtKind::assign;
  const Expr* target;          // Variable or Map
  std::optional<BinaryOp> op;  // `x op= e`
  const Expr* value;
};
struct ExprStmt : Stmt {  // also an `if` or a bare block as a statement
  static constexpr StmtKind kKind = StmtKind::expr_stmt;
  const Expr* value;
};

}  // namespace sonde::ast
