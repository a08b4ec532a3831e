// Owned source texts: the script, its imports, the embedded library, and texts expanded from a #define.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "source/location.h"

namespace sonde::source {

// 1-based line and byte column.
struct Position {
  uint32_t line = 1;
  uint32_t column = 1;
};

// One text with its display name (`stdin`, a path as given, `stdlib/base.bt`) and a line index.
class SourceBuffer {
 public:
  SourceBuffer(std::string name, std::string text);

  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }
  // Position of a byte offset; offsets past the end give the position just behind the last byte.
  Position position(uint32_t offset) const;
  // Text of a 1-based line without its newline; empty for a line that does not exist.
  std::string_view line(uint32_t number) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<uint32_t> line_starts_;
};

// All buffers of a compilation. Buffers never move, so views into their texts stay valid as long as the set lives.
class SourceSet {
 public:
  BufferId add(std::string name, std::string text);
  const SourceBuffer& buffer(BufferId id) const;
  std::string_view text(Range range) const;
  size_t size() const { return buffers_.size(); }

 private:
  std::deque<SourceBuffer> buffers_;
};

}  // namespace sonde::source
