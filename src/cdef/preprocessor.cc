// Directives. Expansion of macros is in expand.cc.
#include "cdef/preprocessor.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cdef/constant.h"
#include "cdef/kernel_tree.h"

namespace sonde::cdef {

using diag::Id;

namespace {

// Deep enough for the C library, shallow enough for a header that includes itself.
constexpr int kMaxIncludes = 100;

source::Range range_of(const std::vector<Token>& line) {
  return line.empty() ? source::Range{} : source::cover(line.front().range, line.back().range);
}

// Operators of #if with a name in parentheses, which count as defined.
bool is_test(std::string_view name) {
  constexpr std::array<std::string_view, 9> kTests = {
      "__has_include",   "__has_include_next", "__has_attribute",          "__has_builtin", "__has_feature",
      "__has_extension", "__has_c_attribute",  "__has_declspec_attribute", "__has_warning"};
  return std::ranges::find(kTests, name) != kTests.end();
}

Token number(bool value, const Token& at) {
  Token token = at;
  token.kind = TokenKind::number;
  token.text = value ? "1" : "0";
  return token;
}

}  // namespace

std::string spelled(const std::vector<Token>& tokens) {
  std::string text;
  for (const Token& token : tokens) {
    if (token.space && !text.empty()) text += ' ';
    text += token.text;
  }
  return text;
}

std::string_view Preprocessor::store(std::string text) { return texts_.emplace_back(std::move(text)); }

const Macro* Preprocessor::find(std::string_view name) const {
  const auto found = macros_.find(name);
  return found == macros_.end() ? nullptr : &found->second;
}

std::vector<std::string_view> Preprocessor::names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, macro] : macros_) names.push_back(name);
  return names;
}

void Preprocessor::run(const std::vector<source::Range>& pieces, const std::string& folder,
                       diag::Diagnostics& diagnostics, std::vector<Token>& out) {
  diagnostics_ = &diagnostics;
  File all;
  all.origin.folder = folder;
  for (const source::Range& piece : pieces) {
    const size_t first = all.tokens.size();
    lex(sources_, piece, all.tokens);
    if (first == all.tokens.size() || all.tokens[first].is("#") || all.tokens.back().is(";")) continue;
    Token end = all.tokens.back();
    end.kind = TokenKind::punctuator;
    end.text = ";";
    end.line_start = false;
    end.range.begin = end.range.end;
    all.tokens.push_back(end);
  }
  file(all, out);
}

void Preprocessor::file(const File& file, std::vector<Token>& out) {
  std::vector<Condition> open;
  const Includer outer = std::exchange(here_, file.origin);
  const auto line_end = [&](size_t at) {
    do ++at;
    while (at < file.tokens.size() && !file.tokens[at].line_start);
    return at;
  };
  for (size_t at = 0; at < file.tokens.size();) {
    const bool active = open.empty() || open.back().active;
    const Token& first = file.tokens[at];
    if (first.line_start && first.is("#")) {
      const size_t end = line_end(at);
      std::vector<Token> line(file.tokens.begin() + static_cast<ptrdiff_t>(at) + 1,
                              file.tokens.begin() + static_cast<ptrdiff_t>(end));
      if (!line.empty()) line[0].range = source::cover(first.range, line[0].range);
      at = end;
      if (!line.empty() && conditional(line[0].text, line, open)) continue;
      if (active && !line.empty()) directive(file, line, out);
      continue;
    }
    // Text up to the next directive, so that the arguments of a macro may go over several lines.
    size_t end = at;
    while (end < file.tokens.size() && !(file.tokens[end].line_start && file.tokens[end].is("#"))) ++end;
    if (active) {
      std::vector<Token> expanded =
          expand({file.tokens.begin() + static_cast<ptrdiff_t>(at), file.tokens.begin() + static_cast<ptrdiff_t>(end)});
      out.insert(out.end(), expanded.begin(), expanded.end());
    }
    at = end;
  }
  here_ = outer;
  if (!open.empty()) diagnostics_->emit<Id::c_condition_open>(open.back().range);
}

