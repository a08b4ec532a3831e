// Diagnostics as text. Nothing is printed here: the driver decides where the text goes.
#pragma once

#include <string>
#include <string_view>

#include "diag/diagnostic.h"
#include "source/source_buffer.h"

namespace sonde::diag {

// The whole of one diagnostic, every line ended by a newline: message with source context, related places, hints, and
// the levels it was expanded from (language.md 19.1). With `color` the first line of each block is red or yellow.
std::string render(const Diagnostic& diagnostic, const source::SourceSet& sources, bool color);

// One message with its source context, for messages that are no catalogue row (run-time errors). `note` is an extra
// line between the two, without newline; may be empty.
std::string render_block(source::Range range, Severity severity, std::string_view text, std::string_view note,
                         const source::SourceSet& sources, bool color);

}  // namespace sonde::diag
