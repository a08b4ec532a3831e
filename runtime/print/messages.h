// Messages about what went wrong in the kernel, and their layout with the place in the script (output.md 9).
#pragma once

#include <string>
#include <string_view>

#include "image/image.h"
#include "runtime/print/printer.h"

namespace sonde::print {

// The message for `cell.count` new failures at `site` (the site's text, helper and last return code).
Message describe(const image::Image& image, const image::ErrorSite& site, const image::ErrorCell& cell);

// Appends the whole message as text mode shows it: location, severity, text, helper line, source line, markers, and one
// block per macro level.
void append_message(std::string& out, const image::Image& image, const Message& message, bool color);

// Appends `LOCATION: ERROR: TEXT` (or WARNING) with the source, markers and macro levels of `span`; without a location if
// the id is invalid.
void append_located(std::string& out, const image::Image& image, image::SpanId span, bool error, std::string_view text,
                    bool color);

// "stdin:1:20-27" or "file:4-5" for a span of several lines.
std::string location(const image::SourceSpan& span);

}  // namespace sonde::print
