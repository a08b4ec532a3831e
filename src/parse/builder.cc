// Makers of top-level items, statements and types; those of expressions are in builder_expr.cc.
#include "parse/builder.h"

#include <algorithm>

#include "parse/builder_node.h"
#include "parse/keywords.h"
#include "parse/literals.h"

namespace sonde::parse {

using diag::Id;

uint32_t Builder::height_above(Range range, uint32_t below) {
  if (below < max_height) return below + 1;
  if (!too_deep_) diagnostics_.emit<Id::syntax_too_deep>(range);
  too_deep_ = true;
  return 1;  // one report: what lies above starts anew
}

std::string Builder::string_value(Range range) {
  return parse::string_value(sources_.text(range), range, diagnostics_);
}

// --- top level -------------------------------------------------------------------------------------------------------

void Builder::c_item(Range range) {
  if (in_items_ || has_config_ || !program_.imports.empty()) {
    const std::string_view item = sources_.text(range);
    const auto word = static_cast<uint32_t>(item[0] == '#' ? 1 : item.find_first_of(" \t\r\n({[/"));
    diagnostics_.emit<Id::syntax_late_c_definition>(
        {range.buffer, range.begin, std::min(range.end, range.begin + word)});
    return;
  }
  program_.c_items.push_back({range, text(range)});
}

void Builder::config_assign(Range key, Range value, ConfigToken token) {
  ast::ConfigAssign assign{source::cover(key, value), text(key), key, {}, {}, 0, value};
  switch (token) {
    case ConfigToken::string:
      assign.value_kind = ast::ConfigAssign::ValueKind::text;
      assign.value = string_value(value);
      break;
    case ConfigToken::integer: {
      assign.value_kind = ast::ConfigAssign::ValueKind::integer;
      assign.value = text(value);
      diag::Diagnostics details;  // one text stands for all that can be wrong with a number here
      assign.integer = integer_value(assign.value, value, details);
      if (!details.ok()) diagnostics_.emit<Id::syntax_config_integer>(value);
      break;
    }
    case ConfigToken::word:
      assign.value = text(value);
      assign.value_kind = assign.value == "true" || assign.value == "false" ? ast::ConfigAssign::ValueKind::boolean
                                                                            : ast::ConfigAssign::ValueKind::word;
      break;
  }
  config_assigns_.push_back(std::move(assign));
}

void Builder::config(Range keyword, Range range) {
  std::vector<ast::ConfigAssign> assigns = std::exchange(config_assigns_, {});
  if (in_items_) {
    diagnostics_.emit<Id::syntax_late_config>(keyword);
    return;
  }
  if (has_config_) {
    diagnostics_.emit<Id::syntax_duplicate_config>(keyword);
    return;
  }
  has_config_ = true;
  program_.config = std::move(assigns);
  program_.config_range = range;
}

void Builder::root_import(Range keyword, Range path) {
  if (in_items_) {
    diagnostics_.emit<Id::syntax_late_import>(keyword);
    return;
  }
  program_.imports.push_back({source::cover(keyword, path), string_value(path)});
}

void Builder::map_decl(Range range, Range name, Range kind, Range entries) {
  in_items_ = true;
  const uint64_t most = integer(entries);
  // The kernel counts them in 32 bits.
  if (most == 0 || most > UINT32_MAX) diagnostics_.emit<Id::syntax_expected_map_entries>(entries);
  program_.map_decls.push_back(arena_.make<ast::MapDecl>(range, text(name), name, text(kind), kind, most));
}

void Builder::macro(Range range, Range name, std::vector<ast::MacroParam> params, Block body) {
  in_items_ = true;
  program_.macros.push_back(arena_.make<ast::Macro>(range, text(name), name, std::move(params), body));
}

void Builder::function(Range range, Range name) {
  in_items_ = true;
  program_.functions.push_back(arena_.make<ast::Function>(range, text(name), name));
}

void Builder::probe(Range range, std::vector<ast::AttachPoint> attach_points, Expr predicate, Block body) {
  in_items_ = true;
  program_.probes.push_back(arena_.make<ast::Probe>(range, std::move(attach_points), predicate, body));
}

ast::MacroParam Builder::macro_param(ast::ParamKind kind, Range range) {
  std::string name = text(range);
  if (kind == ast::ParamKind::expression && is_builtin_name(name))
    diagnostics_.emit<Id::syntax_builtin_macro_param>(range, name);
  return {kind, std::move(name), range};
}

// --- blocks and statements -------------------------------------------------------------------------------------------

void Builder::close_tail(Body& body) {
  if (!body.open_tail) return;
  Stmt tail = expression_statement(std::exchange(body.open_tail, nullptr));
  body.statements.push_back(tail);
  body.height = std::max(body.height, tail->height);
}

Body Builder::append(Body body, Stmt statement) {
  close_tail(body);
  body.statements.push_back(statement);
  body.height = std::max(body.height, statement->height);
  return body;
}

Body Builder::append_open(Body body, Expr block_like) {
  close_tail(body);
  body.open_tail = block_like;
  return body;
}

ast::Block Builder::block(Body body) {
  const uint32_t tail = body.open_tail ? body.open_tail->height : 0;
  return {{}, std::move(body.statements), body.open_tail, std::max(body.height, tail)};
}

ast::Block Builder::block(Body body, Stmt last) { return block(append(std::move(body), last)); }

ast::Block Builder::block(Body body, Expr value) {
  close_tail(body);
  return {{}, std::move(body.statements), value, std::max(body.height, value->height)};
}

Builder::Block Builder::closed(Range range, ast::Block block) {
  block.range = range;
  block.height = height_above(range, block.height);
  return arena_.make<ast::Block>(std::move(block));
}

Builder::Stmt Builder::expression_statement(Expr expr) {
  return statement<ast::ExprStmt>(expr->range, height_of(expr), expr);
}

Builder::Stmt Builder::import_statement(Range range, Range path) {
  return statement<ast::ImportStmt>(range, 0, string_value(path));
}

Builder::Stmt Builder::jump(Range range, ast::JumpKind kind, Expr value) {
  return statement<ast::Jump>(range, height_of(value), kind, value);
}

Builder::Stmt Builder::discard(Range range, Expr value) {
  return statement<ast::Discard>(range, height_of(value), value);
}

Builder::Stmt Builder::let(Range range, Expr variable, const ast::Type* type, Expr value) {
  const uint32_t below = std::max(height_of(type), height_of(value));
  return statement<ast::Let>(range, below, ast::expr_cast<ast::Variable>(variable), type, value);
}

void Builder::reject_assignment(Expr target, Range op_range) {
  Expr root = target;
  bool through_index = false;
  while (root != last_group_) {
    if (const auto* field = ast::expr_cast<ast::Field>(root)) {
      root = field->base;
    } else if (const auto* element = ast::expr_cast<ast::TupleIndex>(root)) {
      root = element->base;
    } else if (const auto* index = ast::expr_cast<ast::Index>(root)) {
      root = index->base;
      through_index = true;
    } else {
      break;
    }
  }
  const bool named = root->kind == ast::ExprKind::variable || root->kind == ast::ExprKind::map;
  if (!named || root == last_group_) {
    diag::Diagnostic& diagnostic =
        diagnostics_.emit<Id::syntax_expected_token>({op_range.buffer, op_range.begin, op_range.begin + 1}, ";");
    if (const auto* name = ast::expr_cast<ast::Identifier>(target))
      diagnostic.hints.push_back(is_builtin_name(name->name) ? "`" + name->name + "` is read-only"
                                                             : "variables begin with a `$`: `$" + name->name + "`");
    const auto* unary = ast::expr_cast<ast::Unary>(target);
    if (unary && unary->op == ast::UnaryOp::dereference)
      diagnostic.hints.push_back("memory is only read; variables and maps are what can be assigned");
  } else if (target->kind == ast::ExprKind::index || through_index) {
    diagnostics_.emit<Id::syntax_assignment_target>(target->range);
  } else {
    diagnostics_.emit<Id::syntax_immutable>(target->range);
  }
}

Builder::Stmt Builder::assign(Range range, Expr target, Range op_range, std::optional<ast::BinaryOp> op, Expr value) {
  const bool named = target->kind == ast::ExprKind::variable || target->kind == ast::ExprKind::map;
  if (!named || target == last_group_) reject_assignment(target, op_range);
  return statement<ast::Assign>(range, std::max(height_of(target), height_of(value)), target, op, value);
}

Builder::Stmt Builder::while_loop(Range range, Expr condition, Block body) {
  return statement<ast::While>(range, std::max(height_of(condition), body->height), condition, body);
}

Builder::Stmt Builder::unroll(Range range, Expr count, Block body) {
  return statement<ast::Unroll>(range, std::max(height_of(count), body->height), count, body);
}

Builder::Stmt Builder::for_loop(Range range, Expr variable, LoopSource over, Block body) {
  const uint32_t below = std::max({height_of(over.begin), height_of(over.end), body->height});
  return statement<ast::For>(range, below, ast::expr_cast<ast::Variable>(variable), ast::expr_cast<ast::Map>(over.map),
                             over.begin, over.end, body);
}

// --- types -----------------------------------------------------------------------------------------------------------

const ast::Type* Builder::type(Range range, ast::TypeTag tag, Range name, std::vector<ast::Type::Suffix> suffixes) {
  return arena_.make<ast::Type>(range, tag, text(name), std::move(suffixes));
}

const ast::Type* Builder::typeof_type(Range range, ast::TypeOrExpr operand) {
  ast::Type type{.range = range, .type_of = operand, .height = height_above(range, height_of(operand))};
  return arena_.make<ast::Type>(std::move(type));
}

uint64_t Builder::integer(Range range) { return integer_value(sources_.text(range), range, diagnostics_); }

}  // namespace sonde::parse
