// One forward pass with a stack of open brackets.
#include "parse/token_filter.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "parse/keywords.h"

namespace sonde::parse {

using enum grammar::Parser::token::token_kind_type;

namespace {

using Word = std::pair<std::string_view, TokenKind>;

// Meant wherever an operand may stand.
constexpr std::array<Word, 6> expression_words{{{"sizeof", SIZEOF},
                                                {"offsetof", OFFSETOF},
                                                {"typeinfo", TYPEINFO},
                                                {"comptime", COMPTIME},
                                                {"true", TRUE},
                                                {"false", FALSE}}};
// Meant at the start of a statement.
constexpr std::array<Word, 8> statement_words{{{"break", BREAK},
                                               {"continue", CONTINUE},
                                               {"return", RETURN},
                                               {"let", LET},
                                               {"while", WHILE},
                                               {"for", FOR},
                                               {"unroll", UNROLL},
                                               {"import", IMPORT}}};
constexpr std::array<Word, 3> tag_words{{{"struct", STRUCT}, {"union", UNION}, {"enum", ENUM}}};

TokenKind find_word(std::span<const Word> words, std::string_view text) {
  const auto found = std::ranges::find(words, text, &Word::first);
  return found == words.end() ? IDENT : found->second;
}

class Filter {
 public:
  Filter(std::string_view text, std::vector<Token>& tokens) : text_(text), tokens_(tokens) {}

  void run() {
    match_parentheses();
    for (size_t i = 0; i < tokens_.size(); ++i) step(i);
  }

 private:
  // What an open bracket holds.
  enum class Inside : uint8_t { block, group, record, offset, index, header };

  TokenKind kind(size_t i) const { return i < tokens_.size() ? tokens_[i].kind : END; }
  TokenKind before(size_t i, size_t back = 1) const { return i >= back ? tokens_[i - back].kind : END; }
  std::string_view word(size_t i) const {
    return kind(i) == IDENT ? text_.substr(tokens_[i].begin, tokens_[i].end - tokens_[i].begin) : std::string_view{};
  }
  bool is_inside(Inside inside) const { return !open_.empty() && open_.back() == inside; }

  // partner_[i]: index of the `)` that closes the `(` at i, for the look past typeof(...).
  void match_parentheses() {
    partner_.assign(tokens_.size(), 0);
    std::vector<size_t> open;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (kind(i) == ITEM_END) open.clear();
      if (kind(i) == LPAREN) open.push_back(i);
      if (kind(i) == RPAREN && !open.empty()) {
        partner_[open.back()] = i;
        open.pop_back();
      }
    }
  }

  void step(size_t i) {
    switch (kind(i)) {
      case MACRO: collect_parameters(i); [[fallthrough]];
      case CONFIG:
      case ROOT_IMPORT:
      case ROOT_LET:
      case FN: in_header_ = true; break;
      case ITEM_END:
        open_.clear();
        parameters_.clear();
        in_header_ = false;
        break;
      case IDENT: tokens_[i].kind = identifier(i); break;
      case MAP:
        if (kind(i + 1) == LBRACKET && !in_header_) tokens_[i].kind = KEYED_MAP;
        break;
      case SLASH:
        if (kind(i + 1) == LBRACE) tokens_[i].kind = PRED_END;
        break;
      case LPAREN: parenthesis(i); break;
      case LBRACKET: open_.push_back(Inside::index); break;
      case LBRACE: brace(i); break;
      case RPAREN:
      case RBRACKET: close(); break;
      case RBRACE:
        while (!open_.empty() && open_.back() != Inside::block) open_.pop_back();
        close();
        break;
      default: break;
    }
  }

  // `macro name(a, $b, c) {`: a and c.
  void collect_parameters(size_t i) {
    if (kind(i + 2) != LPAREN) return;
    for (size_t at = i + 3; at < partner_[i + 2]; ++at)
      if (kind(at) == IDENT) parameters_.push_back(word(at));
  }

  void close() {
    if (!open_.empty()) open_.pop_back();
  }

  void brace(size_t i) {
    // In `config = {` the header goes on; every other `{` opens code.
    const bool config = in_header_ && before(i) == ASSIGN;
    if (!config) {
      in_header_ = false;
      if (starts_statement(i)) tokens_[i].kind = STMT_LBRACE;
    }
    open_.push_back(Inside::block);
  }

  bool starts_statement(size_t i) const {
    const TokenKind last = before(i);
    return is_inside(Inside::block) && (last == LBRACE || last == STMT_LBRACE || last == RBRACE || last == SEMICOLON);
  }

  TokenKind identifier(size_t i) {
    const TokenKind last = before(i);
    if (last == DOT || last == ARROW || last == STRUCT || last == UNION || last == ENUM) return IDENT;
    const bool declared_type = last == COLON && (in_header_ || (before(i, 2) == VARIABLE && before(i, 3) == LET));
    if (i == type_at_ || declared_type) return type_word(i);
    if (in_header_) return IDENT;
    const bool names_field = (is_inside(Inside::record) && (last == RECORD_LPAREN || last == COMMA)) ||
                             (is_inside(Inside::offset) && last == COMMA);
    if (names_field) return IDENT;
    return code_word(i);
  }

