// Types of bound expressions and statements: one set of rules, run silently while inference looks for a fixpoint and once
// more, aloud, when all types stand. Requires a bound tree. Guarantees after the final round without errors: every
// expression has its type, literals are folded, and every conversion that build.cc makes explicit is legal.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "sema/bound.h"
#include "sema/reporter.h"
#include "sema/rules.h"
#include "sema/sema.h"
#include "sema/type_names.h"

namespace sonde::sema {

class Typing {
 public:
  // `changed` is called when a slot got another type.
  Typing(const Inputs& inputs, const TypeNames& names, bound::Tree& tree, Reporter& reporter,
         std::function<void(bound::Slot&)> changed);

  // Inference: types one statement, without those in its blocks, and feeds what it assigns into slots. Reports nothing.
  void infer(bound::Stmt& stmt);
  // The literal that a comptime condition of `program` has now, if any.
  std::optional<bound::Literal> condition_of(bound::Program& program, bound::Conditional& conditional);
  // The final round: types all of a program in source order and reports.
  void check(bound::Program& program);

 private:
  template <diag::Id id, typename... Arguments>
  diag::Diagnostic& report(const bound::Expr& at, const Arguments&... arguments) {
    return reporter_.emit<id>(at.range, at.levels, arguments...);
  }
  template <diag::Id id, typename... Arguments>
  diag::Diagnostic& report(const bound::Stmt& at, const Arguments&... arguments) {
    return reporter_.emit<id>(at.range, at.levels, arguments...);
  }

  // check_stmt.cc
  void statement(bound::Stmt& stmt);
  void block(bound::Block& block);
  void assign_variable(bound::AssignVariable& assign);
  void let(bound::Let& let);
  void assign_map(bound::AssignMap& assign);
  void for_range(bound::ForRange& loop);
  void for_map(bound::ForMap& loop);
  TypeRef entry_type(const bound::Map& map);  // (key, value), once both have a type
  void unroll(bound::Unroll& unroll);
  void jump(bound::Jump& jump);
  bool loop_too_deep(const bound::Stmt& stmt);
  void loop_body(bound::Block& body);
  void check_variable_value(bound::Variable& variable, bound::Expr& value, const bound::Stmt& stmt);
  bool check_map_value(bound::Map& map, bound::Expr& value, const bound::Stmt& stmt);
  void check_aggregates(const bound::Map& map, TypeRef offered, const bound::Stmt& stmt);
  void map_key(bound::Map& map, bound::Expr& key, bool write);
  void merge(bound::Slot& slot, TypeRef offered);
  bool refused_by_lock(const std::string& name, const bound::Slot& slot, TypeRef type, const bound::Stmt& stmt);
  static bool leaves(const bound::Stmt& stmt);

  // check_expr.cc
  TypeRef expr(bound::Expr* expr);
  void discarded(const bound::Expr& expr);
  TypeRef dispatch(bound::Expr& expr);
  TypeRef variable(bound::VariableRef& ref);
  TypeRef map_access(bound::MapAccess& access);
  void undefined_map(source::Range range, bound::Levels levels, const bound::Map& map,
                     diag::Id id = diag::Id::undefined_map);
  TypeRef tuple(bound::Tuple& tuple);
  TypeRef conditional(bound::Conditional& node);
  TypeRef branches(bound::Conditional& node, TypeRef then_type, TypeRef else_type);
  TypeRef inc_dec(bound::IncDec& node);
  TypeRef address_of(bound::AddressOf& node);
  // Portable programs: warns of what depends on the layout of a kernel structure as a whole, which no relocation covers.
  void layout_matters(const bound::Expr& expr, TypeRef type);
  TypeRef type_query(bound::TypeQuery& query);
  TypeRef offset(bound::TypeQuery& query, TypeRef type);
  TypeRef context(bound::Context& context);
  TypeRef context_argument(bound::Context& context);
  TypeRef usdt_argument(bound::Context& context);
  TypeRef spec_type(const bound::TypeSpec& spec);
  bool condition(bound::Expr& expr);
  // A conversion that nobody wrote: warns when it may change the value.
  void implicit(const bound::Expr& expr, TypeRef to);

