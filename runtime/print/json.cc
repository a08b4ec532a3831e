// The JSON format: one object per line, separators exactly as in output.md 11.
#include <bit>
#include <cstring>
#include <type_traits>

#include "runtime/print/formats.h"
#include "runtime/print/json_text.h"
#include "runtime/print/series.h"
#include "runtime/print/table.h"
#include "runtime/value/format.h"

namespace sonde::print {
namespace {

// Exact as a double: at most 53 bits between the first and the last one.
bool fits_double(uint64_t magnitude) {
  return magnitude == 0 || (magnitude >> std::countr_zero(magnitude)) < (uint64_t{1} << 53);
}

void append_number(std::string& out, const value::Integer& number) {
  const bool negative = number.is_signed && static_cast<int64_t>(number.bits) < 0;
  const bool quoted = !fits_double(negative ? 0 - number.bits : number.bits);
  if (quoted) out += '"';
  value::append_decimal(out, number);
  if (quoted) out += '"';
}

void append_unsigned(std::string& out, uint64_t number) { append_number(out, {number, false}); }

void append_value(std::string& out, const value::Value& value);

template <typename Elements, typename Append>
void append_elements(std::string& out, const Elements& elements, Append append) {
  out += '[';
  bool first = true;
  for (const auto& element : elements) {
    if (!first) out += ',';
    first = false;
    append(element);
  }
  out += ']';
}

void append_stats(std::string& out, const value::Stats& stats) {
  out += "{\"count\": ";
  append_unsigned(out, stats.count);
  out += ", \"average\": ";
  append_number(out, stats.average);
  out += ", \"total\": ";
  append_number(out, stats.total);
  out += '}';
}

void append_bucket(std::string& out, const value::Bucket& bucket) {
  out += '{';
  if (bucket.min) {
    out += "\"min\": ";
    append_number(out, *bucket.min);
    out += ", ";
  }
  if (bucket.max) {
    out += "\"max\": ";
    append_number(out, *bucket.max);
    out += ", ";
  }
  out += "\"count\": ";
  append_unsigned(out, bucket.count);
  out += '}';
}

// Intervals without a value are left out. No blanks here, unlike everywhere else.
void append_series_points(std::string& out, const value::Series& series) {
  out += '[';
  bool first = true;
  for (const value::SeriesPoint& point : series.points) {
    if (!point.value) continue;
    out += first ? "{\"interval_start\":\"" : ",{\"interval_start\":\"";
    first = false;
    append_local_time(out, "%Y-%m-%dT%H:%M:%S", point.epoch * series.interval, 9);
    out += "\",\"value\":";
    append_number(out, *point.value);
    out += '}';
  }
  out += ']';
}

void append_record(std::string& out, const value::Record& record) {
  out += '{';
  bool first = true;
  for (const auto& [name, member] : record.members) {
    if (!first) out += ", ";
    first = false;
    append_json_string(out, name);
    out += ": ";
    append_value(out, member);
  }
  out += '}';
}

void append_value(std::string& out, const value::Value& value) {
  const auto visitor = [&](const auto& data) {
    using Data = std::decay_t<decltype(data)>;
    if constexpr (std::is_same_v<Data, value::Null>) {
      out += "null";
    } else if constexpr (std::is_same_v<Data, bool>) {
      out += data ? "true" : "false";
    } else if constexpr (std::is_same_v<Data, value::Integer>) {
      append_number(out, data);
    } else if constexpr (std::is_same_v<Data, value::Pointer>) {
      append_unsigned(out, data.address);
    } else if constexpr (std::is_same_v<Data, value::Enumerator>) {
      append_number(out, data.number);
    } else if constexpr (std::is_same_v<Data, value::Text>) {
      append_json_string(out, data.bytes);
    } else if constexpr (std::is_same_v<Data, value::Resolved>) {
      append_json_string(out, data.text);
    } else if constexpr (std::is_same_v<Data, value::Buffer>) {
      append_elements(out, data.bytes, [&](char byte) { out += std::to_string(static_cast<signed char>(byte)); });
    } else if constexpr (std::is_same_v<Data, value::Stack>) {
      std::string text;
      value::append_text(text, value);
      append_json_string(out, text);
    } else if constexpr (std::is_same_v<Data, value::Array> || std::is_same_v<Data, value::Tuple>) {
      append_elements(out, data.elements, [&](const value::Value& element) { append_value(out, element); });
    } else if constexpr (std::is_same_v<Data, value::Record>) {
      append_record(out, data);
    } else if constexpr (std::is_same_v<Data, value::Histogram>) {
      append_elements(out, data.buckets, [&](const value::Bucket& bucket) { append_bucket(out, bucket); });
    } else if constexpr (std::is_same_v<Data, value::Series>) {
      append_series_points(out, data);
    } else {
      static_assert(std::is_same_v<Data, value::Stats>);
      append_stats(out, data);
    }
  };
  std::visit(visitor, value.data);
}

// Map keys lose all their spaces, also those inside strings.
void append_json_key(std::string& out, const value::Value& key) {
  std::string text;
  value::append_key(text, key);
  std::erase(text, ' ');
  append_json_string(out, text);
}

const char* record_type(TextKind kind) {
  switch (kind) {
    case TextKind::printf: return "printf";
    case TextKind::time: return "time";
    case TextKind::cat: return "cat";
    case TextKind::join: return "join";
    case TextKind::system: return "syscall";
  }
  return "printf";
}

const char* record_type(value::MapForm form) {
  switch (form) {
    case value::MapForm::plain: return "map";
    case value::MapForm::stats: return "stats";
    case value::MapForm::histogram: return "hist";
    case value::MapForm::series: return "tseries";
  }
  return "map";
}

const char* record_type(Message::Kind kind) {
  switch (kind) {
    case Message::Kind::helper_error: return "helper_error";
    case Message::Kind::runtime_error: return "runtime_error";
    case Message::Kind::warnf: return "warnf";
    case Message::Kind::errorf:
    case Message::Kind::assert_failed: return "errorf";
  }
  return "runtime_error";
}

class JsonPrinter : public Printer {
 public:
  using Printer::Printer;