bool Preprocessor::conditional(std::string_view name, const std::vector<Token>& line, std::vector<Condition>& open) {
  constexpr std::array<std::string_view, 8> kNames = {"if",      "ifdef",    "ifndef", "elif",
                                                      "elifdef", "elifndef", "else",   "endif"};
  if (std::ranges::find(kNames, name) == kNames.end()) return false;
  const auto is_defined = [&] {
    if (line.size() < 2 || line[1].kind != TokenKind::identifier) {
      diagnostics_->emit<Id::c_macro_name>(line[0].range);
      return false;
    }
    return macros_.contains(line[1].text) || is_test(line[1].text);
  };
  const auto holds = [&](std::string_view how) {
    if (how == "def") return is_defined();
    if (how == "ndef") return !is_defined();
    return evaluate(line);
  };
  if (name.starts_with("if")) {
    Condition condition{.range = line[0].range};
    condition.outer = open.empty() || open.back().active;
    condition.active = condition.taken = condition.outer && holds(name.substr(2));
    open.push_back(condition);
    return true;
  }
  if (open.empty()) {
    diagnostics_->emit<Id::c_condition_lonely>(line[0].range, name);
    return true;
  }
  Condition& condition = open.back();
  if (name == "endif") {
    open.pop_back();
  } else if (condition.had_else) {
    diagnostics_->emit<Id::c_condition_after_else>(line[0].range, name);
  } else {
    condition.had_else = name == "else";
    condition.active = condition.outer && !condition.taken &&
                       (condition.had_else || holds(name.substr(std::min<size_t>(4, name.size()))));
    condition.taken |= condition.active;
  }
  return true;
}

void Preprocessor::directive(const File& file, const std::vector<Token>& line, std::vector<Token>& out) {
  const std::string_view name = line[0].text;
  if (name == "define") return define(line);
  if (name == "include" || name == "import") return include(file, line, false, out);
  if (name == "include_next") return include(file, line, true, out);
  if (name == "pragma") return pragma(line, out);
  if (name == "undef") {
    if (line.size() > 1 && line[1].kind == TokenKind::identifier)
      macros_.erase(line[1].text);
    else
      diagnostics_->emit<Id::c_macro_name>(line[0].range);
    return;
  }
  if (name == "error") {
    if (file.user()) diagnostics_->emit<Id::c_error>(range_of(line), spelled({line.begin() + 1, line.end()}));
    return;
  }
  if (name == "warning") {
    if (file.user()) diagnostics_->emit<Id::c_warning>(range_of(line), spelled({line.begin() + 1, line.end()}));
    return;
  }
  // `# 12 "file"` of a preprocessed text changes nothing here.
  if (name == "line" || name == "ident" || line[0].kind == TokenKind::number) return;
  if (file.user()) diagnostics_->emit<Id::c_directive>(line[0].range, name);
}

// `defined X`, `__has_include(<x.h>)`, `__has_attribute(x)` at `at`: the answer; `at` moves to their last token.
Token Preprocessor::tested(std::vector<Token>& line, size_t& at) {
  const Token name = line[at];
  const auto is = [&](size_t index, std::string_view text) { return index < line.size() && line[index].is(text); };
  if (name.text == "defined") {
    const bool parenthesised = is(at + 1, "(");
    const size_t operand = at + (parenthesised ? 2 : 1);
    if (operand >= line.size() || line[operand].kind != TokenKind::identifier) {
      diagnostics_->emit<Id::c_macro_name>(name.range);
      return number(false, name);
    }
    at = operand + (parenthesised && is(operand + 1, ")") ? 1 : 0);
    return number(macros_.contains(line[operand].text) || is_test(line[operand].text), name);
  }
  std::vector<Token> inside;
  if (is(at + 1, "(")) {
    size_t end = at + 2;
    for (int depth = 1; end < line.size(); ++end) {
      if (line[end].is("(")) ++depth;
      if (line[end].is(")") && --depth == 0) break;
      inside.push_back(line[end]);
    }
    at = std::min(end, line.size() - 1);
  }
  // An attribute that means nothing to the layout is skipped, so all of them are known.
  if (name.is("__has_attribute")) return number(true, name);
  if (!name.text.starts_with("__has_include") || inside.empty()) return number(false, name);
  std::string text = spelled(inside);
  if (text.size() < 2) return number(false, name);
  return number(headers_.find(text.substr(1, text.size() - 2), text[0] == '"', here_).has_value(), name);
}

