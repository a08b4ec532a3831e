// The bound tree: between the syntax tree and the typed program. Names are resolved (variables, maps, rows), macros are
// expanded, and there is one tree per program to be; types and literal values are filled in by inference and may still
// change. Private to sema.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "ast/ast.h"
#include "builtins/builtin.h"
#include "probes/provider.h"
#include "sema/bound_expr.h"
#include "sema/slots.h"
#include "source/location.h"

namespace sonde::sema::bound {

enum class StmtKind : uint8_t {
  assign_variable,
  let,
  assign_map,
  expression,
  for_range,
  for_map,
  while_loop,
  unroll,
  jump
};

// A statement is the unit of inference: when something it reads changes its type, it alone is typed again. Statements
// nested in its blocks are units of their own.
struct Stmt {
  StmtKind kind;
  Range range;
  Levels levels = nullptr;
  struct Program* program = nullptr;
  bool queued = false;
};
template <typename Node>
Node* as(Stmt* stmt) {
  return stmt && stmt->kind == Node::kKind ? static_cast<Node*>(stmt) : nullptr;
}
struct AssignVariable : Stmt {
  static constexpr StmtKind kKind = StmtKind::assign_variable;
  Variable* variable = nullptr;
  Expr* value = nullptr;
  bool declares = false;
};
struct Let : Stmt {
  static constexpr StmtKind kKind = StmtKind::let;
  Variable* variable = nullptr;
  std::optional<TypeSpec> spec;
  Expr* value = nullptr;
};
struct AssignMap : Stmt {
  static constexpr StmtKind kKind = StmtKind::assign_map;
  MapAccess* target = nullptr;
  std::optional<ast::BinaryOp> op;  // `op=`: then `value` is the whole `target op operand`
  Expr* value = nullptr;
};
struct Expression : Stmt {
  static constexpr StmtKind kKind = StmtKind::expression;
  Expr* value = nullptr;
  bool discard = false;    // `_ = e`
  bool predicate = false;  // not a statement of the body but the program's guard
};
struct ForRange : Stmt {
  static constexpr StmtKind kKind = StmtKind::for_range;
  Variable* variable = nullptr;
  Expr* begin = nullptr;
  Expr* end = nullptr;
  Block body;
};
struct ForMap : Stmt {
  static constexpr StmtKind kKind = StmtKind::for_map;
  Variable* variable = nullptr;
  Map* map = nullptr;
  Range map_range;
  Block body;
};
struct While : Stmt {
  static constexpr StmtKind kKind = StmtKind::while_loop;
  Expr* condition = nullptr;
  Block body;
};
struct Unroll : Stmt {
  static constexpr StmtKind kKind = StmtKind::unroll;
  Expr* count = nullptr;
  Block body;
  bool stays = false;    // its copies differ from a loop's turns: jumps out of it, or the probe's context
  bool as_loop = false;  // so long that it becomes a loop
};
struct Jump : Stmt {
  static constexpr StmtKind kKind = StmtKind::jump;
  ast::JumpKind jump = ast::JumpKind::return_jump;
  Expr* value = nullptr;
};

// One program to be: one attach point, or one match of it.
struct Program {
  probes::ResolvedProbe probe;
  Range range;
  const ast::Probe* source = nullptr;
  Expression* predicate = nullptr;
  Block body;
  std::deque<Variable> variables;
  std::vector<Stmt*> units;                             // all statements, inner ones first
  std::vector<Conditional*> undecided;                  // comptime conditions that inference has to decide
  bool returns_value = false, returns_nothing = false;  // from inside loops
};

// All that binding produced. Owns the nodes.
class Tree {
 public:
  template <typename Node>
  Node* make(Range range, Levels levels) {
    auto owner = std::make_shared<Node>();
    Node* node = owner.get();
    node->kind = Node::kKind;
    node->range = range;
    node->levels = levels;
    nodes_.push_back(std::move(owner));
    return node;
  }
  size_t size() const { return nodes_.size(); }

  std::deque<Program> programs;
  std::deque<Map> maps;  // in order of first use
  std::deque<std::vector<Range>> expansions;
  std::vector<builtins::ScriptOption> options;

 private:
  std::vector<std::shared_ptr<void>> nodes_;
};

}  // namespace sonde::sema::bound
