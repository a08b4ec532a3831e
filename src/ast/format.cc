// Items, statements and comments. Comments and blank lines are no part of the tree: they are taken from the text between
// what was printed last and what comes next.
#include "ast/format.h"

#include <algorithm>
#include <cctype>
#include <functional>

#include "ast/format_expr.h"

namespace sonde::ast {
namespace {

struct Comment {
  uint32_t begin, end;
  std::vector<std::string> lines;  // without marks
};

// Comments of the text outside of strings and of the ranges in `verbatim`, which are sorted.
std::vector<Comment> find_comments(std::string_view text, const std::vector<Range>& verbatim) {
  std::vector<Comment> comments;
  auto skip = verbatim.begin();
  for (uint32_t i = text.starts_with("#!") ? static_cast<uint32_t>(text.find('\n')) : 0; i + 1 < text.size(); ++i) {
    while (skip != verbatim.end() && skip->end <= i) ++skip;
    if (skip != verbatim.end() && i >= skip->begin) {
      i = skip->end - 1;
      continue;
    }
    if (text[i] == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i)
        if (text[i] == '\\') ++i;
      continue;
    }
    if (text[i] != '/' || (text[i + 1] != '/' && text[i + 1] != '*')) continue;
    const bool line = text[i + 1] == '/';
    const size_t mark = line ? text.find('\n', i) : text.find("*/", i + 2);
    const auto stop = static_cast<uint32_t>(std::min(mark, text.size()));
    Comment comment{i, static_cast<uint32_t>(std::min<size_t>(stop + (line ? 0 : 2), text.size())), {}};
    std::string_view inside = text.substr(i + 2, stop - i - 2);
    while (true) {
      const size_t end = inside.find('\n');
      std::string_view one = inside.substr(0, end);
      while (!one.empty() && std::isspace(static_cast<unsigned char>(one.front()))) one.remove_prefix(1);
      while (!one.empty() && std::isspace(static_cast<unsigned char>(one.back()))) one.remove_suffix(1);
      comment.lines.emplace_back(one);
      if (end == std::string_view::npos) break;
      inside.remove_prefix(end + 1);
    }
    // The lines that hold only the marks of a block comment say nothing.
    while (comment.lines.size() > 1 && comment.lines.back().empty()) comment.lines.pop_back();
    while (comment.lines.size() > 1 && comment.lines.front().empty()) comment.lines.erase(comment.lines.begin());
    i = comment.end - 1;
    comments.push_back(std::move(comment));
  }
  return comments;
}

std::string line_comment(const std::string& text) { return text.empty() ? "//" : "// " + text; }

class Formatter {
 public:
  Formatter(const Program& program, std::string_view text) : program_(program), text_(text) {}
  std::string run();

 private:
  struct Item {
    Range range;
    std::function<void()> print;
  };
  // What stands last in a block: in loops and probes its value gets a `;`.
  enum class Ending : uint8_t { statement, value };

  std::vector<Item> items();
  void config();
  void probe(const Probe& probe);
  void macro(const Macro& macro);
  void block(const Block& block, size_t indent, Ending ending);
  void body(const Block& block, size_t indent, Ending ending);
  void statement(const Stmt& stmt, size_t indent);
  void expression_lines(const Expr& expr, size_t indent, Ending ending);
  void if_lines(const If& node, size_t indent, Ending ending);
  void value(const Expr& expr, size_t indent, size_t behind);
  bool braces(const Expr& expr) const;

  void start(uint32_t at, size_t indent);
  void comments_before(uint32_t at, size_t indent);
  void comments_in_block(const Block& block, size_t indent);
  size_t column() const { return out_.size() - (out_.rfind('\n') + 1); }
  void blank_lines(uint32_t from, uint32_t to);
  std::string copy(Range range) const { return std::string(text_.substr(range.begin, range.end - range.begin)); }