std::vector<Token> Preprocessor::answer_tests(std::vector<Token> line) {
  std::vector<Token> out;
  for (size_t at = 0; at < line.size(); ++at) {
    const bool test = line[at].kind == TokenKind::identifier && (line[at].is("defined") || is_test(line[at].text));
    out.push_back(test ? tested(line, at) : line[at]);
  }
  return out;
}

bool Preprocessor::evaluate(const std::vector<Token>& line) {
  // Macros may expand to tests again. What is wrong in a header of the system counts as false.
  diag::Diagnostics unused;
  diag::Diagnostics* const reported = diagnostics_;
  if (is_system(line[0].range.buffer)) diagnostics_ = &unused;
  const bool value = condition_value(line);
  diagnostics_ = reported;
  return value;
}

bool Preprocessor::condition_value(const std::vector<Token>& line) {
  const std::vector<Token> tokens = answer_tests(expand(answer_tests({line.begin() + 1, line.end()})));
  ConstantHooks hooks;
  hooks.name = [](const Token&) { return std::optional(Constant{}); };
  size_t at = 0;
  ConstantParser parser(tokens, at, hooks);
  const auto value = parser.parse();
  if (tokens.empty()) {
    diagnostics_->emit<Id::c_condition_empty>(line[0].range, line[0].text);
    return false;
  }
  if (!value) {
    diagnostics_->emit<Id::c_syntax>(parser.error().range, parser.error().what);
    return false;
  }
  if (at < tokens.size()) diagnostics_->emit<Id::c_syntax>(tokens[at].range, "unexpected text after the condition");
  return value->truth();
}

bool Preprocessor::read_parameters(const std::vector<Token>& line, size_t& at, Macro& macro) {
  for (++at; at < line.size() && !line[at].is(")");) {
    if (line[at].is("...")) {
      macro.variadic = true;
      macro.parameters.emplace_back("__VA_ARGS__");
    } else if (line[at].kind == TokenKind::identifier) {
      macro.parameters.push_back(line[at].text);
      if (at + 1 < line.size() && line[at + 1].is("...")) {
        macro.variadic = true;
        ++at;
      }
    } else {
      break;
    }
    ++at;
    if (macro.variadic || at >= line.size() || !line[at].is(",")) break;
    ++at;
  }
  if (at >= line.size() || !line[at].is(")")) return false;
  ++at;
  return true;
}

void Preprocessor::define(const std::vector<Token>& line) {
  if (line.size() < 2 || line[1].kind != TokenKind::identifier || line[1].text == "defined") {
    diagnostics_->emit<Id::c_macro_name>(line[line.size() < 2 ? 0 : 1].range);
    return;
  }
  Macro macro;
  size_t at = 2;
  // Only a parenthesis right behind the name makes parameters.
  if (at < line.size() && line[at].is("(") && !line[at].space) {
    macro.function_like = true;
    if (!read_parameters(line, at, macro)) {
      diagnostics_->emit<Id::c_macro_parameters>(line[std::min(at, line.size() - 1)].range);
      return;
    }
  }
  macro.body.assign(line.begin() + static_cast<ptrdiff_t>(at), line.end());
  for (Token& token : macro.body) token.line_start = false;
  macros_[line[1].text] = std::move(macro);
}

void Preprocessor::missing_header(const std::string& name, source::Range range) {
  if (HeaderSearch::is_kernel_header(name) && has_btf_) {
    diagnostics_->emit<Id::c_header_from_btf>(range, name);
    return;
  }
  diag::Diagnostic& diagnostic = diagnostics_->emit<Id::c_header_missing>(range, name);
  if (HeaderSearch::is_kernel_header(name)) {
    diagnostic.hints.push_back(
        "Install the kernel's headers (linux-libc-dev, linux-headers), or run a kernel with BTF.");
  } else {
    diagnostic.hints.push_back(
        "Name the folder that holds it with -I. Headers of the C library come with a package such as libc6-dev.");
  }
}

