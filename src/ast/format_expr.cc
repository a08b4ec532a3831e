// One-line forms first; what is too wide is then broken at the outermost list.
#include "ast/format_expr.h"

#include <algorithm>
#include <cstdio>
#include <functional>

#include "ast/spelling.h"

namespace sonde::ast {
namespace {

std::string list_of(const std::vector<const Expr*>& items) {
  std::string out;
  for (const Expr* item : items) out += (out.empty() ? "" : ", ") + flat(*item);
  return out;
}

std::string type_or_expr(const TypeOrExpr& what) {
  if (what.type) return flat(*what.type);
  // `name[2]` would be an array type here.
  const auto* index = expr_cast<Index>(what.expr);
  if (index && index->base->kind == ExprKind::identifier)
    return "(" + flat(*index->base) + ")[" + flat(*index->index) + "]";
  return flat(*what.expr);
}

bool is_logical(BinaryOp op) { return op == BinaryOp::logical_and || op == BinaryOp::logical_or; }
bool is_comparison(BinaryOp op) { return op >= BinaryOp::eq && op <= BinaryOp::ge; }

// The operands of `a && b && c`, whichever way they were grouped.
void collect_chain(const Expr& expr, BinaryOp op, std::vector<const Expr*>& items) {
  const auto* binary = expr_cast<Binary>(&expr);
  if (binary && binary->op == op) {
    collect_chain(*binary->left, op, items);
    collect_chain(*binary->right, op, items);
  } else {
    items.push_back(&expr);
  }
}

std::string chain_item(const Expr& expr) {
  const auto* binary = expr_cast<Binary>(&expr);
  return binary && is_comparison(binary->op) ? flat(expr) : operand(expr);
}

std::string chain(const Binary& node) {
  std::vector<const Expr*> items;
  collect_chain(node, node.op, items);
  std::string out;
  for (const Expr* item : items)
    out += (out.empty() ? "" : " " + std::string(spelling(node.op)) + " ") + chain_item(*item);
  return out;
}

std::string name_and_keys(const Map& map, const std::string& keys) {
  return map.keyed ? map.name + "[" + keys + "]" : map.name;
}

// The key without the parentheses of a tuple of two or more.
const std::vector<const Expr*>& keys_of(const Map& map) {
  const auto* tuple = map.keys.size() == 1 ? expr_cast<Tuple>(map.keys.front()) : nullptr;
  return tuple && tuple->elements.size() > 1 ? tuple->elements : map.keys;
}

bool is_block(const Expr* expr) {
  return expr && (expr->kind == ExprKind::block_expr || expr->kind == ExprKind::if_expr);
}

std::string ternary(const Ternary& node) {
  const Expr& then_value = node.then_value ? *node.then_value : *node.condition;
  return operand(*node.condition) + " ? " + operand(then_value) + " : " + operand(*node.else_value);
}

std::string flat_if(const If& node) {
  std::string out = "if " + operand(*node.condition) + " " + flat(*node.then_block);
  if (node.else_branch) out += " else " + flat(*node.else_branch);
  return out;
}

// Items in lines: as many as fit in the last line, then in the one before it, and so on, so that breaks come early.
std::string filled(const std::vector<std::string>& items, std::string_view separator, size_t column, size_t behind) {
  std::vector<size_t> breaks;  // items that begin a line, last first
  size_t width = behind;
  for (size_t i = items.size(); i-- > 0;) {
    const size_t own = items[i].size() + (i + 1 < items.size() ? separator.size() : 0);
    if (column + width + own > kWidth && width > behind) {
      breaks.push_back(i + 1);
      width = separator.size() - 1;
    }
    width += own;
  }
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) {
    const bool starts_line = std::find(breaks.begin(), breaks.end(), i) != breaks.end();
    if (starts_line) {
      out.pop_back();  // the blank behind the separator
      out += "\n" + std::string(column, ' ');
    }
    out += items[i];
    if (i + 1 < items.size()) out += separator;
  }
  return out;
}

bool too_wide(const std::string& text, size_t column, size_t behind) {
  const size_t newline = text.rfind('\n');
  if (newline == std::string::npos) return column + text.size() + behind > kWidth;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const size_t width = end - start + (start == 0 ? column : 0) + (end == text.size() ? behind : 0);
    if (width > kWidth) return true;
    start = end + 1;
  }
  return false;
}

