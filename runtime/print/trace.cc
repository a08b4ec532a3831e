// The Chrome trace format, as an array of events with one event per line: readers (Perfetto, chrome://tracing) accept it
// without its closing bracket, so that a killed run leaves a usable file.
//
// Lines of printf are markers in the way of Android's systrace: `B|TID|NAME` begins a span of a thread and `E|TID` ends the
// one begun last, `X|TID|NAME|NS` is a span that ends now after NS nanoseconds, `C|TID|NAME|NUMBER` a counter. Every other
// line is an instant. Printed maps of numbers are counters.
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "runtime/print/formats.h"
#include "runtime/print/json_text.h"
#include "runtime/print/notices.h"
#include "runtime/value/format.h"

namespace sonde::print {
namespace {

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t bar = line.find('|');
    parts.push_back(line.substr(0, bar));
    if (bar == std::string_view::npos) return parts;
    line.remove_prefix(bar + 1);
  }
}

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// Trace times are microseconds.
std::string microseconds(uint64_t nanoseconds) {
  std::string fraction = std::to_string(nanoseconds % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(nanoseconds / 1000) + "." + fraction;
}

class TracePrinter : public NoticePrinter {
 public:
  using NoticePrinter::NoticePrinter;

  void text(TextKind, std::string_view bytes) override {
    line_ += bytes;
    size_t start = 0;
    for (size_t end = 0; (end = line_.find('\n', start)) != std::string::npos; start = end + 1)
      marker(std::string_view(line_).substr(start, end - start));
    line_.erase(0, start);
  }

  void value(const value::Value& value) override {
    std::string text;
    value::append_text(text, value);
    instant(text);
  }

  void map(const value::MapValue& map) override {
    std::string arguments;
    for (const value::MapEntry& entry : map.entries) {
      const auto* integer = std::get_if<value::Integer>(&entry.value.data);
      if (!integer) continue;
      std::string key = "value";
      if (!map.scalar) {
        key.clear();
        value::append_key(key, entry.key);
      }
      arguments += arguments.empty() ? "{" : ", ";
      append_json_string(arguments, key);
      arguments += ": ";
      value::append_decimal(arguments, *integer);
    }
    if (!arguments.empty()) event(map.name, "C", time_, 0, ", \"args\": " + arguments + "}");
  }

  void finish() override {
    if (!line_.empty()) marker(line_);
    line_.clear();
    context_.out.write(begun_ ? "\n]\n" : "[]\n");
  }

 private:
  void marker(std::string_view line) {
    if (line.empty()) return;
    const std::vector<std::string_view> parts = split(line);
    const std::optional<int64_t> thread = parts.size() > 1 ? number(parts[1]) : std::nullopt;
    const std::optional<int64_t> amount = parts.size() == 4 ? number(parts[3]) : std::nullopt;
    if (!thread || parts[0].size() != 1) return instant(line);
    switch (parts[0][0]) {
      case 'B':
        if (parts.size() == 3) return event(parts[2], "B", time_, *thread, "");
        break;
      case 'E':
        if (parts.size() == 2) return event("", "E", time_, *thread, "");
        break;
      case 'X':
        if (amount && *amount >= 0) {
          const auto length = static_cast<uint64_t>(*amount);
          return event(parts[2], "X", time_ - std::min(time_, length), *thread, ", \"dur\": " + microseconds(length));
        }
        break;
      case 'C':
        if (amount)
          return event(parts[2], "C", time_, *thread, ", \"args\": {\"value\": " + std::to_string(*amount) + "}");
        break;
      default: break;
    }
    instant(line);
  }

  void instant(std::string_view name) { event(name, "i", time_, 0, ", \"s\": \"g\""); }

  void event(std::string_view name, const char* phase, uint64_t time, int64_t thread, std::string_view more) {
    std::string out = begun_ ? ",\n" : "[\n";
    begun_ = true;
    out += "{\"name\": ";
    append_json_string(out, name);
    out += std::string(", \"ph\": \"") + phase + "\", \"ts\": " + microseconds(time);
    out += ", \"pid\": " + std::to_string(thread) + ", \"tid\": " + std::to_string(thread);
    out += more;
    out += '}';
    context_.out.write(out);
  }

  bool begun_ = false;
  std::string line_;  // printf without its newline yet
};

}  // namespace

std::unique_ptr<Printer> make_trace_printer(const PrintContext& context) {
  return std::make_unique<TracePrinter>(context);
}

}  // namespace sonde::print