  const Program& program_;
  std::string_view text_;
  std::vector<Comment> comments_;
  size_t next_comment_ = 0;
  uint32_t last_ = 0;  // end, in the source, of what was printed last
  bool first_ = true;  // nothing was printed yet: no blank lines before it
  std::string out_;
};

// As many as stand between two printed things.
void Formatter::blank_lines(uint32_t from, uint32_t to) {
  if (first_ || from > to) return;
  const auto newlines = std::count(text_.begin() + from, text_.begin() + to, '\n');
  for (auto i = newlines; i > 1; --i) out_ += '\n';
}

void Formatter::comments_before(uint32_t at, size_t indent) {
  for (; next_comment_ < comments_.size() && comments_[next_comment_].begin < at; ++next_comment_) {
    const Comment& comment = comments_[next_comment_];
    blank_lines(last_, comment.begin);
    for (const std::string& line : comment.lines) out_ += std::string(indent, ' ') + line_comment(line) + "\n";
    first_ = false;
    last_ = std::max(last_, comment.end);
  }
}

// What stands before the thing that begins at `at`, and its indentation.
void Formatter::start(uint32_t at, size_t indent) {
  comments_before(at, indent);
  blank_lines(last_, at);
  first_ = false;
  out_ += std::string(indent, ' ');
}

std::vector<Formatter::Item> Formatter::items() {
  std::vector<Item> all;
  for (const CItem& item : program_.c_items)
    all.push_back({item.range, [this, &item] { out_ += copy(item.range) + "\n"; }});
  if (program_.config_range) all.push_back({*program_.config_range, [this] { config(); }});
  for (const RootImport& import : program_.imports)
    all.push_back({import.range, [this, &import] { out_ += "import " + quoted(import.path) + ";\n"; }});
  for (const MapDecl* decl : program_.map_decls)
    all.push_back({decl->range, [this, decl] {
                     out_ +=
                         "let " + decl->name + " = " + decl->kind + "(" + std::to_string(decl->max_entries) + ");\n";
                   }});
  for (const Macro* each : program_.macros) all.push_back({each->range, [this, each] { macro(*each); }});
  for (const Function* function : program_.functions)
    all.push_back({function->range, [this, function] { out_ += copy(function->range) + "\n"; }});
  for (const Probe* each : program_.probes) all.push_back({each->range, [this, each] { probe(*each); }});
  std::ranges::sort(all, {}, [](const Item& item) { return item.range.begin; });
  return all;
}

std::string Formatter::run() {
  std::vector<Range> verbatim;
  for (const CItem& item : program_.c_items) verbatim.push_back(item.range);
  for (const Function* function : program_.functions) verbatim.push_back(function->range);
  for (const Probe* probe : program_.probes)
    for (const AttachPoint& point : probe->attach_points) verbatim.push_back(point.range);
  std::ranges::sort(verbatim, {}, &Range::begin);
  comments_ = find_comments(text_, verbatim);
  if (text_.starts_with("#!")) {
    const size_t end = std::min(text_.find('\n'), text_.size());
    out_ = std::string(text_.substr(0, end)) + "\n";
    last_ = static_cast<uint32_t>(end);
    first_ = false;
  }
  for (const Item& item : items()) {
    start(item.range.begin, 0);
    item.print();
    last_ = std::max(last_, item.range.end);
  }
  comments_before(static_cast<uint32_t>(text_.size()), 0);
  return std::move(out_);
}

void Formatter::config() {
  if (program_.config.empty()) {
    out_ += "config = {}\n";
    return;
  }
  out_ += "config = {\n";
  for (const ConfigAssign& assign : program_.config) {
    const auto is_word = [](unsigned char c) { return std::isalnum(c) || c == '_'; };
    const bool bare = !assign.value.empty() && std::ranges::all_of(assign.value, is_word) &&
                      !std::isdigit(static_cast<unsigned char>(assign.value[0]));
    std::string value = assign.value;
    if (assign.value_kind == ConfigAssign::ValueKind::integer) value = std::to_string(assign.integer);
    if (assign.value_kind == ConfigAssign::ValueKind::text && !bare) value = quoted(assign.value);
    out_ += std::string(kStep, ' ') + assign.key + " = " + value + ";\n";
  }
  out_ += "}\n";
}

void Formatter::probe(const Probe& probe) {
  for (const AttachPoint& point : probe.attach_points)
    out_ += point.text + (&point == &probe.attach_points.back() ? "\n" : ",\n");
  std::string between;
  const uint32_t body_begin = probe.body->range.begin;
  for (; next_comment_ < comments_.size() && comments_[next_comment_].begin < body_begin; ++next_comment_)
    for (const std::string& line : comments_[next_comment_].lines) between += line + " ";
  if (!between.empty()) out_ += "/* " + between + "*/\n";
  if (probe.predicate) out_ += "/" + flat(*probe.predicate) + "/\n";
  block(*probe.body, 0, Ending::statement);
  out_ += "\n";
}

void Formatter::macro(const Macro& macro) {
  out_ += "macro " + macro.name + "(";
  for (const MacroParam& param : macro.params) out_ += (&param == &macro.params.front() ? "" : ", ") + param.name;
  out_ += ")\n";
  block(*macro.body, 0, Ending::value);
  out_ += "\n";
}

// `{`, the body and `}`; the caller goes on behind it.
void Formatter::block(const Block& block, size_t indent, Ending ending) {
  const bool commented = next_comment_ < comments_.size() && comments_[next_comment_].begin < block.range.end;
  if (block.statements.empty() && !block.value && !commented) {
    out_ += "{}";
    last_ = block.range.end;
    return;
  }
  out_ += "{\n";
  last_ = block.range.begin + 1;
  body(block, indent + kStep, ending);
  comments_in_block(block, indent + kStep);
  out_ += std::string(indent, ' ') + "}";
  last_ = block.range.end;
}

// Comments in front of `}`: one on the last statement's line stays there.
void Formatter::comments_in_block(const Block& block, size_t indent) {
  if (next_comment_ >= comments_.size() || comments_[next_comment_].begin >= block.range.end) return;
  const Comment& comment = comments_[next_comment_];
  const bool empty = block.statements.empty() && !block.value;
  if (!empty && comment.lines.size() == 1 &&
      text_.substr(last_, comment.begin - last_).find('\n') == std::string::npos) {
    out_.pop_back();
    out_ += " " + line_comment(comment.lines.front()) + "\n";
    last_ = comment.end;
    ++next_comment_;
  }
  comments_before(block.range.end, indent);
}

void Formatter::body(const Block& block, size_t indent, Ending ending) {
  for (const Stmt* stmt : block.statements) {
    statement(*stmt, indent);
    last_ = std::max(last_, stmt->range.end);
  }
  if (!block.value) return;
  expression_lines(*block.value, indent, ending);
  last_ = std::max(last_, block.value->range.end);
}

// Whether the expression is laid out as a block of lines.
bool Formatter::braces(const Expr& expr) const {
  if (const auto* block = expr_cast<BlockExpr>(&expr)) return !block->block->statements.empty();
  const auto* choice = expr_cast<If>(&expr);
  if (!choice) return false;
  return !choice->then_block->statements.empty() || !choice->else_branch ||
         choice->else_branch->kind == ExprKind::if_expr || braces(*choice->else_branch);
}

void Formatter::value(const Expr& expr, size_t indent, size_t behind) {
  if (const auto* nested = expr_cast<BlockExpr>(&expr); nested && braces(expr))
    return block(*nested->block, indent, Ending::value);
  if (const auto* choice = expr_cast<If>(&expr); choice && braces(expr))
    return if_lines(*choice, indent, Ending::value);
  out_ += laid_out(expr, column(), indent, behind);
}

void Formatter::if_lines(const If& node, size_t indent, Ending ending) {
  const bool one_line = !braces(node) && node.then_block->value;
  if (const std::string line = flat(node); one_line && column() + line.size() <= kWidth) {
    out_ += line;
    return;
  }
  out_ += "if " + operand(*node.condition) + " ";
  block(*node.then_block, indent, ending);
  if (!node.else_branch) return;
  out_ += " else ";
  if (const auto* next = expr_cast<If>(node.else_branch))
    if_lines(*next, indent, ending);
  else
    block(*static_cast<const BlockExpr&>(*node.else_branch).block, indent, ending);
}

// An expression as a statement, or the value at the end of a block.
void Formatter::expression_lines(const Expr& expr, size_t indent, Ending ending) {
  const bool in_braces = expr.kind == ExprKind::if_expr || expr.kind == ExprKind::block_expr;
  start(expr.range.begin, indent);
  // Inside a statement that is `if` the branches keep values without `;`, as they were written.
  if (const auto* choice = expr_cast<If>(&expr)) {
    if_lines(*choice, indent, Ending::value);
  } else if (const auto* nested = expr_cast<BlockExpr>(&expr)) {
    block(*nested->block, indent, Ending::value);
  } else {
    out_ += laid_out(expr, column(), indent, 1);
  }
  out_ += ending == Ending::statement && !in_braces ? ";\n" : "\n";
}

void Formatter::statement(const Stmt& stmt, size_t indent) {
  if (const LoopForm loop = loop_form(stmt); loop.body) {
    start(stmt.range.begin, indent);
    out_ += loop.head + " ";
    block(*loop.body, indent, Ending::statement);
    out_ += "\n";
    return;
  }
  if (const auto* node = stmt_cast<ExprStmt>(&stmt)) return expression_lines(*node->value, indent, Ending::statement);
  start(stmt.range.begin, indent);
  if (const auto* assign = stmt_cast<Assign>(&stmt)) {
    const AssignForm form = assign_form(*assign);
    const std::string head = form.target + " " + form.op + " ";
    out_ += column() + flat(*form.value).size() + head.size() > kWidth ? laid_out(*assign->target, column(), indent, 4)
                                                                       : form.target;
    out_ += " " + form.op + " ";
    value(*form.value, indent, 1);
  } else if (const auto* let = stmt_cast<Let>(&stmt); let && let->value) {
    out_ += "let " + let->variable->name + (let->type ? " : " + flat(*let->type) : "") + " = ";
    value(*let->value, indent, 1);
  } else {
    out_ += flat(stmt);
  }
  out_ += ";\n";
}

}  // namespace

std::string format(const Program& program, std::string_view text) { return Formatter(program, text).run(); }

}  // namespace sonde::ast