// `head(` items `)`: aligned behind the parenthesis, or else on lines of their own.
std::string broken_list(const std::string& head, const std::vector<const Expr*>& list, std::string_view close,
                        size_t column, size_t indent, size_t behind) {
  std::vector<std::string> items;
  for (const Expr* item : list) items.push_back(flat(*item));
  std::string aligned = head + filled(items, ", ", column + head.size(), behind + close.size()) + std::string(close);
  if (!too_wide(aligned, column, behind)) return aligned;
  const size_t inner = indent + kStep;
  return head + "\n" + std::string(inner, ' ') + filled(items, ", ", inner, 0) + "\n" + std::string(indent, ' ') +
         std::string(close);
}

}  // namespace

std::string quoted(const std::string& bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '\n': out += "\\n"; continue;
      case '\t': out += "\\t"; continue;
      case '\r': out += "\\r"; continue;
      case '\\': out += "\\\\"; continue;
      case '"': out += "\\\""; continue;
      default: break;
    }
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", byte);
      out += escape;
    }
  }
  return out + "\"";
}

bool is_primitive(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::int_literal:
    case ExprKind::string_literal:
    case ExprKind::bool_literal:
    case ExprKind::identifier:
    case ExprKind::variable:
    case ExprKind::map:
    case ExprKind::positional:
    case ExprKind::positional_count:
    case ExprKind::tuple:
    case ExprKind::record:
    case ExprKind::field:
    case ExprKind::tuple_index:
    case ExprKind::index:
    case ExprKind::call:
    case ExprKind::sizeof_expr:
    case ExprKind::offsetof_expr:
    case ExprKind::typeinfo_expr:
    case ExprKind::typeof_arg: return true;
    case ExprKind::unary: {
      const auto& node = static_cast<const Unary&>(expr);
      return node.op == UnaryOp::negate && node.operand->kind == ExprKind::int_literal;
    }
    case ExprKind::cast:
    case ExprKind::inc_dec:
    case ExprKind::address_of:
    case ExprKind::binary:
    case ExprKind::ternary:
    case ExprKind::if_expr:
    case ExprKind::block_expr:
    case ExprKind::comptime: return false;
  }
  return false;
}

std::string operand(const Expr& expr) { return is_primitive(expr) ? flat(expr) : "(" + flat(expr) + ")"; }

std::string flat(const Type& type) {
  return type.type_of ? "typeof(" + type_or_expr(*type.type_of) + ")" : spelling(type);
}

