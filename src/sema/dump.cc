// The typed program as text: one statement a line, expressions in prefix form with their types.
#include "base/check.h"
#include "sema/typed_program.h"

namespace sonde::sema {
namespace {

const char* name(BinaryOp op) {
  constexpr const char* kNames[] = {"+",  "-",  "*",  "/",  "%", "&",  "|", "^",
                                    "<<", ">>", "==", "!=", "<", "<=", ">", ">="};
  return kNames[static_cast<size_t>(op)];
}

const char* name(UnaryOp op) {
  switch (op) {
    case UnaryOp::negate: return "-";
    case UnaryOp::bit_not: return "~";
    case UnaryOp::logical_not: return "!";
  }
  SONDE_UNREACHABLE();
}

const char* name(CastKind kind) {
  constexpr const char* kNames[] = {"integer",         "to_bool",      "pointer",      "string_address",
                                    "string_capacity", "int_to_array", "array_to_int", "string_to_array",
                                    "members",         "username"};
  return kNames[static_cast<size_t>(kind)];
}

const char* name(JumpKind jump) {
  switch (jump) {
    case JumpKind::break_jump: return "break";
    case JumpKind::continue_jump: return "continue";
    case JumpKind::return_jump: return "return";
  }
  SONDE_UNREACHABLE();
}

std::string quoted(const std::string& bytes) {
  constexpr const char* digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += std::string("\\") + c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += std::string("\\x") + digits[byte >> 4] + digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string typed(const Expr& expr) {
  std::string text = ":" + types::printed(expr.type);
  if (expr.type->kind == types::Kind::pointer) {
    if (expr.type->space == types::Space::kernel) text += "(kernel)";
    if (expr.type->space == types::Space::user) text += "(user)";
  }
  return text;
}

class Dumper {
 public:
  std::string run(const TypedProgram& program);

 private:
  void line(const std::string& text) { out_ += std::string(2 * depth_, ' ') + text + '\n'; }
  void block(const Block& block) {
    ++depth_;
    for (const Stmt* stmt : block.statements) statement(*stmt);
    --depth_;
  }
  void statement(const Stmt& stmt);
  std::string text(const Expr* expr);
  std::string constant(const Constant& node);
  std::string conditional(const Conditional& node);
  std::string nested(const BlockExpr& node);
  std::string field(const Field& node);
  std::string tuple(const TupleMake& node);
  std::string all(const std::vector<const Expr*>& list);
  static std::string keyed(const std::string& map, const std::string& key) {
    return key.empty() ? map : map + "[" + key + "]";
  }
  std::string entry(const Map* map, const Expr* key) { return keyed(map->name, key ? text(key) : ""); }

  std::string out_;
  size_t depth_ = 0;
};

std::string Dumper::run(const TypedProgram& program) {
  for (const Map& map : program.maps) {
    std::string text =
        "map " + map.name + (map.key ? "[" + types::printed(map.key) + "]" : "") + ": " + types::printed(map.value);
    if (map.declared_kind) text += " " + *map.declared_kind + "(" + std::to_string(*map.declared_entries) + ")";
    line(text);
  }
  for (const ScriptOption& option : program.options)
    line("option " + option.name + " default " + quoted(option.default_text) + " " + quoted(option.description));
  for (const Program& each : program.programs) {
    line("program " + each.probe.full_name + (each.probe.label.empty() ? "" : " label " + each.probe.label));
    ++depth_;
    for (const Variable& variable : each.variables)
      line("variable " + variable.name + ": " + types::printed(variable.type));
    if (each.predicate) {
      const std::string predicate = text(each.predicate);
      line("predicate " + predicate);
    }
    line("body");
    block(each.body);
    --depth_;
  }
  return std::move(out_);
}

void Dumper::statement(const Stmt& stmt) {
  switch (stmt.kind) {
    case StmtKind::declare: return line("declare " + as<Declare>(stmt).variable->name);
    case StmtKind::assign_variable: {
      const auto& node = as<AssignVariable>(stmt);
      const std::string value = text(node.value);
      return line(node.variable->name + " = " + value);
    }
    case StmtKind::assign_map: {
      const auto& node = as<AssignMap>(stmt);
      const std::string value = text(node.value);
      return line(entry(node.map, node.key) + " = " + value);
    }
    case StmtKind::update_map: {
      const auto& node = as<UpdateMap>(stmt);
      const std::string value = text(node.value);
      return line(entry(node.map, node.key) + " " + name(node.op) + "= " + value);
    }
    case StmtKind::update_aggregate: {
      const auto& node = as<UpdateAggregate>(stmt);
      return line(entry(node.map, node.key) + " <- " + text(node.call));
    }
    case StmtKind::expression: {
      const std::string value = text(as<Expression>(stmt).value);
      return line(value);
    }
    case StmtKind::for_range: {
      const auto& node = as<ForRange>(stmt);
      line("for " + node.variable->name + " in " + text(node.begin) + " .. " + text(node.end));
      return block(node.body);
    }
    case StmtKind::for_map: {
      const auto& node = as<ForMap>(stmt);
      line("for " + node.variable->name + " in " + node.map->name);
      return block(node.body);
    }
    case StmtKind::while_loop: {
      line("while " + text(as<While>(stmt).condition));
      return block(as<While>(stmt).body);
    }
    case StmtKind::unroll: {
      line("unroll " + std::to_string(as<Unroll>(stmt).count));
      return block(as<Unroll>(stmt).body);
    }
    case StmtKind::jump: {
      const auto& node = as<Jump>(stmt);
      return line(std::string(name(node.jump)) + (node.value ? " " + text(node.value) : ""));
    }
  }
}

std::string Dumper::constant(const Constant& node) {
  if (node.type->kind == types::Kind::boolean) return node.bits ? "true" : "false";
  const bool is_signed = node.type->kind == types::Kind::integer && node.type->is_signed;
  return (is_signed ? std::to_string(static_cast<int64_t>(node.bits)) : std::to_string(node.bits)) + typed(node);
}

std::string Dumper::all(const std::vector<const Expr*>& list) {
  std::string out;
  for (const Expr* each : list) out += (out.empty() ? "" : ", ") + text(each);
  return out;
}

// Code inside an expression stands in the lines below, one level deeper than the statement it belongs to.
std::string Dumper::nested(const BlockExpr& node) {
  std::string inner;
  std::swap(inner, out_);
  block(node.block);
  ++depth_;
  if (node.value) {
    const std::string value = text(node.value);
    line("value " + value);
  }
  --depth_;
  std::swap(inner, out_);
  return "{\n" + inner + std::string(2 * depth_, ' ') + "}";
}

std::string Dumper::conditional(const Conditional& node) {
  return "if " + text(node.condition) + " then " + text(node.then_value) +
         (node.else_value ? " else " + text(node.else_value) : "") +
         (node.type->kind == types::Kind::void_type ? "" : typed(node));
}

std::string Dumper::field(const Field& node) {
  std::string path;
  for (const types::CField* each : node.path)
    if (!each->name.empty()) path += "." + each->name;
  return text(node.base) + path + typed(node);
}

std::string Dumper::tuple(const TupleMake& node) {
  std::string out = "(" + all(node.elements) + ")";
  if (node.type->kind == types::Kind::record) out += typed(node);
  return out;
}

std::string Dumper::text(const Expr* expr) {
  switch (expr->kind) {
    case ExprKind::constant: return constant(as<Constant>(*expr));
    case ExprKind::text: return quoted(as<Text>(*expr).bytes) + typed(*expr);
    case ExprKind::variable: return as<VariableRead>(*expr).variable->name;
    case ExprKind::map_read: return entry(as<MapRead>(*expr).map, as<MapRead>(*expr).key) + typed(*expr);
    case ExprKind::map_ref: return "map " + as<MapRef>(*expr).map->name;
    case ExprKind::call: {
      const auto& node = as<Call>(*expr);
      return std::string(node.row->name) + "(" + all(node.arguments) + ")" + typed(*expr);
    }
    case ExprKind::c_call: {
      const auto& node = as<CCall>(*expr);
      return node.function->name + "(" + all(node.arguments) + ")" + typed(*expr);
    }
    case ExprKind::unary: return std::string(name(as<Unary>(*expr).op)) + text(as<Unary>(*expr).operand) + typed(*expr);
    case ExprKind::binary: {
      const auto& node = as<Binary>(*expr);
      return "(" + text(node.left) + " " + name(node.op) + " " + text(node.right) + ")" + typed(*expr);
    }
    case ExprKind::logical: {
      const auto& node = as<Logical>(*expr);
      return "(" + text(node.left) + (node.is_and ? " && " : " || ") + text(node.right) + ")";
    }
    case ExprKind::pointer_add: {
      const auto& node = as<PointerAdd>(*expr);
      return "(" + text(node.pointer) + (node.subtract ? " - " : " + ") + text(node.index) + " * " +
             std::to_string(node.scale) + ")" + typed(*expr);
    }
    case ExprKind::conditional: return conditional(as<Conditional>(*expr));
    case ExprKind::block: return nested(as<BlockExpr>(*expr));
    case ExprKind::cast: {
      const auto& node = as<Cast>(*expr);
      return std::string("cast ") + name(node.cast) + " <" + types::printed(node.type) + ">(" + text(node.operand) +
             ")";
    }
    case ExprKind::field: return field(as<Field>(*expr));
    case ExprKind::dereference: return "*" + text(as<Dereference>(*expr).pointer) + typed(*expr);
    case ExprKind::element:
      return text(as<Element>(*expr).base) + "." + std::to_string(as<Element>(*expr).index) + typed(*expr);
    case ExprKind::index: return text(as<Index>(*expr).base) + "[" + text(as<Index>(*expr).index) + "]" + typed(*expr);
    case ExprKind::tuple: return tuple(as<TupleMake>(*expr));
    case ExprKind::address_of: return "&" + as<AddressOf>(*expr).variable->name;
    case ExprKind::increment: {
      const auto& node = as<Increment>(*expr);
      const std::string target = node.variable ? node.variable->name : entry(node.map, node.key);
      const std::string op =
          std::string(node.increment ? "++" : "--") + (node.step == 1 ? "" : "*" + std::to_string(node.step));
      return (node.prefix ? op + target : target + op) + typed(*expr);
    }
    case ExprKind::context_args: return "args";
    case ExprKind::context_arg: return "arg" + std::to_string(as<ContextArg>(*expr).number) + typed(*expr);
    case ExprKind::context_retval: return "retval" + typed(*expr);
    case ExprKind::context_pointer: return "ctx" + typed(*expr);
  }
  SONDE_UNREACHABLE();
}

}  // namespace

std::string dump(const TypedProgram& program) { return Dumper().run(program); }

}  // namespace sonde::sema
