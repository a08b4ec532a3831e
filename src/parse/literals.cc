// Two stages for integers, as the language defines them: the spelling (digits, `_`, known suffix), then the value.
#include "parse/literals.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "parse/integer.h"

namespace sonde::parse {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Suffixes that pass the first stage. Upper case C suffixes do, only to be refused by the second.
bool known_suffix(std::string_view suffix) {
  constexpr std::array<std::string_view, 7> durations{"ns", "us", "ms", "s", "m", "h", "d"};
  if (std::ranges::find(durations, suffix) != durations.end()) return true;
  if (!suffix.empty() && (suffix[0] == 'u' || suffix[0] == 'U')) suffix.remove_prefix(1);
  return suffix.size() <= 2 && std::ranges::all_of(suffix, [](char c) { return c == 'l' || c == 'L'; });
}

// Decodes the escape that starts at text[0] == '\\'. Returns how many bytes it takes.
class EscapeReader {
 public:
  EscapeReader(std::string_view text, source::Range range, diag::Diagnostics& diagnostics)
      : text_(text), range_(range), diagnostics_(diagnostics) {}

  size_t read(std::string& out) {
    switch (text_[1]) {
      case 'n': out += '\n'; return 2;
      case 't': out += '\t'; return 2;
      case 'r': out += '\r'; return 2;
      case '"': out += '"'; return 2;
      case '\\': out += '\\'; return 2;
      case 'x':
      case 'X': return read_hex(out);
      default: break;
    }
    if (text_[1] >= '0' && text_[1] <= '7') return read_octal(out);
    diagnostics_.emit<diag::Id::syntax_bad_escape>(part(2), text_.substr(0, 2));
    return 2;
  }

 private:
  source::Range part(size_t length) const {
    return {range_.buffer, range_.begin, range_.begin + static_cast<uint32_t>(length)};
  }

  size_t read_hex(std::string& out) {
    size_t length = 2;
    int value = 0;
    for (; length < 4 && length < text_.size() && std::isxdigit(static_cast<unsigned char>(text_[length])); ++length) {
      const char c = text_[length];
      value = value * 16 + (is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    if (length == 2)
      diagnostics_.emit<diag::Id::syntax_hex_escape>(part(2));
    else
      out += static_cast<char>(value);
    return length;
  }

  size_t read_octal(std::string& out) {
    size_t length = 1;
    int value = 0;
    for (; length < 4 && length < text_.size() && text_[length] >= '0' && text_[length] <= '7'; ++length)
      value = value * 8 + (text_[length] - '0');
    if (value > 255)
      diagnostics_.emit<diag::Id::syntax_octal_escape>(part(length), text_.substr(0, length));
    else
      out += static_cast<char>(value);
    return length;
  }

  std::string_view text_;
  source::Range range_;
  diag::Diagnostics& diagnostics_;
};

}  // namespace

uint64_t integer_value(std::string_view lexeme, source::Range range, diag::Diagnostics& diagnostics) {
  const bool hexadecimal = lexeme.starts_with("0x") || lexeme.starts_with("0X");
  if (lexeme.ends_with('_')) {
    diagnostics.emit<diag::Id::syntax_trailing_underscore>(range);
    return 0;
  }
  if (!hexadecimal) {
    const auto* after = std::ranges::find_if_not(lexeme, [](char c) { return is_digit(c) || c == '_'; });
    std::string_view suffix(after, lexeme.end());
    if (suffix.data() > lexeme.data() && suffix.data()[-1] == '_') {
      diagnostics.emit<diag::Id::syntax_trailing_underscore>(range);
      return 0;
    }
    if (suffix.size() >= 2 && (suffix[0] == 'e' || suffix[0] == 'E') && is_digit(suffix[1])) {
      const size_t end = suffix.find_first_not_of("0123456789", 1);
      suffix = end == std::string_view::npos ? std::string_view{} : suffix.substr(end);
    }
    if (!known_suffix(suffix)) {
      diagnostics.emit<diag::Id::syntax_integer_suffix>(range, suffix);
      return 0;
    }
  }
  const auto value = parse_integer(lexeme);
  if (!value) {
    diagnostics.emit<diag::Id::syntax_bad_integer>(range, value.error());
    return 0;
  }
  return value->value;
}

std::string string_value(std::string_view lexeme, source::Range range, diag::Diagnostics& diagnostics) {
  const std::string_view inner = lexeme.substr(1, lexeme.size() - 2);
  std::string out;
  for (size_t i = 0; i < inner.size();) {
    if (inner[i] != '\\') {
      out += inner[i++];
      continue;
    }
    const source::Range from{range.buffer, range.begin + 1 + static_cast<uint32_t>(i), range.end};
    i += EscapeReader(inner.substr(i), from, diagnostics).read(out);
  }
  return out;
}

}  // namespace sonde::parse