std::string flat(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::int_literal: return static_cast<const IntLiteral&>(expr).spelling;
    case ExprKind::string_literal: return quoted(static_cast<const StringLiteral&>(expr).value);
    case ExprKind::bool_literal: return static_cast<const BoolLiteral&>(expr).value ? "true" : "false";
    case ExprKind::identifier: return static_cast<const Identifier&>(expr).name;
    case ExprKind::variable: return static_cast<const Variable&>(expr).name;
    case ExprKind::map: {
      const auto& node = static_cast<const Map&>(expr);
      return name_and_keys(node, list_of(keys_of(node)));
    }
    case ExprKind::positional: return "$" + std::to_string(static_cast<const Positional&>(expr).number);
    case ExprKind::positional_count: return "$#";
    case ExprKind::tuple: {
      const auto& items = static_cast<const Tuple&>(expr).elements;
      return "(" + list_of(items) + (items.size() == 1 ? ",)" : ")");
    }
    case ExprKind::record: {
      std::string out;
      for (const Record::Field& field : static_cast<const Record&>(expr).fields)
        out += (out.empty() ? "" : ", ") + field.name + "=" + flat(*field.value);
      return "(" + out + ")";
    }
    case ExprKind::cast: {
      const auto& node = static_cast<const Cast&>(expr);
      return "(" + flat(*node.type) + ")" + operand(*node.operand);
    }
    case ExprKind::unary: {
      const auto& node = static_cast<const Unary&>(expr);
      const std::string inner = operand(*node.operand);
      // Two minus signs would be one operator.
      if (node.op == UnaryOp::negate && inner.starts_with('-')) return "-(" + inner + ")";
      return std::string(spelling(node.op)) + inner;
    }
    case ExprKind::inc_dec: {
      const auto& node = static_cast<const IncDec&>(expr);
      const std::string sign = node.increment ? "++" : "--";
      return node.prefix ? sign + flat(*node.target) : flat(*node.target) + sign;
    }
    case ExprKind::address_of: return "&" + flat(*static_cast<const AddressOf&>(expr).target);
    case ExprKind::binary: {
      const auto& node = static_cast<const Binary&>(expr);
      if (is_logical(node.op)) return chain(node);
      return operand(*node.left) + " " + std::string(spelling(node.op)) + " " + operand(*node.right);
    }
    case ExprKind::ternary: {
      const auto& node = static_cast<const Ternary&>(expr);
      if (!is_block(node.then_value) && !is_block(node.else_value)) return ternary(node);
      const auto branch = [](const Expr* value) { return is_block(value) ? flat(*value) : "{ " + flat(*value) + " }"; };
      return "if " + operand(*node.condition) + " " + branch(node.then_value ? node.then_value : node.condition) +
             " else " + branch(node.else_value);
    }
    case ExprKind::field: {
      const auto& node = static_cast<const Field&>(expr);
      return operand(*node.base) + "." + node.name;
    }
    case ExprKind::tuple_index: {
      const auto& node = static_cast<const TupleIndex&>(expr);
      return operand(*node.base) + "." + std::to_string(node.index);
    }
    case ExprKind::index: {
      const auto& node = static_cast<const Index&>(expr);
      return operand(*node.base) + "[" + flat(*node.index) + "]";
    }
    case ExprKind::call: {
      const auto& node = static_cast<const Call&>(expr);
      return node.name + "(" + list_of(node.arguments) + ")";
    }
    case ExprKind::if_expr: return flat_if(static_cast<const If&>(expr));
    case ExprKind::block_expr: return flat(*static_cast<const BlockExpr&>(expr).block);
    case ExprKind::sizeof_expr: return "sizeof(" + type_or_expr(static_cast<const Sizeof&>(expr).operand) + ")";
    case ExprKind::offsetof_expr: {
      const auto& node = static_cast<const Offsetof&>(expr);
      std::string path;
      for (const std::string& part : node.path) path += (path.empty() ? "" : ".") + part;
      return "offsetof(" + type_or_expr(node.operand) + ", " + path + ")";
    }
    case ExprKind::typeinfo_expr: return "typeinfo(" + type_or_expr(static_cast<const Typeinfo&>(expr).operand) + ")";
    case ExprKind::typeof_arg: return "typeof(" + type_or_expr(static_cast<const TypeofArg&>(expr).operand) + ")";
    case ExprKind::comptime: return "comptime " + operand(*static_cast<const Comptime&>(expr).operand);
  }
  return {};
}

AssignForm assign_form(const Assign& assign) {
  const std::string target = flat(*assign.target);
  if (assign.op) return {target, std::string(spelling(*assign.op)) + "=", assign.value};
  const auto* binary = expr_cast<Binary>(assign.value);
  const bool combines = binary && !is_logical(binary->op) && !is_comparison(binary->op);
  if (combines && flat(*binary->left) == target)
    return {target, std::string(spelling(binary->op)) + "=", binary->right};
  return {target, "=", assign.value};
}

