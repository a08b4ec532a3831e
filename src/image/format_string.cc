// Splitting of printf-style formats (stdlib.md 5.1): which text is a conversion, and its flags in their fixed order.
#include "image/format_string.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sonde::image {
namespace {

constexpr std::string_view kModifiers = "hlLjzt";
// Longest first: `gr` is not `g` followed by text.
constexpr std::array<std::string_view, 23> kConversions = {"gr", "rx", "rh", "r", "d", "i", "o", "u",
                                                           "x",  "X",  "e",  "E", "f", "F", "g", "G",
                                                           "a",  "A",  "c",  "s", "p", "n", "%"};
constexpr uint32_t kWidthLimit = 65536;

LengthModifier modifier_of(std::string_view text) {
  if (text.empty()) return LengthModifier::none;
  if (text == "h") return LengthModifier::h;
  if (text == "l") return LengthModifier::l;
  switch (text.back()) {
    case 'h': return LengthModifier::hh;
    case 'l': return LengthModifier::ll;
    case 'j': return LengthModifier::j;
    case 'z': return LengthModifier::z;
    case 't': return LengthModifier::t;
    default: return LengthModifier::L;
  }
}

class Splitter {
 public:
  explicit Splitter(std::string_view source) : rest_(source) {}

  // The conversion at the start of the rest, which begins with `%`; `length` is what it covers.
  bool conversion(FormatPiece& piece, size_t& length) const {
    size_t at = 1;
    const auto flag = [&](char c) {
      if (at >= rest_.size() || rest_[at] != c) return false;
      ++at;
      return true;
    };
    piece.left = flag('-');
    piece.plus = flag('+');
    piece.space = flag(' ');
    piece.alternate = flag('#');
    piece.zero = flag('0');
    piece.width = number(at);
    // A precision and `*` are accepted and have no effect.
    if (flag('.')) number(at);
    const size_t modifiers = at;
    while (at < rest_.size() && kModifiers.find(rest_[at]) != std::string_view::npos) ++at;
    piece.length = modifier_of(rest_.substr(modifiers, at - modifiers));
    for (std::string_view name : kConversions) {
      if (rest_.substr(std::min(at, rest_.size())).starts_with(name)) {
        piece.conversion = name;
        length = at + name.size();
        return true;
      }
    }
    return false;
  }

  FormatString split() {
    FormatString format;
    std::string text;
    while (!rest_.empty()) {
      const size_t percent = rest_.find('%');
      text += rest_.substr(0, percent);
      if (percent == std::string_view::npos) break;
      rest_.remove_prefix(percent);
      FormatPiece piece;
      size_t length = 1;
      if (!conversion(piece, length) || piece.conversion == "%") {
        text += '%';
        rest_.remove_prefix(length);
        continue;
      }
      piece.text = std::move(text);
      text.clear();
      format.pieces.push_back(std::move(piece));
      rest_.remove_prefix(length);
    }
    if (!text.empty()) format.pieces.push_back({.text = std::move(text)});
    return format;
  }

 private:
  // Digits or `*` at `at`; 0 for `*` and for nothing.
  uint32_t number(size_t& at) const {
    if (at < rest_.size() && rest_[at] == '*') {
      ++at;
      return 0;
    }
    uint32_t value = 0;
    for (; at < rest_.size() && rest_[at] >= '0' && rest_[at] <= '9'; ++at)
      value = std::min(value * 10 + static_cast<uint32_t>(rest_[at] - '0'), kWidthLimit);
    return value;
  }

  std::string_view rest_;
};

}  // namespace

FormatString parse_format(const std::string& source) {
  FormatString format = Splitter(source).split();
  format.source = source;
  return format;
}

size_t argument_count(const FormatString& format) {
  return static_cast<size_t>(
      std::ranges::count_if(format.pieces, [](const FormatPiece& piece) { return !piece.conversion.empty(); }));
}

}  // namespace sonde::image
