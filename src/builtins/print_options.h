// What print() of a map was asked for, for its check and for the plan of its record.
#pragma once

#include <optional>
#include <vector>

#include "builtins/call_view.h"
#include "image/event_layout.h"

namespace sonde::builtins {

struct PrintOptions {
  int64_t top = 0, div = 0;  // 0: not given
  image::MapOrder order = image::MapOrder::usual;
  bool descending = false;
};

// From the arguments behind the map: numbers are top and div in this order, words say how to sort. The number of the first
// argument that is neither (or one too many) if there is one.
std::expected<PrintOptions, size_t> print_options(const std::vector<Argument>& arguments);

}  // namespace sonde::builtins
