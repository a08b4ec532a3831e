// Places of the script, copied into the image with their text so that run-time messages need no source.
#include <algorithm>

#include "plan/plan.h"

namespace sonde::plan {
namespace {

image::SourceSpan describe(const source::SourceSet& sources, source::Range range) {
  const source::SourceBuffer& buffer = sources.buffer(range.buffer);
  const source::Position begin = buffer.position(range.begin);
  const source::Position end = buffer.position(range.end);
  image::SourceSpan span;
  span.file = buffer.name();
  span.line = begin.line;
  span.column = begin.column;
  span.end_line = end.line;
  span.end_column = begin.line == end.line ? end.column : 0;
  for (uint32_t line = begin.line; line <= end.line; ++line) {
    if (line > begin.line) span.text += '\n';
    span.text += buffer.line(line);
  }
  return span;
}

image::SpanId intern(image::Image& image, image::SourceSpan span) {
  const auto known = std::ranges::find(image.spans, span);
  if (known != image.spans.end()) return {static_cast<uint32_t>(known - image.spans.begin())};
  image.spans.push_back(std::move(span));
  return {static_cast<uint32_t>(image.spans.size() - 1)};
}

}  // namespace

image::SpanId add_span(image::Image& image, const source::SourceSet& sources, source::Range range,
                       const std::vector<source::Range>* expanded_from) {
  if (!range.valid()) return {};
  image::SourceSpan span = describe(sources, range);
  if (expanded_from)
    for (source::Range level : *expanded_from)
      if (level.valid()) span.expanded_from.push_back(intern(image, describe(sources, level)));
  return intern(image, std::move(span));
}

}  // namespace sonde::plan
