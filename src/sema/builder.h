// The builder's state (private to build*.cc).
#pragma once

#include <unordered_map>

#include "sema/build.h"
#include "sema/rules.h"

namespace sonde::sema {

class Builder {
 public:
  Builder(TypedProgram& out, Typing& typing, types::TypeContext& types) : out_(out), typing_(typing), types_(types) {}

  void add_map(const bound::Map& map);
  void add_program(bound::Program& program);

 private:
  template <typename Node>
  Node* make(const bound::Expr& from, TypeRef type) {
    Node* node = out_.nodes.make<Node>();
    node->kind = Node::kKind;
    node->type = type;
    node->range = from.range;
    node->expanded_from = from.levels;
    return node;
  }
  template <typename Node>
  Node* make(const bound::Stmt& from) {
    Node* node = out_.nodes.make<Node>();
    node->kind = Node::kKind;
    node->range = from.range;
    node->expanded_from = from.levels;
    return node;
  }
  TypeRef settle(TypeRef type) { return settled(types_, type); }
  const Map* map(const bound::Map* map) const { return maps_.at(map); }
  const Variable* variable(const bound::Variable* variable) const { return variables_.at(variable); }

  // build.cc: statements
  void block(const bound::Block& from, Block& to);
  void statements(const bound::Block& from, std::vector<const Stmt*>& to);
  void statement(bound::Stmt& stmt, std::vector<const Stmt*>& to);
  void assign_map(const bound::AssignMap& assign, std::vector<const Stmt*>& to);
  void long_unroll(bound::Unroll& from, std::vector<const Stmt*>& to);
  const Stmt* update_in_place(const bound::AssignMap& assign);
  void declare(const bound::Stmt& at, const bound::Variable& variable, std::vector<const Stmt*>& to);
  void assign(const bound::Stmt& at, const bound::Variable& variable, bound::Expr& value, std::vector<const Stmt*>& to);
  void evaluate(bound::Expr& expr, std::vector<const Stmt*>& to);

  // build_expr.cc: the value of `expr`, of its own type, of `type`, as a truth value
  const Expr* value(bound::Expr& expr);
  const Expr* value(bound::Expr& expr, TypeRef type);
  const Expr* condition(bound::Expr& expr);
  const Expr* compute(bound::Expr& expr);
  const Expr* convert(const Expr* expr, TypeRef type);
  const Expr* literal(const bound::Expr& expr, const bound::Literal& literal, TypeRef type);
  const Expr* key(const bound::Map& map, bound::Expr* key);
  const Expr* map_read(bound::MapAccess& access);
  const Expr* tuple(bound::Tuple& tuple, TypeRef type);
  const Expr* unary(bound::Unary& node);
  const Expr* binary(bound::Binary& node);
  const Expr* pointer_add(bound::Binary& node);
  const Expr* inc_dec(bound::IncDec& node);
  const Expr* conditional(bound::Conditional& node);
  const Expr* branch(bound::Expr& expr);
  const Expr* field(bound::Field& node);
  const Expr* field_base(bound::Expr& base);
  const Expr* element(const bound::Expr& node, const Expr* base, uint64_t index);
  const Expr* index(bound::Index& node);
  const Expr* call(bound::Call& node);
  const Expr* c_call(bound::CCall& node);
  const Expr* argument(bound::Call& node, size_t index);
  const Expr* cast(bound::Cast& node);
  const Expr* type_info(bound::TypeQuery& query);
  const Expr* context(bound::Context& node);
  const Expr* context_args(const bound::Expr& node);
  const Expr* wrap(const Expr* operand, CastKind kind, TypeRef type);

  TypedProgram& out_;
  Typing& typing_;
  types::TypeContext& types_;
  Program* program_ = nullptr;
  const probes::ResolvedProbe* probe_ = nullptr;
  std::unordered_map<const bound::Map*, const Map*> maps_;
  std::unordered_map<const bound::Variable*, const Variable*> variables_;
};

}  // namespace sonde::sema
