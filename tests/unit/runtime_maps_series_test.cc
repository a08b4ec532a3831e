// Cells of time series: merged by epoch, cut to the window.
#include <gtest/gtest.h>

#include <cstring>

#include "runtime/maps/series.h"

namespace sonde::maps {
namespace {

using image::SeriesRule;
using image::SeriesSlot;

// One entry with a cell per CPU.
Table table_of(const std::vector<std::vector<SeriesSlot>>& cells) {
  Table table;
  table.key_size = 1;
  table.keys.resize(1);
  table.cell_count = static_cast<uint32_t>(cells.size());
  table.cell_stride = static_cast<uint32_t>(cells.front().size() * sizeof(SeriesSlot));
  table.cells.resize(size_t{table.cell_stride} * cells.size());
  for (size_t i = 0; i < cells.size(); ++i)
    std::memcpy(table.cells.data() + i * table.cell_stride, cells[i].data(), table.cell_stride);
  return table;
}

image::AggDesc series(SeriesRule rule, uint32_t intervals, bool is_signed = true) {
  image::AggDesc desc;
  desc.view = image::View::series;
  desc.rule = rule;
  desc.interval = 1000;
  desc.intervals = intervals;
  desc.is_signed = is_signed;
  return desc;
}

// The merged value of one epoch on two CPUs.
int64_t merged(SeriesRule rule, SeriesSlot a, SeriesSlot b, bool is_signed = true) {
  image::MapDesc map;
  map.aggregate = series(rule, 1, is_signed);
  const SeriesTable gathered = gather_series(map, table_of({{a}, {b}}));
  const value::Series shown = series_value(*map.aggregate, gathered.slots.at(0), gathered.newest);
  return static_cast<int64_t>(shown.points.at(0).value->bits);
}

TEST(Series, RulesFoldCellsOfOneEpoch) {
  const auto minus = [](int64_t value) { return static_cast<uint64_t>(value); };
  EXPECT_EQ(merged(SeriesRule::sum, {5, minus(-3), 1}, {5, 10, 1}), 7);
  EXPECT_EQ(merged(SeriesRule::min, {5, minus(-3), 1}, {5, 10, 1}), -3);
  EXPECT_EQ(merged(SeriesRule::max, {5, minus(-3), 1}, {5, 10, 1}), 10);
  EXPECT_EQ(merged(SeriesRule::max, {5, minus(-3), 1}, {5, 10, 1}, false), -3);  // the greatest unsigned number
  EXPECT_EQ(merged(SeriesRule::avg, {5, minus(-3), 2}, {5, minus(-4), 1}), -2);
  EXPECT_EQ(merged(SeriesRule::last, {5, 1, 900}, {5, 2, 800}), 1);  // the later one
}

TEST(Series, OnlyTheNewestEpochOfASlotCounts) {
  EXPECT_EQ(merged(SeriesRule::sum, {5, 100, 1}, {6, 10, 1}), 10);
  EXPECT_EQ(merged(SeriesRule::sum, {6, 10, 1}, {5, 100, 1}), 10);
  EXPECT_EQ(merged(SeriesRule::sum, {0, 0, 0}, {5, 100, 1}), 100);
}

TEST(Series, TheWindowEndsWithTheNewestEpochOfTheMap) {
  const image::AggDesc desc = series(SeriesRule::sum, 4);
  const std::vector<SeriesSlot> slots = {{8, 1, 1}, {5, 2, 1}, {6, 3, 1}, {3, 4, 1}};
  const value::Series shown = series_value(desc, slots, 9);
  ASSERT_EQ(shown.points.size(), 4U);  // 6, 7, 8, 9: 5 and 3 lie before the window
  EXPECT_EQ(shown.points[0].epoch, 6U);
  EXPECT_EQ(shown.points[0].value->bits, 3U);
  EXPECT_FALSE(shown.points[1].value);
  EXPECT_EQ(shown.points[2].value->bits, 1U);
  EXPECT_FALSE(shown.points[3].value);
  EXPECT_TRUE(series_value(desc, slots, 100).points.empty());
}

// A stored key is the script's key byte, padding and the number of the block.
TEST(Series, BlocksOfOneKeyComeTogether) {
  image::MapDesc map;
  map.aggregate = series(SeriesRule::sum, 1000);
  map.block_offset = 4;
  Table table = table_of({{{70, 1, 1}, {0, 0, 0}, {5, 2, 1}, {90, 3, 1}}});
  table.key_size = 8;
  table.cell_stride = 2 * sizeof(SeriesSlot);
  const char keys[] = "a\0\0\0\1\0\0\0a\0\0\0\2\0\0";
  table.keys.resize(sizeof keys);
  std::memcpy(table.keys.data(), keys, sizeof keys);
  SeriesTable gathered = gather_series(map, table);
  ASSERT_EQ(gathered.keys.size(), 1U);
  EXPECT_EQ(gathered.keys.key(0).size(), 4U);
  EXPECT_EQ(gathered.keys.key(0)[0], std::byte{'a'});
  EXPECT_EQ(gathered.slots[0].size(), 3U);  // without the slot that never held a value
  EXPECT_EQ(gathered.newest, 90U);

  table.keys[8] = std::byte{'b'};
  gathered = gather_series(map, table);
  ASSERT_EQ(gathered.keys.size(), 2U);
  EXPECT_EQ(gathered.slots[0].size(), 1U);
  EXPECT_EQ(gathered.slots[1].size(), 2U);

  map.block_offset = 0;  // a scalar map
  EXPECT_EQ(gather_series(map, table).slots.size(), 1U);
}

}  // namespace
}  // namespace sonde::maps