  // check_operator.cc
  TypeRef unary(bound::Unary& node);
  TypeRef binary(bound::Binary& node);
  TypeRef logical(bound::Binary& node);
  TypeRef comparison(bound::Binary& node, TypeRef left, TypeRef right);
  TypeRef arithmetic(bound::Binary& node, TypeRef left, TypeRef right);
  TypeRef pointer_arithmetic(bound::Binary& node, TypeRef left, TypeRef right);
  TypeRef dereference(bound::Unary& node, TypeRef type);
  TypeRef mismatch(bound::Binary& node, TypeRef left, TypeRef right);
  TypeRef operator_refused(bound::Binary& node, TypeRef left, TypeRef right);
  TypeRef folded(bound::Expr& node, const Folded& result);

  // check_access.cc
  TypeRef field(bound::Field& node);
  TypeRef c_field(bound::Field& node, const types::CRecord& record, types::Space space);
  TypeRef field_value(bound::Field& node, const types::CField& field, types::Space space);
  TypeRef no_field(bound::Field& node, const types::CRecord& record);
  TypeRef tuple_index(bound::TupleIndex& node);
  TypeRef index(bound::Index& node);
  bool check_index(bound::Index& node, TypeRef type);

  // check_cast.cc
  TypeRef cast(bound::Cast& node);
  TypeRef cast_to(bound::Cast& node, TypeRef from, TypeRef to);
  TypeRef cast_to_array(bound::Cast& node, TypeRef from, TypeRef to);
  TypeRef cast_to_enum(bound::Cast& node, TypeRef to);
  TypeRef cast_refused(bound::Cast& node, TypeRef from, TypeRef to);

  // Warns, once per program text, of a read from a pointer of which nobody knows where it points.
  void check_read(TypeRef pointer);

  // check_c_call.cc
  TypeRef c_call(bound::CCall& call);
  bool check_c_argument(bound::CCall& call, size_t index);

  // check_call.cc
  class CallEnvironment;
  TypeRef call(bound::Call& call);
  bool check_arity(bound::Call& call);
  bool check_availability(bound::Call& call);
  bool check_argument(bound::Call& call, size_t index);
  bool check_values(bound::Call& call);
  bool wrong_argument(bound::Call& call, TypeRef given, std::string_view wanted);
  void join_slots(bound::Call& call);

 public:
  // What a row's hooks see of an argument; used again by build.cc.
  builtins::Argument describe(const bound::Expr& argument, builtins::ParamKind kind);

 private:
  const Inputs& inputs_;
  const TypeNames& names_;
  types::TypeContext& types_;
  bound::Tree& tree_;
  Reporter& reporter_;
  std::function<void(bound::Slot&)> changed_;
  bound::Program* program_ = nullptr;
  bool final_ = false;
  bool member_follows_ = false;  // what is typed next is a way to a part of it and not a value itself
  uint32_t asking_ = 0;          // depth of operands that are asked for their type and never executed
  // Of the final round: loops around the current statement, copies that `unroll` makes of it, and statements so far.
  uint32_t loops_ = 0;
  uint64_t copies_ = 1;
  uint32_t deepest_ = 0;                 // loops within the innermost `unroll` at hand, and those in these
  uint64_t length_ = 0;                  // statements of its body, where those that become loops count once
  std::vector<bound::Unroll*> unrolls_;  // around the current statement, within the same loop
  uint64_t statements_ = 0;
};

// The map_key parameter's kind of a row's argument, `any` behind the last parameter.
builtins::ParamKind param_kind(const builtins::Builtin& row, size_t index);

}  // namespace sonde::sema
