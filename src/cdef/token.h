// Tokens of C as the preprocessor makes them and the declaration parser reads them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "source/source_buffer.h"

namespace sonde::cdef {

enum class TokenKind : uint8_t {
  identifier,
  number,     // a preprocessing number: not necessarily valid
  string,     // with its quotes and what stands in front of them (`L"a"`)
  character,  // the same
  punctuator,
  pack,   // `#pragma pack`; the text is what stands in its parentheses
  other,  // a byte that begins no token of C
  end
};

// Names that may not be expanded in a token, because it came out of their expansion.
struct Hidden {
  std::string_view name;
  const Hidden* next;
};

struct Token {
  TokenKind kind = TokenKind::end;
  bool line_start = false;  // first of its line
  bool space = false;       // something blank in front
  const Hidden* hidden = nullptr;
  std::string_view text;  // in a source buffer, or in the preprocessor's store
  source::Range range;    // where the reader wrote it: for expanded tokens, the use of the macro

  bool is(std::string_view what) const {
    return (kind == TokenKind::punctuator || kind == TokenKind::identifier) && text == what;
  }
};

// Appends the tokens of `range` to `out`. Never fails: what is no token of C becomes `other`, an unterminated comment or
// literal ends with its line or the text. Linear in the length of the text.
void lex(const source::SourceSet& sources, source::Range range, std::vector<Token>& out);

}  // namespace sonde::cdef
