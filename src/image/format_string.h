// A printf-style format, split once by the compiler (stdlib.md 5.1). The runtime formats values by it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sonde::image {

// Length modifier: the C type the value is converted to before printing.
enum class LengthModifier : uint8_t { none, hh, h, l, ll, j, z, t, L };

// One conversion, with the literal text in front of it. conversion 0: only text (the last piece).
struct FormatPiece {
  std::string text;        // literal text before the conversion, `%%` already a `%`
  std::string conversion;  // "d", "s", "gr", "r", "rx", "rh", ...; empty: none
  bool left = false, plus = false, space = false, alternate = false, zero = false;
  uint32_t width = 0;
  LengthModifier length = LengthModifier::none;
  bool operator==(const FormatPiece&) const = default;
};

struct FormatString {
  std::vector<FormatPiece> pieces;
  std::string source;  // as written
  bool operator==(const FormatString&) const = default;
};

// Splits `source`; text that is no conversion stays text. Never fails.
FormatString parse_format(const std::string& source);
// Number of arguments that a format takes.
size_t argument_count(const FormatString& format);

}  // namespace sonde::image
