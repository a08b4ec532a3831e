// Expansion of macros, after Prosser's algorithm: every token carries the names that may not be expanded in it again.
#include <algorithm>

#include "cdef/preprocessor.h"

namespace sonde::cdef {

using diag::Id;

namespace {

// A few nested macros can multiply without end; no header of the kernel or the C library comes near this.
constexpr size_t kMaxExpansions = 2'000'000;
constexpr int kMaxDepth = 100;

bool is_hidden(const Token& token) {
  for (const Hidden* hidden = token.hidden; hidden; hidden = hidden->next)
    if (hidden->name == token.text) return true;
  return false;
}

size_t parameter_index(const Macro& macro, const Token& token) {
  if (token.kind != TokenKind::identifier) return SIZE_MAX;
  const auto found = std::ranges::find(macro.parameters, token.text);
  return found == macro.parameters.end() ? SIZE_MAX : static_cast<size_t>(found - macro.parameters.begin());
}

}  // namespace

std::vector<Token> Preprocessor::expand_object(std::string_view name) {
  const Macro* macro = find(name);
  if (!macro || macro->function_like) return {};
  std::vector<Token> input = macro->body;
  const Hidden* hidden = &hidden_.emplace_back(Hidden{name, nullptr});
  for (Token& token : input) token.hidden = hidden;
  diag::Diagnostics unused;
  diagnostics_ = &unused;
  std::vector<Token> out = expand(std::move(input));
  diagnostics_ = nullptr;
  return out;
}

std::vector<Token> Preprocessor::expand(std::vector<Token> input) {
  std::vector<Token> out;
  if (exhausted_ || depth_ > 2 * kMaxDepth) return input;
  std::ranges::reverse(input);
  std::vector<Token>& todo = input;
  while (!todo.empty()) {
    const Token token = todo.back();
    todo.pop_back();
    const auto found = token.kind == TokenKind::identifier ? macros_.find(token.text) : macros_.end();
    if (found == macros_.end() || is_hidden(token)) {
      if (token.kind != TokenKind::identifier || !expand_builtin(token, todo, out)) out.push_back(token);
      continue;
    }
    const Macro& macro = found->second;
    Arguments arguments;
    if (macro.function_like && (todo.empty() || !todo.back().is("(") || !take_arguments(todo, macro, arguments))) {
      out.push_back(token);
      continue;
    }
    std::vector<Token> body = macro.function_like ? substitute(macro, arguments) : macro.body;
    expansions_ += 1 + body.size();
    if (expansions_ > kMaxExpansions) {
      diagnostics_->emit<Id::c_expansion_limit>(token.range, token.text);
      exhausted_ = true;  // nothing that follows can be right
      return out;
    }
    for (size_t i = body.size(); i-- > 0;) {
      Token& next = body[i];
      next.hidden = &hidden_.emplace_back(Hidden{found->first, next.hidden ? next.hidden : token.hidden});
      next.range = token.range;
      if (i == 0) next.space = token.space;
      next.line_start = false;
      todo.push_back(next);
    }
  }
  return out;
}

// Macros whose value is not fixed, and `_Pragma("...")`. False: `token` is none of them.
bool Preprocessor::expand_builtin(const Token& token, std::vector<Token>& todo, std::vector<Token>& out) {
  Token made = token;
  if (token.is("__COUNTER__")) {
    made.text = store(std::to_string(counter_++));
  } else if (token.is("__LINE__")) {
    made.text = store(std::to_string(sources_.buffer(token.range.buffer).position(token.range.begin).line));
  } else if (token.is("__FILE__")) {
    made.kind = TokenKind::string;
    made.text = store("\"" + sources_.buffer(token.range.buffer).name() + "\"");
    out.push_back(made);
    return true;
  } else if (const size_t size = todo.size(); token.is("_Pragma") && size > 2 && todo[size - 1].is("(") &&
                                              todo[size - 2].kind == TokenKind::string && todo[size - 3].is(")")) {
    const std::string_view text = todo[size - 2].text;
    todo.resize(size - 3);
    if (!text.starts_with("\"pack")) return true;
    made.kind = TokenKind::pack;
    std::string inside(text.substr(5, text.size() - 6));
    std::erase_if(inside, [](char c) { return c == '(' || c == ')' || c == ' '; });
    made.text = store(std::move(inside));
    out.push_back(made);
    return true;
  } else {
    return false;
  }
  made.kind = TokenKind::number;
  out.push_back(made);
  return true;
}

bool Preprocessor::take_arguments(std::vector<Token>& todo, const Macro& macro, Arguments& arguments) {
  size_t close = todo.size();
  for (int depth = 0; close-- > 0;) {
    if (todo[close].is("(")) ++depth;
    if (todo[close].is(")") && --depth == 0) break;
    if (close == 0) return false;
  }
  const size_t named = macro.parameters.size();
  arguments.emplace_back();
  int depth = 0;
  for (size_t i = todo.size() - 1; i-- > close + 1;) {
    const Token& token = todo[i];
    if (token.is("(")) ++depth;
    if (token.is(")")) --depth;
    const bool rest = macro.variadic && arguments.size() == named;
    if (token.is(",") && depth == 0 && !rest)
      arguments.emplace_back();
    else
      arguments.back().push_back(token);
  }
  todo.resize(close);
  arguments.resize(std::max(arguments.size(), named));
  return true;
}

std::vector<Token> Preprocessor::substitute(const Macro& macro, const Arguments& arguments) {
  std::vector<Token> out;
  const std::vector<Token>& body = macro.body;
  bool pasting = false;
  const auto append = [&](std::vector<Token> tokens) {
    size_t first = 0;
    if (pasting && !tokens.empty() && !out.empty()) {
      out.back() = paste(out.back(), tokens[0]);
      first = 1;
    }
    pasting = false;
    out.insert(out.end(), tokens.begin() + static_cast<ptrdiff_t>(first), tokens.end());
  };
  for (size_t i = 0; i < body.size(); ++i) {
    const size_t index = parameter_index(macro, body[i]);
    const bool before_paste = i + 1 < body.size() && body[i + 1].is("##");
    if (macro.variadic && body[i].is("__VA_OPT__") && i + 1 < body.size() && body[i + 1].is("(")) {
      Macro inside{.function_like = true, .variadic = true, .parameters = macro.parameters, .body = {}};
      int depth = 1;
      for (i += 2; i < body.size(); ++i) {
        if (body[i].is("(")) ++depth;
        if (body[i].is(")") && --depth == 0) break;
        inside.body.push_back(body[i]);
      }
      if (!arguments.back().empty()) append(substitute(inside, arguments));
    } else if (body[i].is("#") && i + 1 < body.size() && parameter_index(macro, body[i + 1]) != SIZE_MAX) {
      append({stringify(arguments[parameter_index(macro, body[i + 1])], body[i])});
      ++i;
    } else if (body[i].is("##") && !out.empty() && i + 1 < body.size()) {
      const size_t next = parameter_index(macro, body[i + 1]);
      const bool rest = macro.variadic && next + 1 == macro.parameters.size();
      // `, ## rest`: the comma goes when nothing is left, and is no part of a paste otherwise.
      if (out.back().is(",") && rest) {
        if (arguments[next].empty()) out.pop_back();
      } else {
        pasting = true;
      }
    } else if (index != SIZE_MAX) {
      std::vector<Token> argument = arguments[index];
      if (!before_paste && !pasting) {
        ++depth_;
        argument = expand(std::move(argument));
        --depth_;
      }
      if (!argument.empty()) argument[0].space = body[i].space;
      append(std::move(argument));
    } else {
      append({body[i]});
    }
  }
  return out;
}

Token Preprocessor::paste(const Token& left, const Token& right) {
  Token token = left;
  token.text = store(std::string(left.text) + std::string(right.text));
  // Names and numbers are all that headers paste; operators made this way are rare enough to stay what they were.
  if (left.kind == TokenKind::identifier || left.kind == TokenKind::number) token.kind = left.kind;
  return token;
}

Token Preprocessor::stringify(const std::vector<Token>& tokens, const Token& at) {
  Token token = at;
  token.kind = TokenKind::string;
  std::string text = "\"";
  for (const char c : spelled(tokens)) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  token.text = store(text + "\"");
  return token;
}

}  // namespace sonde::cdef
