// Graphs of tseries.
#include "runtime/print/series.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "runtime/value/format.h"

namespace sonde::print {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr size_t kWidth = 53;       // columns of the graph, both borders included
constexpr size_t kLeastWidth = 21;  // of the scale's left number
constexpr size_t kTimeWidth = 8;    // HH:MM:SS

// How finely times are shown.
struct Unit {
  const char* header;
  uint32_t digits;
};

Unit unit_of(uint64_t spacing) {
  if (spacing >= kSecond) return {"hh:mm:ss", 0};
  if (spacing >= 1'000'000) return {"hh:mm:ss.ms", 3};
  if (spacing >= 1'000) return {"hh:mm:ss.\u03bcs", 6};
  return {"hh:mm:ss.ns", 9};
}

std::string decimal(const value::Integer& number) {
  std::string text;
  value::append_decimal(text, number);
  return text;
}

bool less(const value::Integer& a, const value::Integer& b) {
  return a.is_signed ? static_cast<int64_t>(a.bits) < static_cast<int64_t>(b.bits) : a.bits < b.bits;
}

float as_float(const value::Integer& number) {
  return number.is_signed ? static_cast<float>(static_cast<int64_t>(number.bits)) : static_cast<float>(number.bits);
}

struct Scale {
  value::Integer min, max;

  // Equal ends are moved apart, as far as the type goes.
  void widen() {
    if (min.bits != max.bits) return;
    const value::Integer lowest{min.is_signed ? uint64_t{1} << 63 : 0, min.is_signed};
    const value::Integer highest{min.is_signed ? ~uint64_t{0} >> 1 : ~uint64_t{0}, min.is_signed};
    if (min.bits != lowest.bits) --min.bits;
    if (max.bits != highest.bits) ++max.bits;
  }

  // Single precision, because the rounding of the reference is visible in the graph.
  size_t column(const value::Integer& number) const {
    const float share = (as_float(number) - as_float(min)) / (as_float(max) - as_float(min));
    return static_cast<size_t>(
        std::clamp(share * static_cast<float>(kWidth - 1), 0.0F, static_cast<float>(kWidth - 1)));
  }

  bool has_zero() const {
    return min.is_signed && static_cast<int64_t>(min.bits) < 0 && static_cast<int64_t>(max.bits) > 0;
  }
  size_t zero_column() const {
    const auto column =
        static_cast<size_t>(static_cast<float>(kWidth) * as_float(min) / (as_float(min) - as_float(max)));
    return std::min(column, kWidth - 1);
  }
};

void append_ends(std::string& out, size_t indent, const Scale& scale) {
  out.append(indent, ' ');
  std::string least = decimal(scale.min);
  if (least.size() < kLeastWidth) least.append(kLeastWidth - least.size(), ' ');
  std::string greatest = decimal(scale.max);
  if (greatest.size() < kWidth - kLeastWidth) greatest.insert(0, kWidth - kLeastWidth - greatest.size(), ' ');
  out += least + greatest + "\n";
}

void append_axis(std::string& out, char end) {
  out += end;
  out.append(kWidth - 2, '_');
  out += end;
  out += '\n';
}

void append_point(std::string& out, const value::SeriesPoint& point, uint64_t interval, const Unit& unit,
                  const Scale& scale) {
  append_local_time(out, "%H:%M:%S", point.epoch * interval, unit.digits);
  std::string graph(kWidth, ' ');
  graph.front() = graph.back() = '|';
  if (scale.has_zero()) graph[scale.zero_column()] = '.';
  if (point.value) graph[scale.column(*point.value)] = '*';
  out += ' ' + graph + ' ';
  out += point.value ? decimal(*point.value) : "-";
  out += '\n';
}

}  // namespace

void append_local_time(std::string& out, const char* format, uint64_t nanoseconds, uint32_t digits) {
  const auto seconds = static_cast<time_t>(nanoseconds / kSecond);
  tm local = {};
  ::localtime_r(&seconds, &local);
  std::array<char, 64> text{};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  out.append(text.data(), std::strftime(text.data(), text.size(), format, &local));
#pragma GCC diagnostic pop
  if (digits == 0) return;
  std::string fraction = std::to_string(nanoseconds % kSecond);
  fraction.insert(0, 9 - fraction.size(), '0');
  out += '.' + fraction.substr(0, digits);
}

void append_series(std::string& out, const value::Series& series) {
  std::optional<Scale> scale;
  for (const value::SeriesPoint& point : series.points) {
    if (!point.value) continue;
    if (!scale) scale = Scale{*point.value, *point.value};
    if (less(*point.value, scale->min)) scale->min = *point.value;
    if (less(scale->max, *point.value)) scale->max = *point.value;
  }
  if (!scale) {
    out += "<no data>\n";
    return;
  }
  scale->widen();
  // A single point has no distance to another one, and the finest unit.
  const Unit unit = unit_of(series.points.size() > 1 ? series.interval : 0);
  const size_t width = kTimeWidth + (unit.digits == 0 ? 0 : 1 + unit.digits);
  append_ends(out, width + 1, *scale);
  std::string header = unit.header;
  if (header.size() < width + 1) header.append(width + 1 - header.size(), ' ');
  out += header;
  append_axis(out, '|');
  for (const value::SeriesPoint& point : series.points) append_point(out, point, series.interval, unit, *scale);
  out.append(width + 1, ' ');
  append_axis(out, 'v');
  append_ends(out, width + 1, *scale);
}

}  // namespace sonde::print