void Preprocessor::read_builtin(const std::string& name, std::string_view text, bool kernel, std::vector<Token>& out) {
  const source::BufferId buffer = sources_.add(name, std::string(text));
  system_.insert(buffer.value);
  if (kernel) kernel_.insert(buffer.value);
  File made{.tokens = {}, .origin = {.folder = {}, .system = true, .kernel = kernel}};
  lex(sources_, {buffer, 0, static_cast<uint32_t>(text.size())}, made.tokens);
  file(made, out);
}

// Before the first header of the kernel's tree.
void Preprocessor::prepare_kernel(std::vector<Token>& out) {
  if (!std::exchange(kernel_prepared_, true)) read_builtin("<kernel>", kernel_tree_preamble(), true, out);
}

void Preprocessor::include(const File& from, const std::vector<Token>& line, bool next, std::vector<Token>& out) {
  std::vector<Token> name(line.begin() + 1, line.end());
  if (!name.empty() && name[0].kind == TokenKind::identifier) name = expand(std::move(name));
  std::string text;
  const bool quoted = !name.empty() && name[0].kind == TokenKind::string;
  if (quoted) {
    text = name[0].text.substr(1, name[0].text.size() - 2);
  } else if (name.size() > 2 && name[0].is("<")) {
    for (size_t i = 1; i < name.size() && !name[i].is(">"); ++i) text += name[i].text;
  }
  if (text.empty()) {
    diagnostics_->emit<Id::c_include_name>(range_of(line));
    return;
  }
  if (depth_ >= kMaxIncludes) {
    diagnostics_->emit<Id::c_include_depth>(range_of(line), text);
    return;
  }
  auto header = headers_.find(text, quoted, from.origin, next ? std::optional(from.place) : std::nullopt);
  const auto constants = from.user() ? common_constants(text) : std::nullopt;
  if (!header) {
    // Headers of the system that miss another one are the system's problem, and often nothing is lost.
    if (!from.user()) return;
    if (!constants || !has_btf_) return missing_header(text, range_of(line));
    diagnostics_->emit<Id::c_header_constants>(range_of(line), text);
    return read_builtin("<sonde>/" + text, *constants, false, out);
  }
  if (once_.contains(header->path)) return;
  if (header->kernel) prepare_kernel(out);
  levels_.push_back(range_of(line));
  auto known = loaded_.find(header->path);
  if (known == loaded_.end()) {
    File loaded{.tokens = {}, .origin = {header->folder, header->system, header->kernel}, .place = header->place};
    const source::BufferId buffer = sources_.add(header->path, std::move(header->text));
    if (header->system) system_.insert(buffer.value);
    if (header->kernel) kernel_.insert(buffer.value);
    diagnostics_->set_origin(buffer, {levels_.rbegin(), levels_.rend()});
    lex(sources_, {buffer, 0, static_cast<uint32_t>(sources_.buffer(buffer).text().size())}, loaded.tokens);
    known = loaded_.emplace(header->path, std::move(loaded)).first;
  }
  const std::string outer = std::exchange(current_path_, header->path);
  ++depth_;
  file(known->second, out);
  --depth_;
  levels_.pop_back();
  current_path_ = outer;
  if (constants && !header->kernel) read_builtin("<sonde>/" + text, *constants, false, out);
}

void Preprocessor::pragma(const std::vector<Token>& line, std::vector<Token>& out) {
  if (line.size() < 2) return;
  if (line[1].is("once")) once_.insert(current_path_);
  if (!line[1].is("pack")) return;
  Token token = line[1];
  token.kind = TokenKind::pack;
  std::string text;
  for (size_t i = 2; i < line.size(); ++i)
    if (!line[i].is("(") && !line[i].is(")")) text += line[i].text;
  token.text = store(std::move(text));
  out.push_back(token);
}

}  // namespace sonde::cdef
