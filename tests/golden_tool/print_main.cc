// sonde-golden-print FILE: replays a recording (values, maps, messages) through the output formats text and json, or those
// that its line `formats NAME...` names.
//
// A recording has one record per line:
//   attached N | lost N | total_lost N | end | failure "text"
//   text KIND "bytes"               KIND: printf time cat join system
//   value VALUE                     see print_reader.h
//   map NAME FORM KEY = VALUE       appends an entry; FORM: plain stats histogram series; KEY `-` for a scalar map
//   map NAME FORM                   a map without entries
//   print NAME                      prints that map and forgets it
//   table NAME...                   prints these maps as one table and forgets them
//   time NANOSECONDS                of the records that follow
//   span "file" LINE COLUMN END "source line"                      the place of the messages that follow
//   lines about layouts and bytes: see print_layouts.h
//   message KIND "text" ["helper" CODE]   KIND: helper_error runtime_error warnf errorf assert_failed
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "image/image.h"
#include "runtime/print/printer.h"
#include "runtime/print/registry.h"
#include "runtime/print/sink.h"
#include "tests/golden_tool/print_layouts.h"
#include "tests/golden_tool/print_reader.h"

namespace sonde::golden {
namespace {

using print::Message;
using print::TextKind;

// The index of `word` in `names`, or nothing.
template <class Kind, size_t count>
Kind kind_of(std::string_view word, const char* const (&names)[count]) {
  for (size_t index = 0; index < count; ++index) {
    if (word == names[index]) return static_cast<Kind>(index);
  }
  std::fprintf(stderr, "unknown kind %.*s\n", static_cast<int>(word.size()), word.data());
  std::exit(2);
}

class Replay {
 public:
  Replay(print::Printer& printer, image::Image& image) : printer_(printer), image_(image), layouts_(printer, image) {}

  void line(std::string_view text) {
    Reader in(text);
    const std::string_view verb = in.word();
    if (verb == "attached") {
      printer_.attached(in.number());
    } else if (verb == "lost") {
      printer_.lost(in.number());
    } else if (verb == "total_lost") {
      printer_.total_lost(in.number());
    } else if (verb == "end") {
      printer_.end();
    } else if (verb == "failure") {
      printer_.failure(in.text());
    } else if (verb == "text") {
      const auto kind = kind_of<TextKind>(in.word(), {"printf", "time", "cat", "join", "system"});
      printer_.text(kind, in.text());
    } else if (verb == "value") {
      printer_.value(in.value());
    } else if (verb == "map") {
      entry(in);
    } else if (verb == "print") {
      const auto map = maps_.extract(std::string(in.word()));
      if (map) printer_.map(map.mapped());
    } else if (verb == "table") {
      table(in);
    } else if (verb == "time") {
      printer_.set_time(in.number());
    } else if (verb == "span") {
      span(in);
    } else if (verb == "message") {
      message(in);
    } else if (!layouts_.line(verb, in)) {
      std::fprintf(stderr, "unknown record: %.*s\n", static_cast<int>(text.size()), text.data());
      std::exit(2);
    }
    if (!in.at_end()) {
      std::fprintf(stderr, "more than one record: %.*s\n", static_cast<int>(text.size()), text.data());
      std::exit(2);
    }
  }

 private:
  void entry(Reader& in) {
    const std::string name(in.word());
    value::MapValue& map = maps_[name];
    map.name = name;
    map.form = kind_of<value::MapForm>(in.word(), {"plain", "stats", "histogram", "series"});
    if (in.at_end()) return;
    value::MapEntry entry;
    map.scalar = in.accept("- ");
    if (!map.scalar) entry.key = in.value();
    in.expect("=");
    entry.value = in.value();
    map.entries.push_back(std::move(entry));
  }

  void table(Reader& in) {
    std::vector<value::MapValue> columns;
    while (!in.at_end()) columns.push_back(std::move(maps_[std::string(in.word())]));
    printer_.table(columns);
  }

  void span(Reader& in) {
    image::SourceSpan span;
    span.file = in.text();
    span.line = static_cast<uint32_t>(in.number());
    span.column = static_cast<uint32_t>(in.number());
    span.end_line = span.line;
    span.end_column = static_cast<uint32_t>(in.number());
    span.text = in.text();
    image_.spans.push_back(std::move(span));
  }

  void message(Reader& in) {
    Message message;
    message.kind =
        kind_of<Message::Kind>(in.word(), {"helper_error", "runtime_error", "warnf", "errorf", "assert_failed"});
    message.text = in.text();
    if (!in.at_end()) {
      message.helper = in.text();
      message.code = static_cast<int64_t>(in.number());
    }
    message.span = image::SpanId{static_cast<uint32_t>(image_.spans.size() - 1)};
    printer_.message(message);
  }

  print::Printer& printer_;
  image::Image& image_;
  Layouts layouts_;
  std::map<std::string, value::MapValue> maps_;
};

// The names behind `formats`, or the two for everything.
std::string wanted_formats(const char* path) {
  std::ifstream file(path);
  constexpr std::string_view mark = "formats ";
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(mark)) return " " + line.substr(mark.size()) + " ";
  return " text json ";
}

int run(const char* path) {
  // Times of series are local ones.
  ::setenv("TZ", "UTC0", 1);
  const std::string wanted = wanted_formats(path);
  for (const print::Format& format : print::formats()) {
    if (!wanted.contains(" " + std::string(format.name) + " ")) continue;
    std::ifstream file(path);
    if (!file) {
      std::perror(path);
      return 2;
    }
    image::Image image;
    print::StringSink out;
    print::StringSink err;
    const auto printer = format.make({image, out, err});
    Replay replay(*printer, image);
    for (std::string line; std::getline(file, line);) {
      if (!line.empty() && line.front() != '#' && !line.starts_with("formats ")) replay.line(line);
    }
    printer->finish();
    std::printf("=== %.*s\n%s", static_cast<int>(format.name.size()), format.name.data(), out.text().c_str());
    if (!err.text().empty())
      std::printf("=== %.*s, stderr\n%s", static_cast<int>(format.name.size()), format.name.data(), err.text().c_str());
  }
  return 0;
}

}  // namespace
}  // namespace sonde::golden

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: sonde-golden-print FILE\n", stderr);
    return 2;
  }
  return sonde::golden::run(argv[1]);
}
