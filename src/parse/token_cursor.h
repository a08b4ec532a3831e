// The finished token list as the generated parser reads it, one token after the other.
#pragma once

#include <algorithm>
#include <span>

#include "parse/scanner.h"
#include "source/location.h"

namespace sonde::parse {

class TokenCursor {
 public:
  // `tokens` must end in END and outlive the cursor.
  TokenCursor(std::span<const Token> tokens, source::BufferId buffer) : tokens_(tokens), buffer_(buffer) {}

  // The kind of the next token, its range in `range`.
  TokenKind take(source::Range& range) {
    const Token& token = tokens_[next_ < tokens_.size() ? next_++ : tokens_.size() - 1];
    range = {buffer_, token.begin, token.end};
    return token.kind;
  }

  // Kind of the token `back` places before the one taken last; END before the first.
  TokenKind previous(size_t back) const { return next_ > back ? tokens_[next_ - 1 - back].kind : TokenKind::END; }
  const Token& current() const { return tokens_[at()]; }
  // All tokens, and the index of the one taken last.
  std::span<const Token> tokens() const { return tokens_; }
  size_t at() const { return next_ ? next_ - 1 : 0; }
  // Goes on with tokens()[index], which lies ahead.
  void resume(size_t index) { next_ = std::max(next_, index); }

 private:
  std::span<const Token> tokens_;
  source::BufferId buffer_;
  size_t next_ = 0;
};

}  // namespace sonde::parse
