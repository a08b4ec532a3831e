// Characters beyond ASCII in names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sonde::base {

// Whether `code` is a character's: a code point that is no half of a UTF-16 pair (Unicode 3.9, D76).
bool is_scalar_value(uint64_t code);

// Appends the UTF-8 of `code`, a scalar value.
void append_utf8(std::string& out, uint32_t code);

// Appends what `text` encodes: Punycode (RFC 3492) with `_` for the delimiter, as in Rust's symbols. False: it is none, and
// `out` is as it was.
bool decode_punycode(std::string_view text, std::string& out);

}  // namespace sonde::base
