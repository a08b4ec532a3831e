// Each habit is recognized by the few tokens around the error. A wrong guess costs the user a line to skip, so that only clear
// cases are told.
#include "parse/syntax_hint.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "parse/recovery.h"

namespace sonde::parse {

using diag::Id;
using enum grammar::Parser::token::token_kind_type;

namespace {

constexpr std::array kOperators{EQ, NE, LT, LE, GT, GE, AND, OR, PLUS, MINUS, STAR, SLASH, PERCENT, AMP, PIPE};
constexpr std::array kOperands{INT, STRING, VARIABLE, MAP, KEYED_MAP, POSITIONAL, IDENT};
constexpr std::array kOperandEnds{INT, STRING, VARIABLE, MAP, POSITIONAL, IDENT, RPAREN, RBRACKET};

// Words of other languages in front of `(...) {`.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kForeignHeads{
    {{"elif", "this is written `else if (...) { ... }`"},
     {"elsif", "this is written `else if (...) { ... }`"},
     {"elseif", "this is written `else if (...) { ... }`"},
     {"foreach", "this is written `for ($kv : @map) { ... }`"},
     {"switch", "there is no `switch`; chain `if (...) { ... } else if (...) { ... }`"},
     {"until", "there is no `until`; this is written `while (!(...)) { ... }`"}}};

// ... in front of a function,
constexpr std::array<std::string_view, 4> kDefinitions{"def", "func", "function", "sub"};

// ... and in front of a new variable, where they are no types.
constexpr std::array<std::string_view, 7> kDeclarators{"auto", "const", "local", "my", "set", "static", "var"};

template <typename Set, typename Value>
bool is_in(const Set& set, Value value) {
  return std::ranges::find(set, value) != set.end();
}

class Advice {
 public:
  Advice(std::string_view text, std::span<const Token> tokens, size_t at) : text_(text), tokens_(tokens), at_(at) {}

  std::string give(Id id, std::string_view wanted) const {
    if (word(at_).starts_with("'")) return "text is written in double quotes, a character too";
    if (kind(at_) == JUNK && (text_.substr(tokens_[at_].begin).starts_with("\u201c") ||
                              text_.substr(tokens_[at_].begin).starts_with("\u2018")))
      return "text is written in straight double quotes, `\"`";
    if (kind(at_) == ASSIGN && in_condition(id, wanted)) return "to compare, write `==`";
    if (id == Id::syntax_expected_let_variable && kind(at_) == IDENT)
      return "variables begin with a `$`: `let $" + name(at_) + "`";
    if (word(at_) == "and") return "this is written `&&`";
    if (word(at_) == "or") return "this is written `||`";
    const bool loop_head =
        wanted == ":" && (before(2) == FOR || (before(2) == LPAREN && before(3) == FOR));  // `for ($i = 0; ...`
    if (id == Id::syntax_expected_loop_variable || loop_head)
      return "loops are written `for ($i : 0..10) { ... }` or `for ($kv : @map) { ... }`";
    if (id != Id::syntax_expected_token) return {};
    if (wanted == ";") return statement();
    if (wanted == ")") return argument();
    if (wanted == "{") return open_brace(tokens_, at_) ? body() : header();
    return {};
  }

 private:
  TokenKind kind(size_t i) const { return i < tokens_.size() ? tokens_[i].kind : END; }
  TokenKind before(size_t back) const { return at_ >= back ? kind(at_ - back) : END; }
  std::string_view word(size_t i) const {
    return i < tokens_.size() ? text_.substr(tokens_[i].begin, tokens_[i].end - tokens_[i].begin) : std::string_view{};
  }
  std::string name(size_t i) const { return std::string(word(i)); }

  bool in_condition(Id id, std::string_view wanted) const {
    if (id == Id::syntax_expected_predicate_end) return true;
    const std::optional<size_t> open = open_bracket(tokens_, at_);
    if (!open) return false;
    if (wanted == "{") return true;  // `if pid = 1 {`
    const TokenKind head = *open > 0 ? kind(*open - 1) : END;
    return wanted == ")" && (head == IF || head == STMT_IF || head == WHILE);
  }

