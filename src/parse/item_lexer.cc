// Item boundaries follow the brackets alone, so one malformed item does not hide the errors of the next.
#include "parse/item_lexer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sonde::parse {

using diag::Id;
using Mode = Scanner::Mode;
using enum grammar::Parser::token::token_kind_type;

namespace {

// May this token end an operand? Then a `{` behind it opens a body, not a block expression.
bool ends_operand(TokenKind kind) {
  constexpr std::array ends{IDENT,  INT,      STRING, VARIABLE, MAP, POSITIONAL, POSITIONAL_COUNT,
                            RPAREN, RBRACKET, RBRACE, INC,      DEC};
  return std::ranges::find(ends, kind) != ends.end();
}

// Finds the `{` that ends a predicate: behind a `/`, or, where that was forgotten, behind an operand. The bodies of an
// `if` in the predicate stand behind operands too.
class PredicateEnd {
 public:
  // `token` stands outside of all brackets, `word` is its text.
  void pass(const Token& token, std::string_view word) {
    last_is_else_ = word == "else";
    if (word == "if") ++open_ifs_;
    last_ = token.kind;
  }
  bool at_brace() {
    if (last_ == SLASH) return true;
    if (!ends_operand(last_) || last_is_else_) return false;
    if (open_ifs_ == 0) return true;
    --open_ifs_;
    return false;
  }

 private:
  TokenKind last_ = END;
  bool last_is_else_ = false;
  size_t open_ifs_ = 0;
};

// Open brackets of an item. A closing bracket without partner closes nothing, except that `}` also closes what was left
// open inside its block.
class Nesting {
 public:
  void open(TokenKind kind) { open_.push_back(kind); }
  void close(TokenKind opener) {
    if (opener == LBRACE) {
      while (!open_.empty() && open_.back() != LBRACE) open_.pop_back();
      if (!open_.empty()) open_.pop_back();
    } else if (!open_.empty() && open_.back() == opener) {
      open_.pop_back();
    }
  }
  bool empty() const { return open_.empty(); }

 private:
  std::vector<TokenKind> open_;
};

}  // namespace

ItemLexer::ItemLexer(std::string_view text, source::BufferId buffer, diag::Diagnostics& diagnostics)
    : text_(text), buffer_(buffer), diagnostics_(diagnostics), scanner_(text) {}

// The range of an offending C token: a word, else one character; empty at the end.
source::Range ItemLexer::range(Token token) const {
  const bool whole = token.kind == IDENT || token.begin == token.end;
  return {buffer_, token.begin, whole ? token.end : token.begin + 1};
}

void ItemLexer::end_item() {
  const uint32_t end = tokens_.back().end;
  push({ITEM_END, end, end});
}

std::vector<Token> ItemLexer::program() {
  constexpr std::array<std::pair<std::string_view, TokenKind>, 5> words{
      {{"config", CONFIG}, {"import", ROOT_IMPORT}, {"macro", MACRO}, {"let", ROOT_LET}, {"fn", FN}}};
  bool first = true;
  for (;; first = false) {
    const Token token = scanner_.next(Mode::top);
    if (token.kind == END) {
      push(token);
      return std::move(tokens_);
    }
    if (token.kind == C_ITEM) {
      if (first && text(token).starts_with("#!")) continue;
      push(token);
      end_item();
      continue;
    }
    const std::string_view word = token.kind == IDENT ? text(token) : std::string_view{};
    if (word == "struct" || word == "union" || word == "enum") {
      c_definition(token);
      continue;
    }
    const auto* found = std::ranges::find(words, word, [](const auto& pair) { return pair.first; });
    if (found != words.end()) {
      push({found->second, token.begin, token.end});
      code(false);
    } else if (text(token) == "}" || text(token) == ";") {  // left over from the item before
      push({text(token) == "}" ? RBRACE : SEMICOLON, token.begin, token.end});
      end_item();
    } else {
      scanner_.unread();
      attach_points();
    }
  }
}

std::vector<Token> ItemLexer::expression() {
  push({EXPRESSION_START, 0, 0});
  do push(scanner_.next(Mode::code));
  while (tokens_.back().kind != END);
  return std::move(tokens_);
}

// Attach points up to the predicate or the body, then the rest of the probe.
void ItemLexer::attach_points() {
  for (bool first = true;; first = false) {
    if (!first) {
      // After a comma a `/` starts the predicate, though it may start an attach point elsewhere.
      const Token token = scanner_.next(Mode::code);
      scanner_.unread();
      if (token.kind == LBRACE || token.kind == SLASH || token.kind == COMMA || token.kind == END) break;
    }
    const Token text = scanner_.next(Mode::attach);
    if (text.kind != ATTACH && text.kind != BAD_STRING) {
      scanner_.unread();
      break;
    }
    push(text);
    const Token separator = scanner_.next(Mode::code);
    if (separator.kind != COMMA) {
      scanner_.unread();
      break;
    }
    push(separator);
  }
  const Token token = scanner_.next(Mode::code);
  const bool in_predicate = token.kind == SLASH && !tokens_.empty() && tokens_.back().kind != ITEM_END;
  if (in_predicate)
    push({PRED_BEGIN, token.begin, token.end});
  else
    scanner_.unread();
  code(in_predicate);
}

