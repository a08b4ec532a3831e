// Merging and ordering of map entries, from bytes as the kernel gives them.
#include <gtest/gtest.h>

#include <cstring>

#include "runtime/maps/merge.h"
#include "runtime/maps/sort.h"

namespace sonde::maps {
namespace {

using image::MergeRule;

constexpr auto kMinusThree = static_cast<uint64_t>(-3);

void append(std::vector<std::byte>& out, uint64_t value, size_t size = 8) {
  const size_t at = out.size();
  out.resize(at + size);
  std::memcpy(out.data() + at, &value, std::min(size, sizeof(value)));
}

// One entry whose cells, one row per CPU, hold these u64 words.
Table one_entry(const std::vector<std::vector<uint64_t>>& cpus) {
  Table table;
  table.key_size = 4;
  table.keys.resize(4);
  table.cell_count = static_cast<uint32_t>(cpus.size());
  table.cell_stride = static_cast<uint32_t>(cpus[0].size() * 8);
  for (const auto& cell : cpus)
    for (const uint64_t word : cell) append(table.cells, word);
  return table;
}

image::AggDesc aggregate(std::vector<image::CellField> fields, bool is_signed = true) {
  image::AggDesc desc;
  desc.fields = std::move(fields);
  desc.is_signed = is_signed;
  return desc;
}

TEST(Merge, AddsOverCpusAndWraps) {
  const auto desc = aggregate({{MergeRule::add, 0, 1}});
  EXPECT_EQ(merge(desc, one_entry({{5}, {7}, {0}}), 0), (std::vector<uint64_t>{12}));
  EXPECT_EQ(merge(desc, one_entry({{5}, {static_cast<uint64_t>(-6)}}), 0), (std::vector<uint64_t>{UINT64_MAX}));
}

TEST(Merge, MinAndMaxIgnoreCpusWithoutValue) {
  auto least = aggregate({{MergeRule::min, 0, 1}});
  auto most = aggregate({{MergeRule::max, 0, 1}});
  least.set_offset = most.set_offset = 8;
  const Table table = one_entry({{0, 0}, {kMinusThree, 1}, {5, 1}});
  EXPECT_EQ(merge(least, table, 0), (std::vector<uint64_t>{kMinusThree}));
  EXPECT_EQ(merge(most, table, 0), (std::vector<uint64_t>{5}));
  // Unsigned, the same bits are the other way round.
  least.is_signed = most.is_signed = false;
  EXPECT_EQ(merge(least, table, 0), (std::vector<uint64_t>{5}));
  EXPECT_EQ(merge(most, table, 0), (std::vector<uint64_t>{kMinusThree}));
  // A first value that is greater than the initial zero still counts as the least.
  EXPECT_EQ(merge(least, one_entry({{0, 0}, {9, 1}}), 0), (std::vector<uint64_t>{9}));
  EXPECT_EQ(merge(least, one_entry({{0, 0}, {0, 0}}), 0), (std::vector<uint64_t>{0}));
}

TEST(Merge, RepeatedFieldsStayInOrder) {
  const auto desc = aggregate({{MergeRule::add, 8, 2}, {MergeRule::add, 0, 1}});
  EXPECT_EQ(merge(desc, one_entry({{1, 2, 3}, {10, 20, 30}}), 0), (std::vector<uint64_t>{22, 33, 11}));
}

TEST(Merge, ScalarsAreWrittenByFlagOrByAnyByte) {
  image::MapDesc desc;
  desc.written_flag_offset = 8;
  EXPECT_FALSE(is_written(desc, one_entry({{5, 0}})));
  EXPECT_TRUE(is_written(desc, one_entry({{0, 0}, {0, 1}})));
  desc.written_flag_offset.reset();
  EXPECT_TRUE(is_written(desc, one_entry({{0}})));
  desc.aggregate = aggregate({{MergeRule::add, 0, 1}});
  EXPECT_FALSE(is_written(desc, one_entry({{0}, {0}})));
  EXPECT_TRUE(is_written(desc, one_entry({{0}, {1}})));
}

// Orders entries (key, value) of integers of `key_size` and `value_size` bytes; gives the values in display order.
struct Entry {
  uint64_t key;
  uint64_t value;
};
class Order {
 public:
  Order() {
    add({.kind = image::LayoutKind::integer, .size = 8, .is_signed = true});                                   // 0
    add({.kind = image::LayoutKind::integer, .size = 8, .is_signed = false});                                  // 1
    add({.kind = image::LayoutKind::integer, .size = 1, .is_signed = true});                                   // 2
    add({.kind = image::LayoutKind::string, .size = 8});                                                       // 3
    add({.kind = image::LayoutKind::boolean, .size = 1});                                                      // 4
    add({.kind = image::LayoutKind::tuple, .size = 16, .members = {{"", {0}, 0, 0, 0}, {"", {3}, 8, 0, 0}}});  // 5
    add({.kind = image::LayoutKind::tuple, .size = 2, .members = {{"", {4}, 0, 0, 0}, {"", {2}, 1, 0, 0}}});   // 6
  }

