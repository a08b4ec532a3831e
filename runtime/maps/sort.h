// The order in which entries are shown (output.md 6.2).
#pragma once

#include <cstdint>
#include <vector>

#include "image/image.h"
#include "runtime/maps/table.h"

namespace sonde::maps {

// Entry numbers of `table` in display order. `merged[i]`: the merged fields of entry i, empty lists for maps that are
// no aggregations.
std::vector<size_t> display_order(const image::Image& image, const image::MapDesc& desc, const Table& table,
                                  const std::vector<std::vector<uint64_t>>& merged);

}  // namespace sonde::maps
