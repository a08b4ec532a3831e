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

  void tests_begin(uint64_t count) override {
    tagged(kGreen, "[==========]", "Running " + std::to_string(count) + " tests.");
  }
  void test_begin(const std::string& name) override { tagged(kGreen, "[ RUN      ]", name); }
  void test_end(const TestResult& result) override {
    const std::string text = result.name + " (" + duration(result.nanoseconds) + ")";
    if (!result.passed) context_.out.write(result.output);
    tagged(result.passed ? kGreen : kRed, result.passed ? "[       OK ]" : "[  FAILED  ]", text);
  }
  void tests_end(const TestSummary& summary) override {
    const auto tests = [](uint64_t count) { return std::to_string(count) + (count == 1 ? " test" : " tests"); };
    tagged(kGreen, "[==========]", tests(summary.passed + summary.failed.size()) + " ran.");
    tagged(kGreen, "[  PASSED  ]", tests(summary.passed) + ".");
    if (summary.failed.empty()) return;
    tagged(kRed, "[  FAILED  ]", tests(summary.failed.size()) + ", listed below:");
    for (const std::string& name : summary.failed) tagged(kRed, "[  FAILED  ]", name);
  }

  void benchmarks_begin(size_t name_width) override {
    const size_t width = column(name_width);
    std::string line = padded("Benchmark", width) + padded("Time(ns)", kTimeColumn) + "Iterations";
    context_.out.write(line + "\n" + std::string(line.size(), '-') + "\n");
  }
  void benchmark(const Benchmark& result) override {
    context_.out.write(padded(result.name, column(result.name_width)) +
                       padded(std::to_string(result.nanoseconds), kTimeColumn) + std::to_string(result.iterations) +
                       "\n");
  }

 private:
  static constexpr std::string_view kGreen = "\033[32m";
  static constexpr std::string_view kRed = "\033[31m";
  static constexpr size_t kTimeColumn = 15;
  static size_t column(size_t name_width) { return std::max<size_t>(name_width, 40) + 1; }
  static std::string padded(std::string text, size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text;
  }
  // Always coloured: the layout is that of a well-known test framework, whose readers look for the colours.
  void tagged(std::string_view color, std::string_view tag, const std::string& text) {
    std::string line(color);
    ((line += tag) += "\033[0m ") += text;
    context_.out.write(line + "\n");
  }
  static std::string duration(uint64_t nanoseconds) {
    if (nanoseconds < 1'000) return std::to_string(nanoseconds) + " ns";
    if (nanoseconds < 1'000'000) return std::to_string(nanoseconds / 1'000) + " μs";
    if (nanoseconds < 1'000'000'000) return std::to_string(nanoseconds / 1'000'000) + " ms";
    return std::to_string(nanoseconds / 1'000'000'000) + " s";
  }

  std::string line_;  // reused: no allocation per line
};

}  // namespace

std::unique_ptr<Printer> make_text_printer(const PrintContext& context) {
  return std::make_unique<TextPrinter>(context);
}

}  // namespace sonde::print
