// The table of output formats.
#include "runtime/print/registry.h"

#include "runtime/print/formats.h"

namespace sonde::print {
namespace {

constexpr Format kFormats[] = {
    {"text", "lines and drawings for people", make_text_printer},
    {"json", "one JSON object per line", make_json_printer},
    {"csv", "comma-separated rows type,name,key,field,value for spreadsheets and data frames", make_csv_printer},
    {"folded", "one line per stack of a map, frames joined by semicolons, for flame graph tools", make_folded_printer},
    {"svg", "a flame graph of all maps with stacks in their keys, one self-contained file", make_svg_printer},
    {"trace", "events of the Chrome trace format: spans and counters for Perfetto", make_trace_printer},
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
