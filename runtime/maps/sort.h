// The order in which entries are shown (output.md 6.2).
#pragma once

#include <cstdint>
#include <vector>

#include "image/image.h"
#include "runtime/maps/table.h"

namespace sonde::maps {

// Entry numbers of `table` in display order, or in the order asked for. `merged[i]`: the merged fields of entry i, empty
// lists for maps that are no aggregations, and for series. By value: of maps whose values are no numbers the order is by key.
// The order is total: entries of equal value come by key.
std::vector<size_t> display_order(const image::Image& image, const image::MapDesc& desc, const Table& table,
                                  const std::vector<std::vector<uint64_t>>& merged,
                                  image::MapOrder wanted = image::MapOrder::usual);

}  // namespace sonde::maps
