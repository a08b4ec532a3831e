// Line index and lookup of owned source texts.
#include "source/source_buffer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sonde::source {

SourceBuffer::SourceBuffer(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
  line_starts_.push_back(0);
  for (size_t i = 0; i < text_.size(); ++i)
    if (text_[i] == '\n') line_starts_.push_back(static_cast<uint32_t>(i + 1));
}

Position SourceBuffer::position(uint32_t offset) const {
  offset = std::min(offset, static_cast<uint32_t>(text_.size()));
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto line = static_cast<uint32_t>(after - line_starts_.begin());
  return {line, offset - line_starts_[line - 1] + 1};
}

std::string_view SourceBuffer::line(uint32_t number) const {
  if (number == 0 || number > line_starts_.size()) return {};
  const size_t begin = line_starts_[number - 1];
  const size_t end = number < line_starts_.size() ? line_starts_[number] - 1 : text_.size();
  return std::string_view(text_).substr(begin, end - begin);
}

BufferId SourceSet::add(std::string name, std::string text) {
  buffers_.emplace_back(std::move(name), std::move(text));
  return {static_cast<uint32_t>(buffers_.size() - 1)};
}

const SourceBuffer& SourceSet::buffer(BufferId id) const {
  SONDE_CHECK(id.value < buffers_.size());
  return buffers_[id.value];
}

std::string_view SourceSet::text(Range range) const {
  return range.valid() ? buffer(range.buffer).text().substr(range.begin, range.end - range.begin) : std::string_view{};
}

}  // namespace sonde::source
