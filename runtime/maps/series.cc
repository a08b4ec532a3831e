// Folding by epoch, which the merge rules of other aggregations cannot express.
#include "runtime/maps/series.h"

#include <algorithm>
#include <cstring>
#include <map>

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

}  // namespace

std::vector<SeriesSlot> merge_series(const image::AggDesc& aggregate, const Table& table, size_t entry) {
  std::vector<SeriesSlot> merged(aggregate.intervals, SeriesSlot{});
  for (uint32_t cpu = 0; cpu < table.cell_count; ++cpu) {
    const auto cell = table.cell(entry, cpu);
    for (size_t i = 0; i < merged.size() && (i + 1) * sizeof(SeriesSlot) <= cell.size(); ++i) {
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

uint64_t newest_epoch(const std::vector<SeriesSlot>& slots) {
  uint64_t newest = 0;
  for (const SeriesSlot& slot : slots) newest = std::max(newest, slot.epoch);
  return newest;
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
