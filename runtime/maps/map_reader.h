// A kernel map as the value that printers show.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/result.h"
#include "image/image.h"
#include "runtime/value/decode.h"
#include "runtime/value/value.h"

namespace sonde::maps {

struct ShowOptions {
  int64_t top = 0;       // the last `top` entries of the order; 0 or less: all
  int64_t div = 1;       // 0 acts as 1
  bool at_exit = false;  // maps never written, or cleared, have nothing to show
  bool zeroed = false;   // a scalar map whose zeros zero() made: they are shown
  image::MapOrder order = image::MapOrder::usual;
  bool descending = false;   // the reverse of the order; `top` then keeps the first entries
  bool percentiles = false;  // of histograms instead of their buckets
  // Called now and then while many entries are read, with their number so far.
  std::function<void(uint64_t)> progress;
};

// Reads, merges, sorts and decodes map `id`. No value: there is nothing to print.
Result<std::optional<value::MapValue>> show(const value::Decoder& decoder, image::MapId id, int map,
                                            const ShowOptions& options);

}  // namespace sonde::maps
