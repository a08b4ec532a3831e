// Comma-separated values in one shape for everything: type,name,key,field,value. Values of several parts (stats, buckets,
// intervals, records) are one row per part, named in `field`, so that the table stays rectangular.
#include "runtime/print/formats.h"
#include "runtime/print/notices.h"
#include "runtime/print/series.h"
#include "runtime/value/format.h"

namespace sonde::print {
namespace {

const char* type_name(TextKind kind) {
  switch (kind) {
    case TextKind::printf: return "printf";
    case TextKind::time: return "time";
    case TextKind::cat: return "cat";
    case TextKind::join: return "join";
    case TextKind::system: return "system";
  }
  return "";
}

std::string quoted(std::string_view cell) {
  if (cell.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(cell);
  std::string text = "\"";
  for (const char c : cell) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + '"';
}

class CsvPrinter : public NoticePrinter {
 public:
  using NoticePrinter::NoticePrinter;

  void text(TextKind kind, std::string_view bytes) override {
    if (bytes.ends_with('\n')) bytes.remove_suffix(1);
    row({type_name(kind), "", "", "", bytes});
    context_.out.flush_record();
  }

  void value(const value::Value& value) override {
    parts("value", "", "", value);
    context_.out.flush_record();
  }

  void map(const value::MapValue& map) override {
    std::string key;
    for (const value::MapEntry& entry : map.entries) {
      key.clear();
      if (!map.scalar) value::append_key(key, entry.key);
      parts("map", map.name, key, entry.value);
    }
    context_.out.flush_record();
  }

 private:
  void parts(std::string_view type, std::string_view name, std::string_view key, const value::Value& value) {
    const auto part = [&](std::string_view field, std::string_view text) { row({type, name, key, field, text}); };
    const auto number = [](const value::Integer& integer) {
      std::string text;
      value::append_decimal(text, integer);
      return text;
    };
    if (const auto* stats = std::get_if<value::Stats>(&value.data)) {
      part("count", std::to_string(stats->count));
      part("average", number(stats->average));
      part("total", number(stats->total));
    } else if (const auto* histogram = std::get_if<value::Histogram>(&value.data)) {
      for (const value::Bucket& bucket : histogram->buckets) part(bucket.header, std::to_string(bucket.count));
    } else if (const auto* series = std::get_if<value::Series>(&value.data)) {
      for (const value::SeriesPoint& point : series->points) {
        if (!point.value) continue;
        std::string start;
        append_local_time(start, "%Y-%m-%dT%H:%M:%S", point.epoch * series->interval, 9);
        part(start, number(*point.value));
      }
    } else if (const auto* record = std::get_if<value::Record>(&value.data)) {
      for (const value::Member& member : record->members) part(member.name, text_of(member.value));
    } else {
      part("", text_of(value));
    }
  }

  static std::string text_of(const value::Value& value) {
    std::string text;
    value::append_text(text, value);
    return text;
  }

  void row(std::initializer_list<std::string_view> cells) {
    std::string line;
    if (!headed_) line = "type,name,key,field,value\n";
    headed_ = true;
    const char* separator = "";
    for (const std::string_view cell : cells) {
      line += separator;
      line += quoted(cell);
      separator = ",";
    }
    context_.out.write(line + "\n");
  }

  bool headed_ = false;
};

}  // namespace

std::unique_ptr<Printer> make_csv_printer(const PrintContext& context) { return std::make_unique<CsvPrinter>(context); }

}  // namespace sonde::print
