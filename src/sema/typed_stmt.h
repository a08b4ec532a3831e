// Statements of the typed program.
#pragma once

#include <cstdint>
#include <vector>

#include "sema/typed_expr.h"

namespace sonde::sema {

enum class StmtKind : uint8_t {
  declare,
  assign_variable,
  assign_map,
  update_map,
  update_aggregate,
  expression,
  for_range,
  for_map,
  while_loop,
  unroll,
  jump,
};
struct Stmt {
  StmtKind kind;
  Range range;
  const std::vector<Range>* expanded_from = nullptr;
};
template <typename Node>
const Node& as(const Stmt& stmt) {
  return static_cast<const Node&>(stmt);
}
struct Declare : Stmt {  // a variable comes into scope, all zero; every first assignment is preceded by one
  static constexpr StmtKind kKind = StmtKind::declare;
  const Variable* variable = nullptr;
};
struct AssignVariable : Stmt {
  static constexpr StmtKind kKind = StmtKind::assign_variable;
  const Variable* variable = nullptr;
  const Expr* value = nullptr;  // of the variable's type
};
struct AssignMap : Stmt {
  static constexpr StmtKind kKind = StmtKind::assign_map;
  const Map* map = nullptr;
  const Expr* key = nullptr;
  const Expr* value = nullptr;  // of the map's value type
};
struct UpdateMap : Stmt {  // @m[k] op= e for add, sub, bit_and, bit_or, bit_xor on 64-bit integers: atomic
  static constexpr StmtKind kKind = StmtKind::update_map;
  const Map* map = nullptr;
  const Expr* key = nullptr;
  BinaryOp op = BinaryOp::add;
  const Expr* value = nullptr;
};
struct UpdateAggregate : Stmt {  // @m[k] = count();
  static constexpr StmtKind kKind = StmtKind::update_aggregate;
  const Map* map = nullptr;
  const Expr* key = nullptr;
  const Call* call = nullptr;
};
struct Expression : Stmt {
  static constexpr StmtKind kKind = StmtKind::expression;
  const Expr* value = nullptr;
};
struct ForRange : Stmt {
  static constexpr StmtKind kKind = StmtKind::for_range;
  const Variable* variable = nullptr;
  const Expr* begin = nullptr;  // both of the variable's type
  const Expr* end = nullptr;
  Block body;
};
struct ForMap : Stmt {
  static constexpr StmtKind kKind = StmtKind::for_map;
  const Variable* variable = nullptr;  // (key, value)
  const Map* map = nullptr;
  Block body;
};
struct While : Stmt {
  static constexpr StmtKind kKind = StmtKind::while_loop;
  const Expr* condition = nullptr;
  Block body;
};
struct Unroll : Stmt {
  static constexpr StmtKind kKind = StmtKind::unroll;
  uint32_t count = 1;
  Block body;
};
enum class JumpKind : uint8_t { break_jump, continue_jump, return_jump };
struct Jump : Stmt {
  static constexpr StmtKind kKind = StmtKind::jump;
  JumpKind jump = JumpKind::return_jump;
  const Expr* value = nullptr;  // 64-bit integer; return only, may be null
};

}  // namespace sonde::sema
