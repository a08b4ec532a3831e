// Offsets to lines and columns, ranges, and the set of buffers.
#include "source/source_buffer.h"

#include <gtest/gtest.h>

namespace sonde::source {
namespace {

TEST(SourceBuffer, PositionsAreOneBasedAndCountBytes) {
  const SourceBuffer buffer("a.bt", "ab\n\xc3\xa9\tz\n");
  EXPECT_EQ(buffer.position(0).line, 1u);
  EXPECT_EQ(buffer.position(0).column, 1u);
  EXPECT_EQ(buffer.position(2).column, 3u);  // the newline belongs to its line
  EXPECT_EQ(buffer.position(3).line, 2u);
  EXPECT_EQ(buffer.position(6).column, 4u);  // two bytes of the letter and one tab
}

TEST(SourceBuffer, PositionBehindTheEndIsClamped) {
  const SourceBuffer buffer("a.bt", "ab\n");
  EXPECT_EQ(buffer.position(3).line, 2u);
  EXPECT_EQ(buffer.position(99).line, 2u);
  EXPECT_EQ(buffer.position(99).column, 1u);
}

TEST(SourceBuffer, LinesComeWithoutNewline) {
  const SourceBuffer buffer("a.bt", "one\n\nthree");
  EXPECT_EQ(buffer.line(1), "one");
  EXPECT_EQ(buffer.line(2), "");
  EXPECT_EQ(buffer.line(3), "three");
  EXPECT_EQ(buffer.line(0), "");
  EXPECT_EQ(buffer.line(4), "");
}

TEST(SourceSet, TextOfARange) {
  SourceSet sources;
  sources.add("first", "xyz");
  const BufferId second = sources.add("second", "abcdef");
  EXPECT_EQ(sources.text({second, 1, 3}), "bc");
  EXPECT_EQ(sources.text({}), "");
  EXPECT_EQ(sources.buffer(second).name(), "second");
}

TEST(SourceSet, BuffersDoNotMove) {
  SourceSet sources;
  const BufferId first = sources.add("first", "text");
  const char* before = sources.buffer(first).text().data();
  for (int i = 0; i < 1000; ++i) sources.add("more", "text");
  EXPECT_EQ(sources.buffer(first).text().data(), before);
}

TEST(Range, CoverTakesTheSmallestRangeAroundBoth) {
  const BufferId buffer{0};
  EXPECT_EQ(cover({buffer, 4, 6}, {buffer, 1, 5}), (Range{buffer, 1, 6}));
  EXPECT_EQ(cover({}, {buffer, 1, 5}), (Range{buffer, 1, 5}));
  EXPECT_EQ(cover({buffer, 1, 5}, {}), (Range{buffer, 1, 5}));
  EXPECT_EQ(cover({buffer, 1, 2}, {BufferId{1}, 0, 9}), (Range{buffer, 1, 2}));
}

}  // namespace
}  // namespace sonde::source