  TokenKind type_word(size_t i) const {
    if (word(i) == "typeof" && kind(i + 1) == LPAREN) return TYPEOF;
    const TokenKind tag = find_word(tag_words, word(i));
    return tag == IDENT ? TYPE_NAME : tag;
  }

  TokenKind code_word(size_t i) const {
    const std::string_view name = word(i);
    if (name == "if") return starts_statement(i) ? STMT_IF : IF;
    if (name == "else" && before(i) == RBRACE) return ELSE;
    if (name == "typeof" && kind(i + 1) == LPAREN) return TYPEOF;
    if (const TokenKind found = find_word(expression_words, name); found != IDENT) return found;
    if (!starts_statement(i)) return IDENT;
    if (name == "_" && kind(i + 1) == ASSIGN) return UNDERSCORE;
    return find_word(statement_words, name);
  }

  void parenthesis(size_t i) {
    if (in_header_) {
      open_.push_back(Inside::header);
      return;
    }
    switch (before(i)) {
      case SIZEOF:
      case TYPEINFO:
      case TYPEOF: return type_operand(i, Inside::group);
      case OFFSETOF: return type_operand(i, Inside::offset);
      case IDENT:
      case FOR: return open_.push_back(Inside::group);
      default: break;
    }
    const bool names_builtin = is_builtin_name(word(i + 1));
    if (kind(i + 1) == IDENT && !names_builtin && kind(i + 2) == ASSIGN) {
      tokens_[i].kind = RECORD_LPAREN;
      return open_.push_back(Inside::record);
    }
    if (!names_builtin && is_cast(i)) {
      tokens_[i].kind = CAST_LPAREN;
      type_at_ = i + 1;
    }
    open_.push_back(Inside::group);
  }

  // `(` behind sizeof and its kin: a type if nothing but a type stands there.
  void type_operand(size_t i, Inside inside) {
    open_.push_back(inside);
    const bool tagged = find_word(tag_words, word(i + 1)) != IDENT;
    const TokenKind behind = kind(type_end(i + 1));
    const bool closed = behind == RPAREN || (inside == Inside::offset && behind == COMMA);
    if (tagged || (closed && !is_builtin_name(word(i + 1)))) type_at_ = i + 1;
  }

  bool is_cast(size_t i) const {
    // `struct` in an operand can only begin a type: a missing name is then reported as such.
    if (find_word(tag_words, word(i + 1)) != IDENT) return true;
    size_t end = type_end(i + 1);
    if (word(i + 1) == "typeof" && kind(i + 2) == LPAREN && partner_[i + 2] != 0) end = partner_[i + 2] + 1;
    if (kind(end) != RPAREN || !begins_operand(end + 1)) return false;
    // A macro's parameter may be a type or a value, and most are values: `(a) - b` computes.
    const bool parameter = end == i + 2 && std::ranges::find(parameters_, word(i + 1)) != parameters_.end();
    return !parameter || (kind(end + 1) != MINUS && kind(end + 1) != STAR && kind(end + 1) != AMP);
  }

  // Index behind the type that starts at i; i itself when none does.
  size_t type_end(size_t i) const {
    if (kind(i) != IDENT) return i;
    size_t end = i + 1;
    if (find_word(tag_words, word(i)) != IDENT) {
      if (kind(end) != IDENT) return i;
      ++end;
    }
    for (;;) {
      if (kind(end) == STAR) {
        ++end;
      } else if (kind(end) == LBRACKET && kind(end + 1) == RBRACKET) {
        end += 2;
      } else if (kind(end) == LBRACKET && kind(end + 1) == INT && kind(end + 2) == RBRACKET) {
        end += 3;
      } else {
        return end;
      }
    }
  }

  // May the token begin the operand of a cast? `&&` and `!=` may not, though their first bytes would, and `&` only as
  // the address of a name.
  bool begins_operand(size_t i) const {
    constexpr std::array begins{IDENT,      INT,    STRING, BAD_STRING, VARIABLE, MAP,   POSITIONAL, POSITIONAL_COUNT,
                                BAD_DOLLAR, LPAREN, MINUS,  DEC,        NOT,      TILDE, STAR};
    if (kind(i) == AMP) return kind(i + 1) == VARIABLE || kind(i + 1) == MAP;
    return std::ranges::find(begins, kind(i)) != begins.end();
  }

  std::string_view text_;
  std::vector<Token>& tokens_;
  std::vector<Inside> open_;
  std::vector<size_t> partner_;
  std::vector<std::string_view>
      parameters_;             // of the macro around the token: those that stand for expressions or types
  size_t type_at_ = SIZE_MAX;  // a type was found to start at this token
  bool in_header_ = false;     // between the word that opens an item (`macro`, `config`, ...) and its block
};

}  // namespace

void filter_tokens(std::string_view text, std::vector<Token>& tokens) { Filter(text, tokens).run(); }

}  // namespace sonde::parse
