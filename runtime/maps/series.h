// Cells of time series: merged over CPUs and cut to the window that is shown (stdlib.md 12.9, output.md 8).
#pragma once

#include <cstdint>
#include <vector>

#include "image/map_desc.h"
#include "runtime/maps/table.h"
#include "runtime/value/value.h"

namespace sonde::maps {

// The slots of entry `entry`. Of cells with different epochs in one slot only those of the newest count.
std::vector<image::SeriesSlot> merge_series(const image::AggDesc& aggregate, const Table& table, size_t entry);

// The newest epoch in any of these slots; 0 without values.
uint64_t newest_epoch(const std::vector<image::SeriesSlot>& slots);

// What is shown of an entry: from its first interval with a value to `newest`, at most the descriptor's intervals.
value::Series series_value(const image::AggDesc& aggregate, const std::vector<image::SeriesSlot>& slots,
                           uint64_t newest);

}  // namespace sonde::maps
