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

void add_numbers(std::vector<uint32_t>& key, source::Range range) {
  key.insert(key.end(), {range.buffer.value, range.begin, range.end});
}

}  // namespace

image::SpanId add_span(Plan& plan, const source::SourceSet& sources, source::Range range,
                       const std::vector<source::Range>* expanded_from) {
  if (!range.valid()) return {};
  std::vector<uint32_t> key;
  add_numbers(key, range);
  if (expanded_from)
    for (const source::Range& outer : *expanded_from)
      if (outer.valid()) add_numbers(key, outer);
  if (const auto known = plan.spans.find(key); known != plan.spans.end()) return known->second;
  image::SourceSpan span = describe(sources, range);
  if (expanded_from)
    for (const source::Range& outer : *expanded_from)
      if (outer.valid()) span.expanded_from.push_back(add_span(plan, sources, outer, nullptr));
  const image::SpanId id{static_cast<uint32_t>(plan.image.spans.size())};
  plan.image.spans.push_back(std::move(span));
  plan.spans.emplace(std::move(key), id);
  return id;
}

}  // namespace sonde::plan
