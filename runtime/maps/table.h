// Kernel maps as bytes: read whole, cleared, zeroed. Nothing here knows what the bytes mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "image/map_desc.h"

namespace sonde::maps {

// Entries of a map; entry i has its key at keys[i * key_size] and its cells, one per CPU for per-CPU kinds, from
// cells[i * cells_size] on, each `cell_stride` bytes.
struct Table {
  uint32_t key_size = 0;
  uint32_t cell_stride = 0;
  uint32_t cell_count = 1;
  std::vector<std::byte> keys;
  std::vector<std::byte> cells;

  size_t size() const { return key_size == 0 ? 0 : keys.size() / key_size; }
  std::span<const std::byte> key(size_t entry) const { return std::span(keys).subspan(entry * key_size, key_size); }
  std::span<const std::byte> cell(size_t entry, uint32_t cpu) const {
    return std::span(cells).subspan((entry * cell_count + cpu) * size_t{cell_stride}, cell_stride);
  }
};

bool is_percpu(image::MapKind kind);
// Arrays have all their entries all the time: they cannot be deleted.
bool is_array(image::MapKind kind);

// Reads every entry: in batches where the kernel can (Linux 5.6, per-CPU arrays 5.13), else key by key. Entries that
// programs add or delete meanwhile may or may not be among them. `progress` is called with the number of entries so far
// whenever another second has gone by.
Result<Table> read_table(int map, const image::MapDesc& desc, std::function<void(uint64_t)> progress = {});

// Removes every entry that is there now; the cells of arrays become zero.
Result<> clear(int map, const image::MapDesc& desc);
// Keeps keys and makes all values zero. Gives whether there was anything: a scalar aggregation has no flag that tells its
// zeros from those of a map never written.
Result<bool> zero(int map, const image::MapDesc& desc);

}  // namespace sonde::maps