LoopForm loop_form(const Stmt& stmt) {
  if (const auto* loop = stmt_cast<While>(&stmt)) return {"while " + operand(*loop->condition), loop->body};
  if (const auto* loop = stmt_cast<Unroll>(&stmt)) return {"unroll (" + flat(*loop->count) + ")", loop->body};
  const auto* loop = stmt_cast<For>(&stmt);
  if (!loop) return {};
  const auto bound = [](const Expr& end) {
    return end.kind == ExprKind::int_literal ? flat(end) : "(" + flat(end) + ")";
  };
  const std::string over = loop->map ? flat(*loop->map) : bound(*loop->begin) + ".." + bound(*loop->end);
  return {"for " + loop->variable->name + " : " + over, loop->body};
}

std::string flat(const Stmt& stmt) {
  switch (stmt.kind) {
    case StmtKind::import_stmt: return "import " + quoted(static_cast<const ImportStmt&>(stmt).path);
    case StmtKind::while_stmt:
    case StmtKind::unroll:
    case StmtKind::for_stmt: {
      const LoopForm loop = loop_form(stmt);
      // NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): these three kinds have a body.
      return loop.head + " " + flat(*loop.body);
    }
    case StmtKind::jump: {
      const auto& node = static_cast<const Jump&>(stmt);
      return std::string(spelling(node.jump)) + (node.value ? " " + flat(*node.value) : "");
    }
    case StmtKind::discard: return "_ = " + flat(*static_cast<const Discard&>(stmt).value);
    case StmtKind::let: {
      const auto& node = static_cast<const Let&>(stmt);
      return "let " + node.variable->name + (node.type ? " : " + flat(*node.type) : "") +
             (node.value ? " = " + flat(*node.value) : "");
    }
    case StmtKind::assign: {
      const AssignForm form = assign_form(static_cast<const Assign&>(stmt));
      return form.target + " " + form.op + " " + flat(*form.value);
    }
    case StmtKind::expr_stmt: return flat(*static_cast<const ExprStmt&>(stmt).value);
  }
  return {};
}

std::string flat(const Block& block) {
  if (block.statements.empty() && !block.value) return "{}";
  std::string out = "{ ";
  for (const Stmt* stmt : block.statements) out += flat(*stmt) + "; ";
  return out + (block.value ? flat(*block.value) + " " : "") + "}";
}

std::string laid_out(const Expr& expr, size_t column, size_t indent, size_t behind) {
  std::string line = flat(expr);
  if (column + line.size() + behind <= kWidth) return line;
  if (const auto* call = expr_cast<Call>(&expr); call && !call->arguments.empty())
    return broken_list(call->name + "(", call->arguments, ")", column, indent, behind);
  if (const auto* map = expr_cast<Map>(&expr); map && map->keyed)
    return broken_list(map->name + "[", keys_of(*map), "]", column, indent, behind);
  if (const auto* tuple = expr_cast<Tuple>(&expr); tuple && tuple->elements.size() > 1)
    return broken_list("(", tuple->elements, ")", column, indent, behind);
  if (const auto* binary = expr_cast<Binary>(&expr); binary && is_logical(binary->op)) {
    std::vector<const Expr*> operands;
    collect_chain(expr, binary->op, operands);
    std::vector<std::string> items;
    for (const Expr* item : operands) items.push_back(chain_item(*item));
    return filled(items, " " + std::string(spelling(binary->op)) + " ", column, behind);
  }
  const auto* choice = expr_cast<Ternary>(&expr);
  if (choice && !is_block(choice->then_value) && !is_block(choice->else_value)) {
    const std::string start = "\n" + std::string(indent + kStep, ' ');
    return operand(*choice->condition) + start + "? " +
           operand(choice->then_value ? *choice->then_value : *choice->condition) + start + ": " +
           operand(*choice->else_value);
  }
  return line;
}

}  // namespace sonde::ast
