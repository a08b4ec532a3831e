// Table -> merged cells -> order -> values.
#include "runtime/maps/map_reader.h"

#include <algorithm>

#include "runtime/maps/merge.h"
#include "runtime/maps/series.h"
#include "runtime/maps/sort.h"
#include "runtime/maps/table.h"
#include "runtime/value/aggregate.h"

namespace sonde::maps {
namespace {

bool draws(const image::MapDesc& desc) {
  const value::MapForm form = value::form_of(desc);
  return form == value::MapForm::histogram || form == value::MapForm::series ||
         (desc.aggregate && desc.aggregate->view == image::View::quantiles);
}

// One reading of a map: the entries' bytes, folded over CPUs, in order.
class Reading {
 public:
  Reading(const value::Decoder& decoder, const image::MapDesc& desc, const ShowOptions& options, Table table)
      : decoder_(decoder), desc_(desc), options_(options), table_(std::move(table)) {
    if (!desc.aggregate) return;
    if (desc.aggregate->view == image::View::series) {
      series_ = gather_series(desc, table_);
      table_ = std::move(series_.keys);
    }
    merged_.resize(table_.size());
    if (desc.aggregate->view != image::View::series)
      for (size_t i = 0; i < merged_.size(); ++i) merged_[i] = merge(*desc.aggregate, table_, i);
  }

  const Table& table() const { return table_; }

  // The entries to show, in order.
  std::vector<size_t> shown() const {
    std::vector<size_t> order = display_order(decoder_.image(), desc_, table_, merged_, options_.order);
    if (options_.descending) std::ranges::reverse(order);
    const auto top = static_cast<uint64_t>(std::max<int64_t>(0, options_.top));
    if (top == 0 || top >= order.size()) return order;
    // The greatest ones stand at the end, or first.
    if (options_.descending)
      order.resize(top);
    else
      order.erase(order.begin(), order.end() - static_cast<std::ptrdiff_t>(top));
    return order;
  }

  value::Value key(size_t entry) const { return decoder_.decode(desc_.key, table_.key(entry)); }

  value::Value value(size_t entry) const {
    value::Value shown = undivided(entry);
    if (options_.div != 0 && options_.div != 1) value::divide(shown, options_.div);
    return shown;
  }

 private:
  value::Value undivided(size_t entry) const {
    if (!desc_.aggregate) return decoder_.decode(desc_.value, table_.cell(entry, 0));
    if (!series_.slots.empty()) return {series_value(*desc_.aggregate, series_.slots[entry], series_.newest)};
    return options_.percentiles ? value::percentiles(*desc_.aggregate, merged_[entry])
                                : value::aggregate_value(*desc_.aggregate, merged_[entry]);
  }

  const value::Decoder& decoder_;
  const image::MapDesc& desc_;
  const ShowOptions& options_;
  Table table_;
  std::vector<std::vector<uint64_t>> merged_;
  SeriesTable series_;
};

}  // namespace

Result<std::optional<value::MapValue>> show(const value::Decoder& decoder, image::MapId id, int map,
                                            const ShowOptions& options) {
  const image::MapDesc& desc = decoder.image().maps[id.value];
  auto table = read_table(map, desc, options.progress);
  if (!table) return std::unexpected(table.error());
  // A cleared scalar shows the zero of its type when asked for, a cleared drawing never anything.
  if (desc.scalar && (options.at_exit || draws(desc)) && !options.zeroed && !is_written(desc, *table))
    return std::nullopt;

  const Reading reading(decoder, desc, options, std::move(*table));
  value::MapValue result;
  result.name = desc.name;
  result.form = options.percentiles ? value::MapForm::plain : value::form_of(desc);
  result.scalar = desc.scalar;
  const std::vector<size_t> order = reading.shown();
  result.entries.reserve(order.size());
  for (const size_t entry : order) {
    value::MapEntry& shown = result.entries.emplace_back();
    if (!desc.scalar) shown.key = reading.key(entry);
    shown.value = reading.value(entry);
    if (std::holds_alternative<value::Null>(shown.value.data)) result.entries.pop_back();
  }
  // A scalar kept in a hash that has no entry.
  if (desc.scalar && result.entries.empty() && !options.at_exit && !draws(desc)) {
    value::MapEntry& shown = result.entries.emplace_back();
    shown.value = desc.aggregate ? value::aggregate_value(*desc.aggregate, {}) : decoder.decode(desc.value, {});
  }
  if (result.entries.empty()) return std::nullopt;
  return result;
}

}  // namespace sonde::maps
