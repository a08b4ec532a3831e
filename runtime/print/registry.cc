// The table of output formats.
#include "runtime/print/registry.h"

#include "runtime/print/formats.h"

namespace sonde::print {
namespace {

constexpr Format kFormats[] = {
    {"text", "lines and drawings for people", make_text_printer},
    {"json", "one JSON object per line", make_json_printer},
};

}  // namespace

std::span<const Format> formats() { return kFormats; }

const Format* find_format(std::string_view name) {
  for (const Format& format : kFormats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

}  // namespace sonde::print
