// The tree as indented text. Ranges are left out on purpose: a golden should change when the structure does, not when a
// blank is added.
#include <string>
#include <string_view>

#include "ast/ast.h"
#include "ast/spelling.h"
#include "base/check.h"

namespace sonde::ast {
namespace {

std::string quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

class Dumper {
 public:
  std::string run(const Program& program);

 private:
  void line(std::string_view text) {
    out_.append(2 * depth_, ' ');
    out_ += text;
    out_ += '\n';
  }
  // Writes a heading and what `children` writes below it.
  template <typename Children>
  void node(std::string_view text, Children children) {
    line(text);
    ++depth_;
    children();
    --depth_;
  }
  template <typename List>
  void all(const List& list) {
    for (const auto* item : list) write(item);
  }

  void write(const Expr* expr);
  void write(const Stmt* stmt);
  void write_loop(const For& loop);
  void write(std::string_view heading, const Block* block);
  void write(const TypeOrExpr& operand);
  void write(const Type* type);
  void write_operand(std::string_view heading, const TypeOrExpr& operand) {
    node(heading, [&] { write(operand); });
  }
  void named(std::string_view heading, const Expr* expr) {
    node(heading, [&] { write(expr); });
  }
  bool write_leaf(const Expr* expr);
  bool write_operator(const Expr* expr);
  bool write_access(const Expr* expr);
  void write_control(const Expr* expr);
  void write(const ConfigAssign& assign);
  void write(const Probe& probe);
  void write(const Macro& macro);

