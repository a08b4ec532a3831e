// The lexer of C: maximal munch over bytes, with line splices treated as blanks.
#include <algorithm>
#include <array>

#include "cdef/token.h"

namespace sonde::cdef {
namespace {

bool begins_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool continues_word(char c) { return begins_word(c) || is_digit(c); }

class Lexer {
 public:
  Lexer(std::string_view text, source::Range range, std::vector<Token>& out)
      : text_(text.substr(0, range.end)), buffer_(range.buffer), at_(range.begin), out_(out) {}

  void run() {
    while (skip_blanks()) token();
  }

 private:
  char peek(size_t distance = 0) const { return at_ + distance < text_.size() ? text_[at_ + distance] : '\0'; }

  // False at the end.
  bool skip_blanks() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') {
        line_start_ = true;
        ++at_;
      } else if (c == '\\' && (peek(1) == '\n' || (peek(1) == '\r' && peek(2) == '\n'))) {
        at_ += peek(1) == '\n' ? 2 : 3;
      } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
        ++at_;
      } else if (c == '/' && peek(1) == '/') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == '/' && peek(1) == '*') {
        const size_t end = text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + 2;
      } else {
        return true;
      }
      space_ = true;
    }
    return false;
  }

  // Bytes of an encoding prefix (`L"..."`, `u8'a'`) at the cursor.
  size_t prefix() const {
    const size_t length = peek() == 'u' && peek(1) == '8' ? 2 : peek() == 'L' || peek() == 'u' || peek() == 'U' ? 1 : 0;
    return length && (peek(length) == '"' || peek(length) == '\'') ? length : 0;
  }

  size_t quoted_end(size_t open) const {
    const char quote = text_[open];
    for (size_t i = open + 1; i < text_.size() && text_[i] != '\n'; ++i) {
      if (text_[i] == '\\')
        ++i;
      else if (text_[i] == quote)
        return i + 1;
    }
    return std::string_view::npos;
  }

  size_t number_end() const {
    size_t i = at_;
    while (i < text_.size() && (continues_word(text_[i]) || text_[i] == '.')) {
      const char exponent = static_cast<char>(text_[i] | 0x20);
      ++i;
      // "1e+5" is one number, "0xe+5" is two and a plus.
      const bool hex = at_ + 1 < text_.size() && (text_[at_ + 1] | 0x20) == 'x';
      const bool sign = i < text_.size() && (text_[i] == '+' || text_[i] == '-');
      if (sign && ((exponent == 'e' && !hex) || exponent == 'p')) ++i;
    }
    return i;
  }

  size_t punctuator_end() const {
    static constexpr std::array<std::string_view, 22> kLong = {"...", "<<=", ">>=", "->", "++", "--", "<<", ">>",
                                                               "<=",  ">=",  "==",  "!=", "&&", "||", "*=", "/=",
                                                               "%=",  "+=",  "-=",  "&=", "^=", "|="};
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("##")) return at_ + 2;
    for (const std::string_view word : kLong)
      if (rest.starts_with(word)) return at_ + word.size();
    return at_ + 1;
  }

  void token() {
    const char c = text_[at_];
    TokenKind kind = TokenKind::punctuator;
    size_t end = at_ + 1;
    const size_t open = at_ + prefix();
    if (const char quote = text_[open]; quote == '"' || quote == '\'') {
      const size_t closed = quoted_end(open);
      kind = closed == std::string_view::npos ? TokenKind::other
             : quote == '"'                   ? TokenKind::string
                                              : TokenKind::character;
      // An apostrophe in the text of an #error must not swallow what follows.
      end = closed == std::string_view::npos ? open + 1 : closed;
    } else if (begins_word(c)) {
      kind = TokenKind::identifier;
      while (end < text_.size() && continues_word(text_[end])) ++end;
    } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
      kind = TokenKind::number;
      end = number_end();
    } else if (std::string_view("[](){}.&*+-~!/%<>^|?:;=,#").find(c) != std::string_view::npos) {
      end = punctuator_end();
    } else {
      kind = TokenKind::other;
    }
    const auto begin = static_cast<uint32_t>(at_);
    out_.push_back({.kind = kind,
                    .line_start = line_start_,
                    .space = space_,
                    .hidden = nullptr,
                    .text = text_.substr(at_, end - at_),
                    .range = {buffer_, begin, static_cast<uint32_t>(end)}});
    line_start_ = space_ = false;
    at_ = end;
  }

  std::string_view text_;
  source::BufferId buffer_;
  size_t at_;
  std::vector<Token>& out_;
  bool line_start_ = true;
  bool space_ = false;
};

}  // namespace

void lex(const source::SourceSet& sources, source::Range range, std::vector<Token>& out) {
  Lexer(sources.buffer(range.buffer).text(), range, out).run();
}

}  // namespace sonde::cdef