  // `int i = 0`, `int $i = 0`, `elif (...) {`
  std::string statement() const {
    if (kind(at_) == COMMA && before(1) == RPAREN) return "statements are separated by `;`";
    if (before(1) == RPAREN && kind(at_) == LBRACE) return foreign_head();
    const bool first = before(2) == SEMICOLON || before(2) == LBRACE || before(2) == STMT_LBRACE || before(2) == RBRACE;
    if (before(1) != IDENT || !first) return {};
    if (kind(at_) == COLON) return "probes do not stand inside of each other; is a `}` missing before this one?";
    if (word(at_ - 1) == "goto") return "there is no `goto`";
    if (word(at_ - 1) == "do" && kind(at_) == LBRACE) return "there is no `do`; loops begin with `for` or `while`";
    if (kind(at_) == IDENT && (kind(at_ + 1) == ASSIGN || kind(at_ + 1) == SEMICOLON))
      return "variables begin with a `$` and need no type: `$" + name(at_) + " = ...`";
    if (kind(at_) == VARIABLE && is_in(kDeclarators, word(at_ - 1)))
      return "variables need no `" + name(at_ - 1) + "`: `" + name(at_) + " = ...`, or `let " + name(at_) + " = ...`";
    if (kind(at_) == VARIABLE)
      return "variables need no type: `" + name(at_) + " = ...`, or `let " + name(at_) + " : " + name(at_ - 1) +
             " = ...` to have this one";
    return {};
  }

  std::string foreign_head() const {
    size_t depth = 0;
    for (size_t i = at_ - 1; i > 0; --i) {
      if (kind(i) == RPAREN) ++depth;
      const bool opens = kind(i) == LPAREN || kind(i) == CAST_LPAREN || kind(i) == RECORD_LPAREN;
      if (!opens || --depth > 0) continue;
      const auto* found = std::ranges::find(kForeignHeads, word(i - 1), [](const auto& pair) { return pair.first; });
      return found == kForeignHeads.end() ? std::string() : std::string(found->second);
    }
    return {};
  }

  // `printf("%d" $x)`
  std::string argument() const {
    const std::optional<size_t> open = open_bracket(tokens_, at_);
    const bool call = open && *open > 0 && kind(*open) == LPAREN && kind(*open - 1) == IDENT;
    const bool between = is_in(kOperandEnds, before(1)) && is_in(kOperands, kind(at_));
    return call && between ? "arguments are separated by `,`" : "";
  }

  // `if pid == 1 {`, `if (1) print();`
  std::string body() const {
    if (is_in(kOperators, kind(at_))) return "an operation stands in parentheses here: `(...)`";
    return before(1) == RPAREN ? "the body of `if`, `for` and `while` stands in braces" : "";
  }

  // `}` or `;` between probes; `printf("hi");` without a probe; `begin pid == 1/ {`
  std::string header() const {
    if (kind(at_) == RBRACE) return "nothing is open that this `}` could close";
    if (kind(at_) == SEMICOLON) return "no `;` follows the `}` of a probe";
    size_t item = at_;
    while (item > 0 && kind(item - 1) != ITEM_END) --item;
    const std::string_view attach = word(item);
    if (kind(item) != ATTACH) return {};
    const bool call = attach.find('(') < attach.find(':');
    if (call || attach.starts_with('$') || attach.starts_with('@'))
      return "code stands in a probe, as in `begin { ... }` or `interval:s:1 { ... }`";
    if (attach.ends_with(':'))
      return "an attach point is written without blanks: `" + std::string(attach) + name(at_) + "`";
    if (is_in(kDefinitions, attach)) return "functions are macros here: `macro " + name(at_) + "(...) { ... }`";
    for (size_t i = at_; kind(i) != ITEM_END && kind(i) != END && kind(i) != LBRACE; ++i)
      if (kind(i) == PRED_END) return "a predicate stands between two slashes: `/pid == 1/`";
    return {};
  }

  std::string_view text_;
  std::span<const Token> tokens_;
  size_t at_;
};

}  // namespace

std::string syntax_hint(std::string_view text, std::span<const Token> tokens, size_t at, Id id,
                        std::string_view wanted) {
  return Advice(text, tokens, at).give(id, wanted);
}

}  // namespace sonde::parse
