// One scan over the tokens of an item. It is made for an error only, so that it need not be fast.
#include "parse/recovery.h"

#include <vector>

namespace sonde::parse {

using enum grammar::Parser::token::token_kind_type;

namespace {

enum class Bracket : uint8_t { none, brace, paren, square, predicate };

Bracket opened(TokenKind kind) {
  switch (kind) {
    case LBRACE:
    case STMT_LBRACE: return Bracket::brace;
    case LPAREN:
    case CAST_LPAREN:
    case RECORD_LPAREN: return Bracket::paren;
    case LBRACKET: return Bracket::square;
    case PRED_BEGIN: return Bracket::predicate;
    default: return Bracket::none;
  }
}

Bracket closed(TokenKind kind) {
  switch (kind) {
    case RBRACE: return Bracket::brace;
    case RPAREN: return Bracket::paren;
    case RBRACKET: return Bracket::square;
    case PRED_END: return Bracket::predicate;
    default: return Bracket::none;
  }
}

bool ends_item(TokenKind kind) { return kind == ITEM_END || kind == END; }

// Indices of the brackets that are open before `at`. A closing one without partner closes nothing, except that `}` closes all
// that was left open in its block.
std::vector<size_t> open_brackets(std::span<const Token> tokens, size_t at) {
  std::vector<size_t> open;
  const auto back = [&] { return open.empty() ? Bracket::none : opened(tokens[open.back()].kind); };
  for (size_t i = 0; i < at; ++i) {
    if (tokens[i].kind == ITEM_END) open.clear();
    if (opened(tokens[i].kind) != Bracket::none) open.push_back(i);
    const Bracket bracket = closed(tokens[i].kind);
    if (bracket == Bracket::none) continue;
    while (bracket == Bracket::brace && back() != Bracket::none && back() != Bracket::brace) open.pop_back();
    if (back() == bracket) open.pop_back();
  }
  return open;
}

// Behind the `)` and `]` that close `count` brackets around `at`; `at` itself when the block ends before.
size_t behind_brackets(std::span<const Token> tokens, size_t at, size_t count) {
  size_t braces = 0;
  for (size_t i = at; count > 0 && !ends_item(tokens[i].kind); ++i) {
    switch (opened(tokens[i].kind)) {
      case Bracket::brace: ++braces; break;
      case Bracket::paren:
      case Bracket::square: ++count; break;
      default: break;
    }
    switch (closed(tokens[i].kind)) {
      case Bracket::brace:
        if (braces == 0) return at;
        --braces;
        break;
      case Bracket::paren:
      case Bracket::square:
        if (--count == 0) return i + 1;
        break;
      default: break;
    }
  }
  return at;
}

}  // namespace

std::optional<size_t> open_bracket(std::span<const Token> tokens, size_t at) {
  const std::vector<size_t> open = open_brackets(tokens, at);
  return open.empty() ? std::nullopt : std::optional(open.back());
}

std::optional<size_t> open_brace(std::span<const Token> tokens, size_t at) {
  std::vector<size_t> open = open_brackets(tokens, at);
  while (!open.empty() && opened(tokens[open.back()].kind) != Bracket::brace) open.pop_back();
  return open.empty() ? std::nullopt : std::optional(open.back());
}

size_t statement_end(std::span<const Token> tokens, size_t at) {
  const std::vector<size_t> open = open_brackets(tokens, at);
  size_t around = 0;
  while (around < open.size() && opened(tokens[open[open.size() - 1 - around]].kind) != Bracket::brace) ++around;
  size_t braces = 0;
  for (size_t i = behind_brackets(tokens, at, around);; ++i) {
    const TokenKind kind = tokens[i].kind;
    if (ends_item(kind)) return i;
    if (braces == 0 && (kind == SEMICOLON || kind == RBRACE)) return i;
    if (opened(kind) == Bracket::brace) ++braces;
    if (kind == RBRACE) --braces;
  }
}

}  // namespace sonde::parse
