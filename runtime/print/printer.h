// An output format: a few methods over values and records. A new action or aggregation adds data, not a method here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"
#include "runtime/value/value.h"

namespace sonde::print {

// What produced a piece of text; the JSON record type and its framing depend on it. join and system texts come without
// the newline that text output adds behind them.
enum class TextKind : uint8_t { printf, time, cat, join, system };

// A message with its place in the script.
struct Message {
  enum class Kind : uint8_t { helper_error, runtime_error, warnf, errorf, assert_failed };
  Kind kind = Kind::runtime_error;
  std::string text;    // friendly text
  std::string helper;  // helper_error: name without bpf_
  int64_t code = 0;    // helper_error
  image::SpanId span;
  uint64_t repeats = 1;  // how often it happened since it was last reported
};

// One test of --test.
struct TestResult {
  std::string name;
  uint64_t nanoseconds = 0;
  bool passed = false;
  std::string output;  // complete lines
};
struct TestSummary {
  uint64_t passed = 0;
  std::vector<std::string> failed;  // their names
};

// One benchmark of --bench.
struct Benchmark {
  std::string name;
  size_t name_width = 0;     // of the longest name of all
  uint64_t nanoseconds = 0;  // per iteration
  uint64_t iterations = 0;
};

// Where program output goes, with the buffering of -B.
class Sink {
 public:
  virtual ~Sink() = default;
  // Appends to the output, which is flushed as the mode demands.
  virtual void write(std::string_view bytes) = 0;
  virtual void flush() = 0;
  // A record is complete and must go out in every mode (but not before a hold ends).
  virtual void flush_record() { flush(); }
  // Between hold(true) and hold(false) lines and records may wait: one write per batch of events, not one per line.
  virtual void hold(bool) {}
  // errno of the first write that failed, 0 if all went well. What is written after it is dropped.
  virtual int failed() const { return 0; }
};

// What a printer needs to know besides values.
struct PrintContext {
  const image::Image& image;  // spans and configuration
  Sink& out;                  // program output
  Sink& err;                  // notices and messages in text mode
  bool color = false;
};

class Printer {
 public:
  explicit Printer(const PrintContext& context) : context_(context) {}
  virtual ~Printer() = default;
  virtual void attached(uint64_t probes) = 0;
  virtual void text(TextKind kind, std::string_view bytes) = 0;
  virtual void value(const value::Value& value) = 0;
  virtual void map(const value::MapValue& map) = 0;
  virtual void message(const Message& message) = 0;
  // Newly lost events, while running.
  virtual void lost(uint64_t events) = 0;
  // End of the run, before the maps (text: two newlines).
  virtual void end() = 0;
  // Maps with keys of one type as one table: a row per key, a column per map. Formats without tables show map after map.
  virtual void table(std::span<const value::MapValue> maps);
  // After everything else: formats that collect (svg) or close brackets (trace) write here.
  virtual void finish() {}
  // When the event happened that the next calls are about: CLOCK_MONOTONIC nanoseconds.
  void set_time(uint64_t nanoseconds) { time_ = nanoseconds; }

  // --test and --bench, in this order; formats may leave out what frames the results.
  virtual void tests_begin(uint64_t) {}
  virtual void test_begin(const std::string&) {}
  virtual void test_end(const TestResult&) {}
  virtual void tests_end(const TestSummary&) {}
  virtual void benchmarks_begin(size_t) {}
  virtual void benchmark(const Benchmark&) {}

  const PrintContext& context() const { return context_; }

  // The same in every format, on `err`: a failed asynchronous action ("failed to open file '/x' (No such file or
  // directory)", given without `ERROR: ` and newline), and the sum of lost events at exit (nothing if 0).
  void failure(std::string_view text);
  void total_lost(uint64_t events);
  // A map with so many entries takes seconds to read.
  void progress(std::string_view map, uint64_t entries);

 protected:
  PrintContext context_;
  uint64_t time_ = 0;
};

}  // namespace sonde::print
