// Table -> merged cells -> order -> values.
#include "runtime/maps/map_reader.h"

#include "runtime/maps/merge.h"
#include "runtime/maps/sort.h"
#include "runtime/maps/table.h"
#include "runtime/value/aggregate.h"

namespace sonde::maps {
namespace {

bool is_histogram(const image::MapDesc& desc) {
  return desc.aggregate && (desc.aggregate->view == image::View::log2 || desc.aggregate->view == image::View::linear);
}

}  // namespace

Result<std::optional<value::MapValue>> show(const value::Decoder& decoder, image::MapId id, int map,
                                            const ShowOptions& options) {
  const image::Image& image = decoder.image();
  const image::MapDesc& desc = image.maps[id.value];
  auto table = read_table(map, desc);
  if (!table) return std::unexpected(table.error());
  // A cleared scalar shows the zero of its type when asked for, a cleared histogram never anything.
  if (desc.scalar && (options.at_exit || is_histogram(desc)) && !is_written(desc, *table)) return std::nullopt;

  std::vector<std::vector<uint64_t>> merged(table->size());
  if (desc.aggregate)
    for (size_t i = 0; i < merged.size(); ++i) merged[i] = merge(*desc.aggregate, *table, i);
  const std::vector<size_t> order = display_order(image, desc, *table, merged);

  value::MapValue result;
  result.name = desc.name;
  result.form = value::form_of(desc);
  result.scalar = desc.scalar;
  size_t first = 0;
  if (options.top > 0 && static_cast<uint64_t>(options.top) < order.size())
    first = order.size() - static_cast<size_t>(options.top);
  for (size_t at = first; at < order.size(); ++at) {
    const size_t entry = order[at];
    value::MapEntry& shown = result.entries.emplace_back();
    if (!desc.scalar) shown.key = decoder.decode(desc.key, table->key(entry));
    shown.value = desc.aggregate ? value::aggregate_value(*desc.aggregate, merged[entry])
                                 : decoder.decode(desc.value, table->cell(entry, 0));
    if (options.div != 0 && options.div != 1) value::divide(shown.value, options.div);
  }
  // A scalar kept in a hash that has no entry.
  if (desc.scalar && result.entries.empty() && !options.at_exit && !is_histogram(desc)) {
    value::MapEntry& shown = result.entries.emplace_back();
    shown.value = desc.aggregate ? value::aggregate_value(*desc.aggregate, {}) : decoder.decode(desc.value, {});
  }
  if (result.entries.empty()) return std::nullopt;
  return result;
}

}  // namespace sonde::maps
