// One loop over data: no aggregation is known here by name.
#include "runtime/maps/merge.h"

#include <algorithm>
#include <cstring>

namespace sonde::maps {
namespace {

uint64_t load(std::span<const std::byte> cell, size_t offset) {
  uint64_t value = 0;
  if (offset + sizeof(value) <= cell.size()) std::memcpy(&value, cell.data() + offset, sizeof(value));
  return value;
}

bool less(uint64_t a, uint64_t b, bool is_signed) {
  return is_signed ? static_cast<int64_t>(a) < static_cast<int64_t>(b) : a < b;
}

}  // namespace

std::vector<uint64_t> merge(const image::AggDesc& aggregate, const Table& table, size_t entry) {
  size_t total = 0;
  for (const image::CellField& field : aggregate.fields) total += field.count;
  std::vector<uint64_t> merged(total, 0);
  bool any_value = false;
  for (uint32_t cpu = 0; cpu < table.cell_count; ++cpu) {
    const auto cell = table.cell(entry, cpu);
    const bool has_value = !aggregate.set_offset || load(cell, *aggregate.set_offset) != 0;
    uint64_t* out = merged.data();
    for (const image::CellField& field : aggregate.fields) {
      for (uint32_t i = 0; i < field.count; ++i, ++out) {
        const uint64_t value = load(cell, field.offset + size_t{i} * 8);
        switch (field.rule) {
          case image::MergeRule::add: *out += value; break;
          case image::MergeRule::min:
            if (has_value && (!any_value || less(value, *out, aggregate.is_signed))) *out = value;
            break;
          case image::MergeRule::max:
            if (has_value && (!any_value || less(*out, value, aggregate.is_signed))) *out = value;
            break;
        }
      }
    }
    any_value = any_value || has_value;
  }
  return merged;
}

bool is_written(const image::MapDesc& desc, const Table& table) {
  // One entry, or the blocks of a series.
  for (size_t i = 0; i < table.size() * table.cell_count; ++i) {
    const auto cell = table.cell(i / table.cell_count, static_cast<uint32_t>(i % table.cell_count));
    if (desc.written_flag_offset) {
      if (load(cell, *desc.written_flag_offset) != 0) return true;
    } else if (!desc.aggregate || std::ranges::any_of(cell, [](std::byte byte) { return byte != std::byte{0}; })) {
      // An aggregation without a flag is taken as written once any byte of it is set.
      return true;
    }
  }
  return false;
}

}  // namespace sonde::maps