// Code up to the end of the item: the `}` of its outermost block, or a `;` outside of all brackets, or the `)` of a map
// declaration.
void ItemLexer::code(bool in_predicate) {
  const bool map_decl = !tokens_.empty() && tokens_.back().kind == ROOT_LET;
  Nesting nesting;
  PredicateEnd predicate;
  for (;;) {
    const Token token = scanner_.next(Mode::code);
    if (token.kind == END) {
      push({ITEM_END, token.begin, token.end});
      return;
    }
    push(token);
    if (in_predicate && nesting.empty() && token.kind == LBRACE) in_predicate = !predicate.at_brace();
    bool ends = false;
    switch (token.kind) {
      case LPAREN:
      case LBRACKET:
      case LBRACE: nesting.open(token.kind); break;
      case RPAREN:
        nesting.close(LPAREN);
        ends = map_decl && nesting.empty();
        break;
      case RBRACKET: nesting.close(LBRACKET); break;
      case RBRACE:
        nesting.close(LBRACE);
        ends = nesting.empty() && !in_predicate;
        break;
      case SEMICOLON: ends = nesting.empty(); break;
      default: break;
    }
    if (nesting.empty()) predicate.pass(token, text(token));
    if (!ends) continue;
    if (token.kind == RPAREN) {
      const Token semicolon = scanner_.next(Mode::code);
      if (semicolon.kind == SEMICOLON)
        push(semicolon);
      else
        scanner_.unread();
    }
    end_item();
    return;
  }
}

bool ItemLexer::skip_balanced(Token& last) {
  for (size_t depth = 1; depth > 0;) {
    last = scanner_.next(Mode::c_definition);
    switch (last.kind) {
      case END: return false;
      case LPAREN:
      case LBRACE:
      case LBRACKET: ++depth; break;
      case RPAREN:
      case RBRACE:
      case RBRACKET: --depth; break;
      default: break;
    }
  }
  return true;
}

// struct NAME { ... } __attribute__((...)) ; as one token. The C compiler judges what is inside.
void ItemLexer::c_definition(Token keyword) {
  Token token = scanner_.next(Mode::c_definition);
  while (token.kind == IDENT || token.kind == LPAREN || token.kind == LBRACKET) {
    const TokenKind opener = token.kind;
    if (opener != IDENT && !skip_balanced(token)) {
      diagnostics_.emit<Id::syntax_expected_token>(range(token), opener == LPAREN ? ")" : "]");
      return;
    }
    token = scanner_.next(Mode::c_definition);
  }
  if (token.kind != LBRACE) {
    diagnostics_.emit<Id::syntax_expected_token>(range(token), "{");
    if (token.kind != SEMICOLON) scanner_.unread();
    return;
  }
  if (!skip_balanced(token)) {
    diagnostics_.emit<Id::syntax_expected_token>(range(token), "}");
    return;
  }
  uint32_t end = token.end;
  if (!c_attributes(end)) {
    // What is left of the definition would only look like a malformed probe.
    do token = scanner_.next(Mode::c_definition);
    while (token.kind != SEMICOLON && token.kind != RBRACE && token.kind != END);
    return;
  }
  token = scanner_.next(Mode::c_definition);
  if (token.kind == SEMICOLON)
    end = token.end;
  else
    scanner_.unread();
  push({C_ITEM, keyword.begin, end});
  end_item();
}

bool ItemLexer::c_attributes(uint32_t& end) {
  for (;;) {
    Token token = scanner_.next(Mode::c_definition);
    if (token.kind != IDENT || text(token) != "__attribute__") {
      scanner_.unread();
      return true;
    }
    Token first = scanner_.next(Mode::c_definition);
    if (first.kind == LPAREN) first = scanner_.next(Mode::c_definition);
    if (first.kind != LPAREN) {
      diagnostics_.emit<Id::syntax_attribute_open>(range(first));
      return false;
    }
    // Both parentheses are open: the inner one must close right before the outer one.
    bool closed = skip_balanced(token);
    if (closed) {
      token = scanner_.next(Mode::c_definition);
      closed = token.kind == RPAREN;
    }
    if (!closed) {
      scanner_.unread();
      diagnostics_.emit<Id::syntax_attribute_close>(range(token));
      return false;
    }
    end = token.end;
  }
}

}  // namespace sonde::parse
