// Binding: syntax tree -> bound tree of one program at a time. Resolves variables, maps, rows, script parameters and type
// names, expands macros in place, and checks all rules that need no types. Requires collected macros and map declarations.
// Guarantees: every node of the tree it returns is complete; what could not be bound was reported and is an Unknown.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ast/ast.h"
#include "sema/bound.h"
#include "sema/macros.h"
#include "sema/reporter.h"
#include "sema/sema.h"
#include "sema/type_names.h"

namespace sonde::sema {

class Binder {
 public:
  Binder(const Inputs& inputs, const MacroTable& macros, const TypeNames& names, bound::Tree& tree, Reporter& reporter);

  // `let @m = KIND(N)` of all files; before the first probe.
  void declare_maps(const ast::Program& program);
  // Body and predicate of `program`, whose probe and source are set.
  void bind_program(bound::Program& program);
  // The branch of a comptime `if` whose condition turned out to be `taken`.
  void bind_branch(bound::Conditional& conditional, bool taken);
  // A probe without program, because its attach points were refused: what it would have done to maps is not known.
  void skip_probe(const ast::Probe& probe);
  // Whether a limit of size stopped the binding: then the tree is not worth a look.
  bool gave_up() const { return gave_up_; }

 private:
  using Env = bound::Environment;
  using Levels = bound::Levels;

  static Levels levels(const Env& env);
  template <diag::Id id, typename... Arguments>
  diag::Diagnostic& report(source::Range range, const Env& env, const Arguments&... arguments) {
    return reporter_.emit<id>(range, levels(env), arguments...);
  }
  template <typename Node>
  Node* make(source::Range range, const Env& env) {
    return tree_.make<Node>(range, levels(env));
  }

  // bind.cc: scopes, variables, maps
  Env inner(const Env& env);
  bound::Variable* declare(const ast::Variable& variable, bound::Variable::Origin origin, const Env& env);
  bool check_shadowing(const ast::Variable& variable, bool loop, const Env& env);
  void label_first(diag::Diagnostic& diagnostic, const bound::Variable& variable);
  bound::Map* find_map(const ast::Map& map, const Env& env);
  bound::Map* map_named(const std::string& name, source::Range range);
  bound::MapAccess* map_access(const ast::Map& map, const Env& env);
  bool use_shape(bound::Map& map, bound::Map::Shape shape, source::Range range, const Env& env);
  void reads(bound::Slot& slot, const Env& env);
  std::vector<std::string> visible_variables(const Env& env) const;
  void undefined_variable(const ast::Variable& variable, const Env& env);
  bool within_limits(source::Range range, const Env& env);
  bound::Expr* unknown(source::Range range, const Env& env) { return make<bound::Unknown>(range, env); }

  // bind_stmt.cc
  void block(const ast::Block& block, const Env& env, bound::Block& out);
  bound::Stmt* statement(const ast::Stmt& stmt, const Env& env);
  bound::Stmt* assignment(const ast::Assign& assign, const Env& env);
  bound::Stmt* map_assignment(const ast::Assign& assign, const ast::Map& target, const Env& env);
  bound::Stmt* let(const ast::Let& let, const Env& env);
  bound::Stmt* loop(const ast::For& loop, const Env& env);
  bound::Stmt* while_loop(const ast::While& loop, const Env& env);
  bound::Stmt* unroll(const ast::Unroll& unroll, const Env& env);
  bound::Stmt* jump(const ast::Jump& jump, const Env& env);
  template <typename Node>
  Node* begin_unit(source::Range range, const Env& env);

  // bind_expr.cc
  bound::Expr* expr(const ast::Expr* expr, const Env& env);
  bound::Expr* dispatch(const ast::Expr& expr, const Env& env);
  bound::Expr* integer(uint64_t bits, bool negative, source::Range range, const Env& env);
  bound::Expr* text(const std::string& bytes, source::Range range, const Env& env, bool any_length);
  bound::Expr* boolean(bool value, source::Range range, const Env& env);
  bound::Expr* variable(const ast::Variable& variable, const Env& env);
  bound::Expr* positional(const ast::Positional& positional, const Env& env);
  bound::Expr* key(const std::vector<const ast::Expr*>& keys, source::Range range, const Env& env);
  bound::Expr* record(const ast::Record& record, const Env& env);
  bound::Expr* binary(const ast::Binary& binary, const Env& env);
  bool is_type_parameter(const ast::Identifier& name, const Env& env) const;
  bound::Expr* inc_dec(const ast::IncDec& node, const Env& env);
  bound::Expr* address_of(const ast::AddressOf& node, const Env& env);
  bound::Expr* ternary(const ast::Ternary& node, const Env& env);
  bound::Expr* if_expr(const ast::If& node, const Env& env);
  bound::Expr* block_expr(const ast::Block& block, source::Range range, const Env& env);
  bound::Expr* type_query(bound::TypeQuery::What what, const ast::TypeOrExpr& operand, source::Range range,
                          const char* context, const Env& env);
  std::vector<std::string> field_path(const std::vector<std::string>& path, const Env& env);
  // What names no type is reported and becomes the type of an Unknown. `operand`: of sizeof and its kin, where a lone name may also be an enumerator.
  void type_spec(const ast::Type& type, const Env& env, bound::TypeSpec& out, bool operand = false);
  void parameter_type(const ast::Type& type, const bound::Binding& binding, const Env& env, bound::TypeSpec& out);
  void operand_spec(const ast::TypeOrExpr& operand, source::Range range, const Env& env, bound::TypeSpec& out);
  static Env in_type(const Env& env, const char* context);

  // bind_call.cc: identifiers, calls, macros
  bound::Expr* identifier(const ast::Identifier& identifier, const Env& env);
  bound::Expr* call(const ast::Call& call, const Env& env);
  bound::Expr* c_call(const kernel::FunctionProto& function, const ast::Call& call, const Env& env);
  bound::Expr* context_value(std::string_view name, source::Range range, const Env& env, bool call_form);
  bound::Expr* row_call(const builtins::Builtin& row, source::Range range, source::Range name_range,
                        const std::vector<const ast::Expr*>& arguments, const Env& env);
  bound::Expr* row_argument(const builtins::Builtin& row, size_t index, const ast::Expr& argument, const Env& env);
  bound::Expr* expand(const bound::MacroDef& def, source::Range range, const std::vector<const ast::Expr*>& arguments,
                      const Env& env);
  bool check_recursion(const bound::MacroDef& def, source::Range range, const Env& env);
  const bound::Binding* parameter(std::string_view name, const Env& env) const;
  static Env caller_of(const Env& env);
  std::pair<const ast::Expr*, Env> resolve_argument(const ast::Expr& argument, const Env& env) const;
  std::vector<std::string> known_names(bool functions) const;

  const Inputs& inputs_;
  const MacroTable& macros_;
  const TypeNames& names_;
  bound::Tree& tree_;
  Reporter& reporter_;
  std::map<std::string, bound::Map*, std::less<>> maps_;
  std::deque<bound::Scope> scopes_;
  std::deque<bound::Frame> frames_;
  bound::Stmt* unit_ = nullptr;  // the statement being bound
  uint32_t sequence_ = 0;
  size_t depth_ = 0;
  size_t first_node_ = 0;    // nodes of the tree when the current program began
  bool over_limit_ = false;  // in the current program
  bool gave_up_ = false;
};

}  // namespace sonde::sema
