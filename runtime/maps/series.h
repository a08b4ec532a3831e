// Cells of time series: merged over CPUs and cut to the window that is shown (stdlib.md 12.9, output.md 8).
#pragma once

#include <cstdint>
#include <vector>

#include "image/map_desc.h"
#include "runtime/maps/table.h"
#include "runtime/value/value.h"

namespace sonde::maps {

// The series of a map. Row i of `keys` is a key of the script, without cells; slots[i] are those of its slots that hold a
// value, in no order.
struct SeriesTable {
  Table keys;
  std::vector<std::vector<image::SeriesSlot>> slots;
  uint64_t newest = 0;  // the newest epoch in any slot; 0 without values
};

// Merges the cells of `stored` over CPUs and puts the blocks of each key together. Of cells with different epochs in one slot
// only those of the newest count.
SeriesTable gather_series(const image::MapDesc& desc, const Table& stored);

// What is shown of an entry: from its first interval with a value to `newest`, at most the descriptor's intervals.
value::Series series_value(const image::AggDesc& aggregate, const std::vector<image::SeriesSlot>& slots,
                           uint64_t newest);

}  // namespace sonde::maps
