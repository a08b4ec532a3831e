// Makers of expressions.
#include <algorithm>

#include "parse/builder.h"
#include "parse/builder_node.h"
#include "parse/integer.h"
#include "parse/keywords.h"
#include "parse/literals.h"

namespace sonde::parse {

using diag::Id;

namespace {

uint32_t height_of_all(const std::vector<const ast::Expr*>& exprs) {
  uint32_t height = 0;
  for (const ast::Expr* expr : exprs) height = std::max(height, expr->height);
  return height;
}

bool is_variable_or_map(const ast::Expr* expr) {
  return expr->kind == ast::ExprKind::variable || expr->kind == ast::ExprKind::map;
}

}  // namespace

Builder::Expr Builder::int_literal(Range range) { return node<ast::IntLiteral>(range, 0, integer(range), text(range)); }

Builder::Expr Builder::string_literal(Range range) { return node<ast::StringLiteral>(range, 0, string_value(range)); }

Builder::Expr Builder::bool_literal(Range range, bool value) { return node<ast::BoolLiteral>(range, 0, value); }

Builder::Expr Builder::identifier(Range range) { return node<ast::Identifier>(range, 0, text(range)); }

Builder::Expr Builder::variable(Range range) { return node<ast::Variable>(range, 0, text(range)); }

Builder::Expr Builder::map(Range range) { return node<ast::Map>(range, 0, text(range), range); }

Builder::Expr Builder::keyed_map(Range range, Range name, std::vector<Expr> keys) {
  const uint32_t below = height_of_all(keys);
  return node<ast::Map>(range, below, text(name), name, true, std::move(keys));
}

Builder::Expr Builder::positional(Range range) {
  const std::string_view lexeme = sources_.text(range);
  uint64_t number = 0;
  bool fits = true;
  for (const char digit : lexeme.substr(1)) {
    fits = fits && !__builtin_mul_overflow(number, uint64_t{10}, &number);
    fits = fits && !__builtin_add_overflow(number, static_cast<uint64_t>(digit - '0'), &number);
  }
  if (!fits || number == 0 || number > INT64_MAX) diagnostics_.emit<Id::syntax_positional_range>(range, lexeme);
  return node<ast::Positional>(range, 0, number);
}

Builder::Expr Builder::positional_count(Range range) { return node<ast::PositionalCount>(range, 0); }

Builder::Expr Builder::group(Expr inner) {
  last_group_ = inner;
  return inner;
}

Builder::Expr Builder::tuple(Range range, std::vector<Expr> elements) {
  const uint32_t below = height_of_all(elements);
  return node<ast::Tuple>(range, below, std::move(elements));
}

Builder::Expr Builder::tuple(Range range, Expr first, std::vector<Expr> rest) {
  rest.insert(rest.begin(), first);
  return tuple(range, std::move(rest));
}

void Builder::add_field(std::vector<ast::Record::Field>& fields, Range name, Expr value) {
  fields.push_back({text(name), name, value});
}

Builder::Expr Builder::record(Range range, std::vector<ast::Record::Field> fields) {
  uint32_t below = 0;
  for (const ast::Record::Field& field : fields) below = std::max(below, field.value->height);
  // Sorted copies: a record of thousands of fields must not take quadratic time.
  std::vector<const ast::Record::Field*> sorted;
  sorted.reserve(fields.size());
  for (const ast::Record::Field& field : fields) sorted.push_back(&field);
  std::ranges::stable_sort(sorted, {},
                           [](const ast::Record::Field* field) -> const std::string& { return field->name; });
  for (size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i]->name == sorted[i - 1]->name)
      diagnostics_.emit<Id::syntax_duplicate_field>(sorted[i]->name_range, sorted[i]->name);
  return node<ast::Record>(range, below, std::move(fields));
}

Builder::Expr Builder::cast(Range range, const ast::Type* type, Expr operand) {
  return node<ast::Cast>(range, std::max(height_of(type), height_of(operand)), type, operand);
}

Builder::Expr Builder::unary(Range range, ast::UnaryOp op, Expr operand) {
  return node<ast::Unary>(range, height_of(operand), op, operand);
}

Builder::Expr Builder::inc_dec(Range range, Range op_range, bool increment, bool prefix, Expr target) {
  // Of a chain only the innermost is told.
  const auto* inner = ast::expr_cast<ast::IncDec>(target);
  const bool told = inner && !is_variable_or_map(inner->target);
  if (!is_variable_or_map(target) && !told) {
    diag::Diagnostic& diagnostic = diagnostics_.emit<Id::syntax_inc_dec>(op_range);
    if (const auto* name = ast::expr_cast<ast::Identifier>(target); name && !is_builtin_name(name->name))
      diagnostic.hints.push_back("variables begin with a `$`: `$" + name->name + "`");
  }
  return node<ast::IncDec>(range, height_of(target), increment, prefix, target);
}

Builder::Expr Builder::address_of(Range range, Expr target) {
  const auto* map = ast::expr_cast<ast::Map>(target);
  if (!is_variable_or_map(target) || (map && map->keyed)) diagnostics_.emit<Id::syntax_address_of>(range);
  return node<ast::AddressOf>(range, height_of(target), target);
}

Builder::Expr Builder::binary(Range range, ast::BinaryOp op, Range op_range, Expr left, Expr right) {
  return node<ast::Binary>(range, std::max(height_of(left), height_of(right)), op, op_range, left, right);
}

Builder::Expr Builder::ternary(Range range, Expr condition, Expr then_value, Expr else_value) {
  const uint32_t below = std::max({height_of(condition), height_of(then_value), height_of(else_value)});
  return node<ast::Ternary>(range, below, condition, then_value, else_value);
}

Builder::Expr Builder::field(Range range, Expr base, Range name) {
  return node<ast::Field>(range, height_of(base), base, text(name), name);
}

Builder::Expr Builder::tuple_index(Range range, Expr base, Range index) {
  return node<ast::TupleIndex>(range, height_of(base), base, integer(index));
}

Builder::Expr Builder::index(Range range, Expr base, Expr index) {
  return node<ast::Index>(range, std::max(height_of(base), height_of(index)), base, index);
}

Builder::Expr Builder::call(Range range, Range name, std::vector<Expr> arguments) {
  const uint32_t below = height_of_all(arguments);
  return node<ast::Call>(range, below, text(name), name, std::move(arguments));
}

Builder::Expr Builder::if_expr(Range range, Expr condition, Block then_block, Expr else_branch) {
  const uint32_t below = std::max({height_of(condition), then_block->height, height_of(else_branch)});
  return node<ast::If>(range, below, condition, then_block, else_branch);
}

Builder::Expr Builder::block_expr(Block block) { return node<ast::BlockExpr>(block->range, block->height, block); }

Builder::Expr Builder::size_of(Range range, ast::TypeOrExpr operand) {
  return node<ast::Sizeof>(range, height_of(operand), operand);
}

Builder::Expr Builder::type_info(Range range, ast::TypeOrExpr operand) {
  return node<ast::Typeinfo>(range, height_of(operand), operand);
}

Builder::Expr Builder::offset_of(Range range, ast::TypeOrExpr operand, std::vector<std::string> path) {
  return node<ast::Offsetof>(range, height_of(operand), operand, std::move(path));
}

Builder::Expr Builder::typeof_argument(Range range, ast::TypeOrExpr operand) {
  return node<ast::TypeofArg>(range, height_of(operand), operand);
}

Builder::Expr Builder::comptime(Range range, Expr operand) {
  return node<ast::Comptime>(range, height_of(operand), operand);
}

}  // namespace sonde::parse
