// Folding the cells of all CPUs into one, by the rules of the map's descriptor.
#pragma once

#include <cstdint>
#include <vector>

#include "image/map_desc.h"
#include "runtime/maps/table.h"

namespace sonde::maps {

// The u64 fields of entry `entry` merged over its cells, in the order of `aggregate.fields`, repeated fields one after
// another. Fields of min and max without any value are 0.
std::vector<uint64_t> merge(const image::AggDesc& aggregate, const Table& table, size_t entry);

// Whether a scalar map was written since it was made or cleared.
bool is_written(const image::MapDesc& desc, const Table& table);

}  // namespace sonde::maps