  std::string out_;
  size_t depth_ = 0;
};

std::string Dumper::run(const Program& program) {
  for (const CItem& item : program.c_items) line("c " + quoted(item.text));
  if (program.config_range) {
    node("config", [&] {
      for (const ConfigAssign& assign : program.config) write(assign);
    });
  }
  for (const RootImport& import : program.imports) line("import " + quoted(import.path));
  for (const MapDecl* decl : program.map_decls)
    line("map_decl " + decl->name + " " + decl->kind + " " + std::to_string(decl->max_entries));
  for (const Macro* macro : program.macros) write(*macro);
  for (const Function* function : program.functions) line("function " + function->name);
  for (const Probe* probe : program.probes) write(*probe);
  return std::move(out_);
}

void Dumper::write(const ConfigAssign& assign) {
  switch (assign.value_kind) {
    case ConfigAssign::ValueKind::text: return line(assign.key + " = text " + quoted(assign.value));
    case ConfigAssign::ValueKind::word: return line(assign.key + " = word " + assign.value);
    case ConfigAssign::ValueKind::boolean: return line(assign.key + " = bool " + assign.value);
    case ConfigAssign::ValueKind::integer:
      return line(assign.key + " = int " + assign.value + " (" + std::to_string(assign.integer) + ")");
  }
}

void Dumper::write(const Macro& macro) {
  node("macro " + macro.name, [&] {
    for (const MacroParam& param : macro.params) line("param " + param.name);
    write("body", macro.body);
  });
}

void Dumper::write(const Probe& probe) {
  node("probe", [&] {
    for (const AttachPoint& point : probe.attach_points) line("attach " + quoted(point.text));
    if (probe.predicate) named("predicate", probe.predicate);
    write("body", probe.body);
  });
}

void Dumper::write(std::string_view heading, const Block* block) {
  node(heading, [&] {
    all(block->statements);
    if (block->value) named("value", block->value);
  });
}

void Dumper::write(const Type* type) {
  if (type->type_of) return write_operand("type typeof", *type->type_of);
  line("type " + spelling(*type));
}

void Dumper::write(const TypeOrExpr& operand) {
  if (operand.type) return write(operand.type);
  write(operand.expr);
}

void Dumper::write(const Stmt* stmt) {
  switch (stmt->kind) {
    case StmtKind::import_stmt: return line("import " + quoted(stmt_cast<ImportStmt>(stmt)->path));
    case StmtKind::while_stmt: {
      const auto* loop = stmt_cast<While>(stmt);
      return node("while", [&] {
        write(loop->condition);
        write("body", loop->body);
      });
    }
    case StmtKind::unroll: {
      const auto* loop = stmt_cast<Unroll>(stmt);
      return node("unroll", [&] {
        write(loop->count);
        write("body", loop->body);
      });
    }
    case StmtKind::for_stmt: return write_loop(*stmt_cast<For>(stmt));
    case StmtKind::jump: {
      const auto* jump = stmt_cast<Jump>(stmt);
      return node(spelling(jump->jump), [&] {
        if (jump->value) write(jump->value);
      });
    }
    case StmtKind::discard: return named("discard", stmt_cast<Discard>(stmt)->value);
    case StmtKind::let: {
      const auto* let = stmt_cast<Let>(stmt);
      return node("let " + let->variable->name, [&] {
        if (let->type) write(let->type);
        if (let->value) write(let->value);
      });
    }
    case StmtKind::assign: {
      const auto* assign = stmt_cast<Assign>(stmt);
      return node(assign->op ? "assign " + std::string(spelling(*assign->op)) + "=" : "assign", [&] {
        write(assign->target);
        write(assign->value);
      });
    }
    case StmtKind::expr_stmt: return named("expr", stmt_cast<ExprStmt>(stmt)->value);
  }
}

void Dumper::write_loop(const For& loop) {
  node("for " + loop.variable->name, [&] {
    if (loop.map) {
      write(loop.map);
    } else {
      named("begin", loop.begin);
      named("end", loop.end);
    }
    write("body", loop.body);
  });
}

void Dumper::write(const Expr* expr) {
  if (!write_leaf(expr) && !write_operator(expr) && !write_access(expr)) write_control(expr);
}

bool Dumper::write_leaf(const Expr* expr) {
  switch (expr->kind) {
    case ExprKind::int_literal: {
      const auto* literal = expr_cast<IntLiteral>(expr);
      const std::string value = std::to_string(literal->value);
      line("int " + value + (value == literal->spelling ? "" : " " + literal->spelling));
      return true;
    }
    case ExprKind::string_literal: line("string " + quoted(expr_cast<StringLiteral>(expr)->value)); return true;
    case ExprKind::bool_literal: line(expr_cast<BoolLiteral>(expr)->value ? "true" : "false"); return true;
    case ExprKind::identifier: line("identifier " + expr_cast<Identifier>(expr)->name); return true;
    case ExprKind::variable: line("variable " + expr_cast<Variable>(expr)->name); return true;
    case ExprKind::positional: line("positional " + std::to_string(expr_cast<Positional>(expr)->number)); return true;
    case ExprKind::positional_count: line("positional_count"); return true;
    default: return false;
  }
}

bool Dumper::write_operator(const Expr* expr) {
  if (const auto* unary = expr_cast<Unary>(expr)) {
    named("unary " + std::string(spelling(unary->op)), unary->operand);
  } else if (const auto* step = expr_cast<IncDec>(expr)) {
    named(std::string(step->prefix ? "prefix " : "postfix ") + (step->increment ? "++" : "--"), step->target);
  } else if (const auto* address = expr_cast<AddressOf>(expr)) {
    named("address_of", address->target);
  } else if (const auto* comptime = expr_cast<Comptime>(expr)) {
    named("comptime", comptime->operand);
  } else if (const auto* binary = expr_cast<Binary>(expr)) {
    node("binary " + std::string(spelling(binary->op)), [&] {
      write(binary->left);
      write(binary->right);
    });
  } else if (const auto* cast = expr_cast<Cast>(expr)) {
    node("cast", [&] {
      write(cast->type);
      write(cast->operand);
    });
  } else if (const auto* ternary = expr_cast<Ternary>(expr)) {
    node(ternary->then_value ? "ternary" : "elvis", [&] {
      write(ternary->condition);
      if (ternary->then_value) write(ternary->then_value);
      write(ternary->else_value);
    });
  } else {
    return false;
  }
  return true;
}

bool Dumper::write_access(const Expr* expr) {
  if (const auto* map = expr_cast<Map>(expr)) {
    node(map->keyed ? "map " + map->name + " []" : "map " + map->name, [&] { all(map->keys); });
  } else if (const auto* field = expr_cast<Field>(expr)) {
    named("field " + field->name, field->base);
  } else if (const auto* element = expr_cast<TupleIndex>(expr)) {
    named("element " + std::to_string(element->index), element->base);
  } else if (const auto* index = expr_cast<Index>(expr)) {
    node("index", [&] {
      write(index->base);
      write(index->index);
    });
  } else if (const auto* tuple = expr_cast<Tuple>(expr)) {
    node("tuple", [&] { all(tuple->elements); });
  } else if (const auto* record = expr_cast<Record>(expr)) {
    node("record", [&] {
      for (const Record::Field& member : record->fields) named("." + member.name, member.value);
    });
  } else if (const auto* call = expr_cast<Call>(expr)) {
    node("call " + call->name, [&] { all(call->arguments); });
  } else {
    return false;
  }
  return true;
}

void Dumper::write_control(const Expr* expr) {
  if (const auto* branch = expr_cast<If>(expr)) {
    node("if", [&] {
      write(branch->condition);
      write("then", branch->then_block);
      if (branch->else_branch) named("else", branch->else_branch);
    });
  } else if (const auto* block = expr_cast<BlockExpr>(expr)) {
    write("block", block->block);
  } else if (const auto* size = expr_cast<Sizeof>(expr)) {
    write_operand("sizeof", size->operand);
  } else if (const auto* info = expr_cast<Typeinfo>(expr)) {
    write_operand("typeinfo", info->operand);
  } else if (const auto* argument = expr_cast<TypeofArg>(expr)) {
    write_operand("typeof", argument->operand);
  } else if (const auto* offset = expr_cast<Offsetof>(expr)) {
    std::string path;
    for (const std::string& name : offset->path) path += (path.empty() ? "" : ".") + name;
    write_operand("offsetof " + path, offset->operand);
  } else {
    SONDE_UNREACHABLE();
  }
}

}  // namespace

std::string dump(const Program& program) { return Dumper().run(program); }

}  // namespace sonde::ast
