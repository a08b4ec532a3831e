// The output formats, one row each: `-f NAME` finds its factory here and nowhere else.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "runtime/print/printer.h"

namespace sonde::print {

struct Format {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<Printer> (*make)(const PrintContext& context);
};

// All formats; the first is the default.
std::span<const Format> formats();
// The row called `name`, or nullptr.
const Format* find_format(std::string_view name);

}  // namespace sonde::print
