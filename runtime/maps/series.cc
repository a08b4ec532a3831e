// Folding by epoch, which the merge rules of other aggregations cannot express.
#include "runtime/maps/series.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>
#include <unordered_map>

namespace sonde::maps {
namespace {

using image::SeriesRule;
using image::SeriesSlot;

bool less(uint64_t a, uint64_t b, bool is_signed) {
  return is_signed ? static_cast<int64_t>(a) < static_cast<int64_t>(b) : a < b;
}

// Adds what another CPU has of the same epoch.
void fold(const image::AggDesc& aggregate, SeriesSlot& into, const SeriesSlot& other) {
  switch (aggregate.rule) {
    case SeriesRule::last:
      if (other.meta > into.meta) into = other;
      return;
    case SeriesRule::min:
      if (less(other.value, into.value, aggregate.is_signed)) into.value = other.value;
      return;
    case SeriesRule::max:
      if (less(into.value, other.value, aggregate.is_signed)) into.value = other.value;
      return;
    case SeriesRule::sum:
    case SeriesRule::avg:
      into.value += other.value;
      into.meta += other.meta;
      return;
  }
}

uint64_t shown_value(const image::AggDesc& aggregate, const SeriesSlot& slot) {
  if (aggregate.rule != SeriesRule::avg || slot.meta == 0) return slot.value;
  if (!aggregate.is_signed) return slot.value / slot.meta;
  return static_cast<uint64_t>(
      static_cast<int64_t>(static_cast<__int128>(static_cast<int64_t>(slot.value)) / static_cast<__int128>(slot.meta)));
}

// The slots of one entry of the kernel's map.
std::vector<SeriesSlot> merge_cells(const image::AggDesc& aggregate, const Table& table, size_t entry) {
  std::vector<SeriesSlot> merged(table.cell_stride / sizeof(SeriesSlot), SeriesSlot{});
  for (uint32_t cpu = 0; cpu < table.cell_count; ++cpu) {
    const auto cell = table.cell(entry, cpu);
    for (size_t i = 0; i < merged.size(); ++i) {
      SeriesSlot slot;
      std::memcpy(&slot, cell.data() + i * sizeof(slot), sizeof(slot));
      if (slot.epoch == 0 || slot.epoch < merged[i].epoch) continue;
      if (slot.epoch > merged[i].epoch) {
        merged[i] = slot;
      } else {
        fold(aggregate, merged[i], slot);
      }
    }
  }
  return merged;
}

}  // namespace

SeriesTable gather_series(const image::MapDesc& desc, const Table& stored) {
  SeriesTable gathered;
  // A scalar map in blocks has keys that consist of the block only.
  const uint32_t key_size = desc.block_offset ? *desc.block_offset : stored.key_size;
  gathered.keys.key_size = std::max<uint32_t>(key_size, 1);
  std::unordered_map<std::string_view, size_t> rows;
  for (size_t entry = 0; entry < stored.size(); ++entry) {
    const auto key = stored.key(entry).first(key_size);
    const auto [found, is_new] =
        rows.try_emplace({reinterpret_cast<const char*>(key.data()), key.size()}, gathered.slots.size());
    if (is_new) {
      gathered.slots.emplace_back();
      gathered.keys.keys.insert(gathered.keys.keys.end(), key.begin(), key.end());
      gathered.keys.keys.resize(gathered.slots.size() * gathered.keys.key_size);
    }
    std::vector<SeriesSlot>& slots = gathered.slots[found->second];
    for (const SeriesSlot& slot : merge_cells(*desc.aggregate, stored, entry)) {
      if (slot.epoch == 0) continue;
      gathered.newest = std::max(gathered.newest, slot.epoch);
      slots.push_back(slot);
    }
  }
  return gathered;
}

value::Series series_value(const image::AggDesc& aggregate, const std::vector<SeriesSlot>& slots, uint64_t newest) {
  value::Series series;
  series.interval = std::max<uint64_t>(1, aggregate.interval);
  const uint64_t oldest = newest >= aggregate.intervals ? newest - aggregate.intervals + 1 : 1;
  std::map<uint64_t, uint64_t> values;
  for (const SeriesSlot& slot : slots)
    if (slot.epoch >= oldest && slot.epoch <= newest) values[slot.epoch] = shown_value(aggregate, slot);
  if (values.empty()) return series;
  for (uint64_t epoch = values.begin()->first; epoch <= newest; ++epoch) {
    const auto found = values.find(epoch);
    value::SeriesPoint& point = series.points.emplace_back();
    point.epoch = epoch;
    if (found != values.end()) point.value = value::Integer{found->second, aggregate.is_signed};
  }
  return series;
}

}  // namespace sonde::maps
