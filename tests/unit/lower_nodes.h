// Expressions and statements of typed programs, built by hand.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "builtins/builtin.h"
#include "sema/typed_program.h"
#include "source/source_buffer.h"
#include "types/type.h"

namespace sonde::lower::test {

using sema::Expr;
using sema::Stmt;
using types::TypeRef;

// A program under construction and what makes its nodes.
class Nodes {
 public:
  Nodes() { buffer_ = sources.add("script", std::string(4096, 'x')); }

  types::TypeContext types;
  sema::TypedProgram program;
  source::SourceSet sources;

  // Each node gets a place of its own.
  source::Range next_range() {
    const uint32_t at = position_++ % 4000;
    return {buffer_, at, at + 1};
  }

  template <typename Node>
  Node* expr(TypeRef type) {
    Node* node = program.nodes.make<Node>();
    node->kind = Node::kKind;
    node->type = type;
    node->range = next_range();
    return node;
  }
  template <typename Node>
  Node* stmt() {
    Node* node = program.nodes.make<Node>();
    node->kind = Node::kKind;
    node->range = next_range();
    return node;
  }

  TypeRef u64() { return types.integer(8, false); }
  TypeRef i64() { return types.integer(8, true); }

  // --- expressions ------------------------------------------------------------------------------------------------------
  const Expr* number(uint64_t bits, TypeRef type = nullptr) {
    auto* node = expr<sema::Constant>(type ? type : u64());
    node->bits = bits;
    return node;
  }
  const Expr* text(std::string bytes, uint32_t capacity = 0) {
    auto* node = expr<sema::Text>(types.string(capacity ? capacity : static_cast<uint32_t>(bytes.size()) + 1));
    node->bytes = std::move(bytes);
    return node;
  }
  const Expr* arg(uint32_t number) {
    auto* node = expr<sema::ContextArg>(u64());
    node->number = number;
    return node;
  }
  const Expr* read(const sema::Variable* variable) {
    auto* node = expr<sema::VariableRead>(variable->type);
    node->variable = variable;
    return node;
  }
  const Expr* read(const sema::Map* map, const Expr* key = nullptr) {
    auto* node = expr<sema::MapRead>(map->value->kind == types::Kind::aggregate ? u64() : map->value);
    node->map = map;
    node->key = key;
    return node;
  }
  const Expr* whole(const sema::Map* map) {
    auto* node = expr<sema::MapRef>(types.none());
    node->map = map;
    return node;
  }
  const Expr* address_of(const sema::Variable* variable) {
    auto* node = expr<sema::AddressOf>(types.pointer(variable->type, types::Space::kernel));
    node->variable = variable;
    return node;
  }
  const Expr* binary(sema::BinaryOp op, const Expr* left, const Expr* right) {
    auto* node = expr<sema::Binary>(op >= sema::BinaryOp::eq ? types.boolean() : left->type);
    node->op = op;
    node->left = left;
    node->right = right;
    return node;
  }
  const Expr* logical(bool is_and, const Expr* left, const Expr* right) {
    auto* node = expr<sema::Logical>(types.boolean());
    node->is_and = is_and;
    node->left = left;
    node->right = right;
    return node;
  }
  const Expr* conditional(const Expr* condition, const Expr* yes, const Expr* no, TypeRef type) {
    auto* node = expr<sema::Conditional>(type);
    node->condition = condition;
    node->then_value = yes;
    node->else_value = no;
    return node;
  }
  const Expr* block_expr(std::vector<const Stmt*> statements, const Expr* value = nullptr) {
    auto* node = expr<sema::BlockExpr>(value ? value->type : types.none());
    node->block.statements = std::move(statements);
    node->value = value;
    return node;
  }
  const Expr* tuple(std::vector<const Expr*> elements) {
    std::vector<TypeRef> element_types;
    for (const Expr* element : elements) element_types.push_back(element->type);
    auto* node = expr<sema::TupleMake>(types.tuple(element_types));
    for (uint32_t i = 0; i < elements.size(); ++i) node->evaluation.push_back(i);
    node->elements = std::move(elements);
    return node;
  }
  const Expr* element(const Expr* base, uint32_t index) {
    auto* node = expr<sema::Element>(base->type->members[index].type);
    node->base = base;
    node->index = index;
    return node;
  }
  const Expr* index(const Expr* base, const Expr* at, TypeRef type) {
    auto* node = expr<sema::Index>(type);
    node->base = base;
    node->index = at;
    return node;
  }
  const Expr* cast(sema::CastKind kind, const Expr* operand, TypeRef type) {
    auto* node = expr<sema::Cast>(type);
    node->cast = kind;
    node->operand = operand;
    return node;
  }
  const sema::Call* call(const char* name, std::vector<const Expr*> arguments = {}, TypeRef type = nullptr) {
    auto* node = expr<sema::Call>(type ? type : types.void_type());
    node->row = builtins::find_builtin(name);
    EXPECT_NE(node->row, nullptr) << name;
    for (const Expr* argument : arguments) {
      builtins::Argument described;
      described.type = argument->type;
      described.range = argument->range;
      if (argument->kind == sema::ExprKind::text) described.text = sema::as<sema::Text>(*argument).bytes;
      if (argument->kind == sema::ExprKind::constant) described.integer = sema::as<sema::Constant>(*argument).bits;
      if (argument->kind == sema::ExprKind::map_ref)
        described.map = builtins::MapArgument{sema::as<sema::MapRef>(*argument).map->name, false, nullptr, nullptr};
      node->described.push_back(std::move(described));
    }
    node->arguments = std::move(arguments);
    return node;
  }

