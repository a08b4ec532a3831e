// UTF-8 and Punycode.
#include "base/unicode.h"

#include <vector>

namespace sonde::base {

bool is_scalar_value(uint64_t code) { return code < 0x110000 && (code < 0xd800 || code > 0xdfff); }

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

bool decode_punycode(std::string_view text, std::string& out) {
  constexpr uint32_t kBase = 36, kLeast = 1, kMost = 26, kSkew = 38, kDamp = 700;
  std::vector<uint32_t> codes;
  if (const size_t plain = text.rfind('_'); plain != text.npos) {
    codes.assign(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(plain));
    text.remove_prefix(plain + 1);
  }
  uint64_t code = 0x80, index = 0;
  uint32_t bias = 72;
  bool first = true;
  while (!text.empty()) {
    const uint64_t before = index;
    uint64_t weight = 1;
    for (uint32_t k = kBase;; k += kBase) {
      if (text.empty()) return false;
      const char c = text.front();
      text.remove_prefix(1);
      const bool is_digit = c >= '0' && c <= '9';
      if (!is_digit && (c < 'a' || c > 'z')) return false;
      const auto digit = static_cast<uint32_t>(is_digit ? c - '0' + 26 : c - 'a');
      index += digit * weight;
      const uint32_t threshold = k <= bias ? kLeast : k >= bias + kMost ? kMost : k - bias;
      if (digit < threshold) break;
      weight *= kBase - threshold;
      if (weight > UINT32_MAX || index > UINT32_MAX) return false;
    }
    const uint64_t count = codes.size() + 1;
    uint64_t delta = (index - before) / (first ? kDamp : 2);
    delta += delta / count;
    uint32_t k = 0;
    for (; delta > (kBase - kLeast) * kMost / 2; k += kBase) delta /= kBase - kLeast;
    bias = k + static_cast<uint32_t>((kBase - kLeast + 1) * delta / (delta + kSkew));
    first = false;
    code += index / count;
    index %= count;
    if (!is_scalar_value(code)) return false;
    codes.insert(codes.begin() + static_cast<std::ptrdiff_t>(index++), static_cast<uint32_t>(code));
  }
  for (const uint32_t each : codes) append_utf8(out, each);
  return true;
}

}  // namespace sonde::base
