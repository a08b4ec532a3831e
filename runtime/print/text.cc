// The text format: what people read.
#include <algorithm>

#include "runtime/print/formats.h"
#include "runtime/print/histogram.h"
#include "runtime/print/notices.h"
#include "runtime/print/series.h"
#include "runtime/print/table.h"
#include "runtime/value/format.h"

namespace sonde::print {
namespace {

class TextPrinter : public NoticePrinter {
 public:
  using NoticePrinter::NoticePrinter;

  void text(TextKind kind, std::string_view bytes) override {
    switch (kind) {
      case TextKind::printf:
      case TextKind::time:
      case TextKind::cat: context_.out.write(bytes); return;
      case TextKind::join:
      case TextKind::system:
        line_.assign(bytes);
        line_ += '\n';
        context_.out.write(line_);
        return;
    }
  }

  void value(const value::Value& value) override {
    line_.clear();
    if (const auto* histogram = std::get_if<value::Histogram>(&value.data)) {
      append_histogram(line_, *histogram);
    } else {
      value::append_text(line_, value);
    }
    line_ += '\n';
    context_.out.write(line_);
  }

  void map(const value::MapValue& map) override {
    line_.clear();
    for (const value::MapEntry& entry : map.entries) {
      line_ += map.name;
      if (!map.scalar) {
        line_ += '[';
        value::append_key(line_, entry.key);
        line_ += ']';
      }
      if (const auto* histogram = std::get_if<value::Histogram>(&entry.value.data)) {
        line_ += ":\n";
        append_histogram(line_, *histogram);
      } else if (const auto* series = std::get_if<value::Series>(&entry.value.data)) {
        line_ += ":\n";
        append_series(line_, *series);
      } else {
        line_ += ": ";
        value::append_text(line_, entry.value);
      }
      line_ += '\n';
    }
    context_.out.write(line_);
  }

  void table(std::span<const value::MapValue> maps) override {
    line_.clear();
    append_table(line_, maps);
    context_.out.write(line_);
  }

  void end() override { context_.out.write("\n\n"); }

 private:
  std::string line_;  // reused: no allocation per line
};

}  // namespace

std::unique_ptr<Printer> make_text_printer(const PrintContext& context) {
  return std::make_unique<TextPrinter>(context);
}

}  // namespace sonde::print
