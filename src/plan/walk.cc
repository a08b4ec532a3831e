// The walk over the typed tree. Exhaustive switches: a new node kind does not compile until it is visited here.
#include "plan/walk.h"

namespace sonde::plan {
namespace {

using namespace sema;

class Walker {
 public:
  explicit Walker(const std::function<void(const Call&)>& visit) : visit_(visit) {}

  void expr(const Expr* expr) {
    if (!expr) return;
    switch (expr->kind) {
      case ExprKind::constant:
      case ExprKind::text:
      case ExprKind::variable:
      case ExprKind::map_ref:
      case ExprKind::address_of:
      case ExprKind::context_args:
      case ExprKind::context_arg:
      case ExprKind::context_retval:
      case ExprKind::context_pointer: return;
      case ExprKind::map_read: return this->expr(as<MapRead>(*expr).key);
      case ExprKind::call: return call(as<Call>(*expr));
      case ExprKind::c_call:
        for (const Expr* argument : as<CCall>(*expr).arguments) this->expr(argument);
        return;
      case ExprKind::unary: return this->expr(as<Unary>(*expr).operand);
      case ExprKind::binary: return pair(as<Binary>(*expr));
      case ExprKind::logical: return pair(as<Logical>(*expr));
      case ExprKind::pointer_add:
        this->expr(as<PointerAdd>(*expr).pointer);
        return this->expr(as<PointerAdd>(*expr).index);
      case ExprKind::conditional:
        this->expr(as<Conditional>(*expr).condition);
        this->expr(as<Conditional>(*expr).then_value);
        return this->expr(as<Conditional>(*expr).else_value);
      case ExprKind::block: block(as<BlockExpr>(*expr).block); return this->expr(as<BlockExpr>(*expr).value);
      case ExprKind::cast: return this->expr(as<Cast>(*expr).operand);
      case ExprKind::field: return this->expr(as<Field>(*expr).base);
      case ExprKind::dereference: return this->expr(as<Dereference>(*expr).pointer);
      case ExprKind::element: return this->expr(as<Element>(*expr).base);
      case ExprKind::index: this->expr(as<Index>(*expr).base); return this->expr(as<Index>(*expr).index);
      case ExprKind::tuple:
        for (uint32_t i : as<TupleMake>(*expr).evaluation) this->expr(as<TupleMake>(*expr).elements[i]);
        return;
      case ExprKind::increment: return this->expr(as<Increment>(*expr).key);
    }
  }

  void block(const Block& block) {
    for (const Stmt* statement : block.statements) stmt(*statement);
  }

 private:
  void call(const Call& call) {
    for (const Expr* argument : call.arguments) expr(argument);
    visit_(call);
  }

  template <typename Node>
  void pair(const Node& node) {
    expr(node.left);
    expr(node.right);
  }

  void stmt(const Stmt& stmt) {
    switch (stmt.kind) {
      case StmtKind::declare: return;
      case StmtKind::assign_variable: return expr(as<AssignVariable>(stmt).value);
      case StmtKind::assign_map: return store(as<AssignMap>(stmt).key, as<AssignMap>(stmt).value);
      case StmtKind::update_map: return store(as<UpdateMap>(stmt).key, as<UpdateMap>(stmt).value);
      case StmtKind::update_aggregate: return store(as<UpdateAggregate>(stmt).key, as<UpdateAggregate>(stmt).call);
      case StmtKind::expression: return expr(as<Expression>(stmt).value);
      case StmtKind::for_range:
        expr(as<ForRange>(stmt).begin);
        expr(as<ForRange>(stmt).end);
        return block(as<ForRange>(stmt).body);
      case StmtKind::for_map: return block(as<ForMap>(stmt).body);
      case StmtKind::while_loop: expr(as<While>(stmt).condition); return block(as<While>(stmt).body);
      case StmtKind::unroll: return block(as<Unroll>(stmt).body);
      case StmtKind::jump: return expr(as<Jump>(stmt).value);
    }
  }

  void store(const Expr* key, const Expr* value) {
    expr(key);
    expr(value);
  }

  const std::function<void(const Call&)>& visit_;
};

}  // namespace

void for_each_call(const Program& program, const std::function<void(const Call&)>& visit) {
  Walker walker(visit);
  walker.expr(program.predicate);
  walker.block(program.body);
}

}  // namespace sonde::plan
