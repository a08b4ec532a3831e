// Maps of a program: storage, key and value layouts, and for aggregations the rule by which cells are merged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "image/ids.h"

namespace sonde::image {

// Closed: the kernel map types sonde uses.
enum class MapKind : uint8_t {
  hash,
  lru_hash,
  percpu_hash,
  percpu_lru_hash,
  array,
  percpu_array,
  ring_buffer,
  perf_event_array
};

// How one u64 field of a cell is folded over CPUs (and over equal keys).
enum class MergeRule : uint8_t {
  add,  // sum, wrapping
  min,  // least among the cells whose `set` field is non-zero
  max,  // greatest among those
};

// How a merged cell is shown. Closed: runtime/print renders one form per view.
enum class View : uint8_t {
  scalar,     // fields[0]
  ratio,      // fields[0] / fields[1]: average = total / count
  stats,      // count, average, total from fields[0] = total, fields[1] = count
  log2,       // buckets of hist(n, bits)
  linear,     // buckets of lhist(n, min, max, step)
  series,     // slots of tseries(n, interval, intervals): see SeriesSlot
  deviation,  // standard deviation from total, count and the four limbs of the sum of squares
  quantiles,  // buckets as log2, then the least and the greatest value
  bounded,    // buckets between `bounds` (llquantize)
};

// Which of the values that fall into one interval of a series is shown.
enum class SeriesRule : uint8_t { last, sum, min, max, avg };

// Slots of a cell. A longer series is kept in several cells, blocks, whose number is part of the key in the kernel's map, so
// that memory is had for the times only that have values.
inline constexpr uint32_t kSeriesBlock = 32;

// One interval of a series in a cell; three u64.
struct SeriesSlot {
  uint64_t epoch;  // wall-clock nanoseconds / interval, 0: never used
  uint64_t value;
  uint64_t meta;  // last: CLOCK_BOOTTIME of the value; avg: how many values; else 1
};

struct CellField {
  MergeRule rule = MergeRule::add;
  uint32_t offset = 0;  // bytes into the cell; the field is 8 bytes wide
  uint32_t count = 1;   // consecutive fields with this rule (buckets)
  bool operator==(const CellField&) const = default;
};

// An aggregation is data: a cell layout, a merge rule per field and a view.
struct AggDesc {
  std::string name;  // "count", "sum", ...
  View view = View::scalar;
  bool is_signed = false;
  uint32_t cell_size = 8;
  std::vector<CellField> fields;
  std::optional<uint32_t> set_offset;   // min/max: u64 that is non-zero once the cell holds a value
  uint32_t bits = 0;                    // log2, quantiles: 2^bits buckets per power of two
  uint64_t min = 0, max = 0, step = 0;  // linear
  uint64_t interval = 0;                // series: nanoseconds
  uint32_t intervals = 0;               // series: slots of an entry, slot = epoch modulo intervals
  SeriesRule rule = SeriesRule::last;   // series
  std::vector<uint64_t> bounds;         // bounded: ascending; bucket i lies below bounds[i], the last one above all
  bool operator==(const AggDesc&) const = default;
};

struct MapDesc {
  std::string name;      // as the user knows it: "@reads"; internal maps have no `@`
  std::string elf_name;  // its symbol in section .maps
  MapKind kind = MapKind::hash;
  bool scalar = false;       // no explicit key: array of one cell, key u32 0
  bool internal = false;     // not printed, not cleared by the user
  uint32_t key_size = 0;     // bytes in the kernel map
  uint32_t value_size = 0;   // bytes per cell (per CPU for per-CPU kinds)
  uint32_t max_entries = 1;  // bytes for ring buffers; 0: chosen by the runtime (number of CPUs, memory)
  bool on_demand = false;    // memory for an entry is had when it is made, not for all of them beforehand
  TypeId key;                // invalid for scalar maps
  TypeId value;              // layout of the value; kind aggregate where `aggregate` is set
  std::optional<AggDesc> aggregate;
  // Scalar non-aggregate maps are arrays, whose cell always exists: byte offset of a u64 flag in the cell that is non-zero
  // once the map was written (a map never written, or cleared, prints nothing at exit). Absent: always shown.
  std::optional<uint32_t> written_flag_offset;
  // Series of more than kSeriesBlock intervals: byte offset in the kernel's key of the u32 number of the block, behind the
  // key of the script (a scalar map has none). Block b holds the slots from b * kSeriesBlock on.
  std::optional<uint32_t> block_offset;
  bool operator==(const MapDesc&) const = default;
};

}  // namespace sonde::image
