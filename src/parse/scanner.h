// The flex scanner (grammar/sonde.l) behind a small interface. It knows lexemes only; which mode applies where is
// decided by item_lexer.cc, what a word means by token_filter.cc.
#pragma once

#include <cstdint>
#include <string_view>

#include "grammar/parser.h"

namespace sonde::parse {

using TokenKind = grammar::Parser::token::token_kind_type;

struct Token {
  TokenKind kind;
  uint32_t begin;  // byte offsets of the lexeme
  uint32_t end;
};

class Scanner {
 public:
  enum class Mode : uint8_t {
    code,          // expressions, statements, headers
    top,           // where a top-level item starts: an identifier, a `#` line, else one byte
    attach,        // the raw text of an attach point, else one byte
    c_definition,  // brackets, words, literals and other bytes of C
  };

  // `text` must outlive the scanner and be shorter than 2 GiB.
  explicit Scanner(std::string_view text);
  ~Scanner();
  Scanner(const Scanner&) = delete;
  Scanner& operator=(const Scanner&) = delete;

  // The next token behind layout; END with an empty range at the end of the text, again and again.
  Token next(Mode mode);
  // Gives back the token that next() returned last, to be read in another mode.
  void unread();

 private:
  void* flex_ = nullptr;
};

}  // namespace sonde::parse