  std::vector<uint64_t> values(uint32_t key_type, uint32_t value_type, const std::vector<Entry>& entries,
                               const std::vector<std::vector<uint64_t>>& merged = {}) {
    Table table;
    image::MapDesc desc;
    desc.key = {key_type};
    desc.value = {value_type};
    desc.aggregate = aggregate_;
    table.key_size = image_.types[key_type].size;
    table.cell_stride = image_.types[value_type].size;
    for (const Entry& entry : entries) {
      append(table.keys, entry.key, table.key_size);
      append(table.cells, entry.value, table.cell_stride);
    }
    std::vector<std::vector<uint64_t>> fields = merged;
    fields.resize(entries.size());
    std::vector<uint64_t> out;
    for (const size_t i : display_order(image_, desc, table, fields)) out.push_back(entries[i].value);
    return out;
  }
  void set(image::AggDesc desc) { aggregate_ = std::move(desc); }

 private:
  void add(image::Layout layout) { image_.types.push_back(std::move(layout)); }

  image::Image image_;
  std::optional<image::AggDesc> aggregate_;
};

using Values = std::vector<uint64_t>;

TEST(Sort, IntegersAscendByValueAndSign) {
  Order order;
  EXPECT_EQ(order.values(0, 0, {{1, 5}, {2, kMinusThree}, {3, 0}}), (Values{kMinusThree, 0, 5}));
  EXPECT_EQ(order.values(0, 1, {{1, 5}, {2, kMinusThree}, {3, 0}}), (Values{0, 5, kMinusThree}));
  // Narrow values too: a map of small literals is of type int8.
  EXPECT_EQ(order.values(0, 2, {{1, 3}, {2, 0xff}, {3, 1}}), (Values{0xff, 1, 3}));
}

TEST(Sort, OtherValuesGoByKey) {
  Order order;
  EXPECT_EQ(order.values(1, 4, {{2, 20}, {UINT64_MAX, 1}, {1, 10}}),
            (Values{1, 10, 20}));  // keys signed whatever their type
  const auto text = [](const char* s) {
    uint64_t bits = 0;
    std::memcpy(&bits, s, std::strlen(s));
    return bits;
  };
  EXPECT_EQ(order.values(3, 4, {{text("b"), 2}, {text("ab"), 1}, {text("a"), 0}}), (Values{0, 1, 2}));
  EXPECT_EQ(order.values(4, 4, {{1, 7}, {0, 8}}), (Values{8, 7}));
}

TEST(Sort, EqualValuesGoByKey) {
  Order order;
  EXPECT_EQ(order.values(0, 4, {{3, 30}, {UINT64_MAX, 1}, {2, 20}}), (Values{1, 20, 30}));
  order.set(aggregate({{MergeRule::add, 0, 1}}));
  EXPECT_EQ(order.values(0, 0, {{3, 30}, {2, 20}, {1, 10}}, {{5}, {5}, {4}}), (Values{10, 20, 30}));
}

TEST(Sort, IntegersAndTextsOfAKeyComeFirst) {
  Order order;
  EXPECT_EQ(order.values(6, 4, {{0x0201, 1}, {0x0100, 2}, {0x0200, 3}}), (Values{2, 3, 1}));
}

TEST(Sort, AggregationsGoByWhatTheyShow) {
  Order order;
  order.set(aggregate({{MergeRule::max, 0, 1}}));
  EXPECT_EQ(order.values(0, 0, {{1, 0}, {2, 1}}, {{kMinusThree}, {5}}), (Values{1, 0}));  // max: as unsigned
  order.set(aggregate({{MergeRule::add, 0, 1}}));
  EXPECT_EQ(order.values(0, 0, {{1, 0}, {2, 1}}, {{5}, {kMinusThree}}), (Values{1, 0}));  // sum: by sign
  auto average = aggregate({{MergeRule::add, 0, 1}, {MergeRule::add, 8, 1}});
  average.view = image::View::ratio;
  order.set(average);
  EXPECT_EQ(order.values(0, 0, {{1, 0}, {2, 1}, {3, 2}}, {{100, 10}, {11, 1}, {static_cast<uint64_t>(-40), 2}}),
            (Values{2, 0, 1}));
  auto buckets = aggregate({{MergeRule::add, 0, 3}});
  buckets.view = image::View::log2;
  order.set(buckets);
  EXPECT_EQ(order.values(0, 0, {{1, 0}, {2, 1}}, {{2, 2, 2}, {0, 5, 0}}), (Values{1, 0}));
}

}  // namespace
}  // namespace sonde::maps
