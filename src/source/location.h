// Where something stands in the source: a buffer and two byte offsets. Lines and columns are computed only when a
// message is rendered.
#pragma once

#include <cstdint>

namespace sonde::source {

// Index of a buffer in its SourceSet.
struct BufferId {
  uint32_t value = UINT32_MAX;
  bool valid() const { return value != UINT32_MAX; }
  bool operator==(const BufferId&) const = default;
};

// Half-open byte range [begin, end) of one buffer. A default-made Range means "no location".
struct Range {
  BufferId buffer;
  uint32_t begin = 0;
  uint32_t end = 0;
  bool valid() const { return buffer.valid(); }
  bool operator==(const Range&) const = default;
};

// The smallest range that covers both; either may be invalid. Both must lie in one buffer, else `a` is returned.
inline Range cover(Range a, Range b) {
  if (!a.valid()) return b;
  if (!b.valid() || a.buffer != b.buffer) return a;
  return {a.buffer, a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end};
}

}  // namespace sonde::source