  void attached(uint64_t probes) override {
    begin("attached_probes");
    line_ += ", \"count\": ";
    append_unsigned(line_, probes);
    line_ += ", \"data\": {\"probes\": ";
    append_unsigned(line_, probes);
    close("}}");
  }

  void text(TextKind kind, std::string_view bytes) override {
    begin(record_type(kind));
    line_ += ", \"data\": ";
    append_json_string(line_, bytes);
    close("}");
  }

  void value(const value::Value& value) override {
    begin("value");
    line_ += ", \"data\": ";
    append_value(line_, value);
    close("}");
  }

  void map(const value::MapValue& map) override {
    if (map.entries.empty()) return;
    begin(record_type(map.form));
    line_ += ", \"data\": {";
    append_json_string(line_, map.name);
    line_ += ": ";
    if (map.scalar) {
      append_value(line_, map.entries.front().value);
    } else {
      const char* separator = "{";
      for (const value::MapEntry& entry : map.entries) {
        line_ += separator;
        append_json_key(line_, entry.key);
        line_ += ": ";
        append_value(line_, entry.value);
        separator = ", ";
      }
      line_ += '}';
    }
    close("}}");
  }

  // {"type": "table", "data": {"columns": ["@a", "@b"], "rows": [{"key": "x", "@a": 1, "@b": null}]}}
  void table(std::span<const value::MapValue> maps) override {
    begin("table");
    line_ += ", \"data\": {\"columns\": ";
    append_elements(line_, maps, [this](const value::MapValue& map) { append_json_string(line_, map.name); });
    line_ += ", \"rows\": ";
    append_elements(line_, join_maps(maps), [&](const TableRow& row) {
      line_ += "{\"key\": ";
      append_json_key(line_, *row.key);
      for (size_t i = 0; i < maps.size(); ++i) {
        line_ += ", ";
        append_json_string(line_, maps[i].name);
        line_ += ": ";
        append_value(line_, row.cells[i] ? *row.cells[i] : value::Value{});
      }
      line_ += '}';
    });
    close("}}");
  }

  void message(const Message& message) override {
    begin(record_type(message.kind));
    std::string_view text = message.text;
    if (text.ends_with('\n')) text.remove_suffix(1);
    line_ += ", \"msg\": ";
    if (message.kind == Message::Kind::helper_error) {
      // The record carries the plain errno text; readers have `helper` and `retcode` to tell cases apart.
      append_json_string(line_, std::strerror(static_cast<int>(-message.code)));
      line_ += ", \"helper\": ";
      append_json_string(line_, message.helper);
      line_ += ", \"retcode\": ";
      append_number(line_, {static_cast<uint64_t>(message.code), true});
    } else {
      append_json_string(line_, text);
    }
    append_place(message.span);
    if (message.repeats > 1) {
      line_ += ", \"count\": ";
      append_unsigned(line_, message.repeats);
    }
    close("}");
  }

  void lost(uint64_t events) override {
    begin("lost_events");
    line_ += ", \"count\": ";
    append_unsigned(line_, events);
    line_ += ", \"data\": {\"events\": ";
    append_unsigned(line_, events);
    close("}}");
  }

  void end() override {}

  void test_end(const TestResult& result) override {
    begin_result("test_result", result.name);
    line_ += ": {\"duration\": ";
    append_unsigned(line_, result.nanoseconds);
    line_ += result.passed ? ", \"passed\": true, \"output\": " : ", \"passed\": false, \"output\": ";
    append_json_string(line_, result.output);
    close("}}}");
  }

  void benchmark(const Benchmark& result) override {
    begin_result("benchmark_result", result.name);
    line_ += ": {\"average\": ";
    append_unsigned(line_, result.nanoseconds);
    line_ += ", \"iters\": ";
    append_unsigned(line_, result.iterations);
    close("}}}");
  }

 private:
  void begin(std::string_view type) {
    line_ = "{\"type\": ";
    append_json_string(line_, type);
  }

  void begin_result(std::string_view type, std::string_view name) {
    begin(type);
    line_ += ", \"data\": {";
    append_json_string(line_, name);
  }

  void append_place(image::SpanId id) {
    if (id.value >= context_.image.spans.size()) return;
    const image::SourceSpan& span = context_.image.spans[id.value];
    line_ += ", \"filename\": ";
    append_json_string(line_, span.file);
    line_ += ", \"line\": ";
    append_unsigned(line_, span.line);
    line_ += ", \"col\": ";
    append_unsigned(line_, span.column);
  }

  // Every record is complete and flushed, in every buffering mode.
  void close(std::string_view closing) {
    line_ += closing;
    line_ += '\n';
    context_.out.write(line_);
    context_.out.flush_record();
  }

  std::string line_;
};

}  // namespace

std::unique_ptr<Printer> make_json_printer(const PrintContext& context) {
  return std::make_unique<JsonPrinter>(context);
}

}  // namespace sonde::print
