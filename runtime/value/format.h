// Values to text: the default form (output.md 3), map keys (6.1) and printf-style formats (stdlib.md 5.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "image/event_layout.h"
#include "image/format_string.h"
#include "runtime/value/decode.h"
#include "runtime/value/value.h"

namespace sonde::value {

// Appends the default form. Histograms and series have none here (print/histogram.h, print/series.h draw them).
void append_text(std::string& out, const Value& value);
// Appends the key text: the default form without its outer parentheses.
void append_key(std::string& out, const Value& key);

// Appends a number in decimal, or in lower-case hex without prefix.
void append_decimal(std::string& out, const Integer& number);
void append_hex(std::string& out, uint64_t number);
// GFP flag names of `%gr`.
void append_gfp_flags(std::string& out, uint64_t flags);

// Appends `format` with its arguments. What cannot be formatted is replaced by `!{message}`.
void append_formatted(std::string& out, const image::FormatString& format, std::span<const Value> arguments);
// The same, straight from a record: fields[i] is argument i, its bytes lie in `record`.
void append_formatted(std::string& out, const image::FormatString& format, std::span<const image::EventField> fields,
                      std::span<const std::byte> record, const Decoder& decoder);

}  // namespace sonde::value