  // --- statements -------------------------------------------------------------------------------------------------------
  const Stmt* declare(const sema::Variable* variable) {
    auto* node = stmt<sema::Declare>();
    node->variable = variable;
    return node;
  }
  const Stmt* assign(const sema::Variable* variable, const Expr* value) {
    auto* node = stmt<sema::AssignVariable>();
    node->variable = variable;
    node->value = value;
    return node;
  }
  const Stmt* assign(const sema::Map* map, const Expr* key, const Expr* value) {
    auto* node = stmt<sema::AssignMap>();
    node->map = map;
    node->key = key;
    node->value = value;
    return node;
  }
  const Stmt* update(const sema::Map* map, const Expr* key, sema::BinaryOp op, const Expr* value) {
    auto* node = stmt<sema::UpdateMap>();
    node->map = map;
    node->key = key;
    node->op = op;
    node->value = value;
    return node;
  }
  const Stmt* aggregate(const sema::Map* map, const Expr* key, const sema::Call* call) {
    auto* node = stmt<sema::UpdateAggregate>();
    node->map = map;
    node->key = key;
    node->call = call;
    return node;
  }
  const Stmt* expression(const Expr* value) {
    auto* node = stmt<sema::Expression>();
    node->value = value;
    return node;
  }
  const Stmt* increment(const sema::Map* map, const Expr* key) {
    auto* node = expr<sema::Increment>(i64());
    node->map = map;
    node->key = key;
    return expression(node);
  }
  const Stmt* for_range(const sema::Variable* variable, const Expr* begin, const Expr* end,
                        std::vector<const Stmt*> body) {
    auto* node = stmt<sema::ForRange>();
    node->variable = variable;
    node->begin = begin;
    node->end = end;
    node->body.statements = std::move(body);
    return node;
  }
  const Stmt* for_map(const sema::Variable* variable, const sema::Map* map, std::vector<const Stmt*> body) {
    auto* node = stmt<sema::ForMap>();
    node->variable = variable;
    node->map = map;
    node->body.statements = std::move(body);
    return node;
  }
  const Stmt* while_loop(const Expr* condition, std::vector<const Stmt*> body) {
    auto* node = stmt<sema::While>();
    node->condition = condition;
    node->body.statements = std::move(body);
    return node;
  }
  const Stmt* unroll(uint32_t count, std::vector<const Stmt*> body) {
    auto* node = stmt<sema::Unroll>();
    node->count = count;
    node->body.statements = std::move(body);
    return node;
  }
  const Stmt* jump(sema::JumpKind kind, const Expr* value = nullptr) {
    auto* node = stmt<sema::Jump>();
    node->jump = kind;
    node->value = value;
    return node;
  }
  const Stmt* if_then(const Expr* condition, std::vector<const Stmt*> yes) {
    return expression(conditional(condition, block_expr(std::move(yes)), nullptr, types.void_type()));
  }

 private:
  source::BufferId buffer_;
  uint32_t position_ = 0;
};

}  // namespace sonde::lower::test
