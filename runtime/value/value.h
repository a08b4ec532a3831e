// Values as printers see them: built once from bytes and a layout (decode.h), rendered by every output format.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sonde::value {

struct Value;
struct Member;

struct Null {};
// An integer of either sign; `bits` holds its 64-bit two's complement form.
struct Integer {
  uint64_t bits = 0;
  bool is_signed = true;
  uint8_t size = 8;  // bytes of its type, for %c and the like
};
struct Pointer {
  uint64_t address = 0;
};
// An enum value: a number that has a name when a variant matches.
struct Enumerator {
  Integer number;
  std::string name;  // empty: no variant matches
};
struct Text {
  std::string
      bytes;  // up to the first NUL or the capacity; in the latter case the configured trailer is already appended
};
struct Buffer {
  std::string bytes;
};
// Text that was resolved when the value was built: symbols, times, addresses, user names, cgroup paths.
struct Resolved {
  std::string text;
};
struct StackFrame {
  uint64_t address = 0;
  std::string line;  // the frame as printed (output.md 5), without newline
};
struct Stack {
  std::vector<StackFrame> frames;
  bool user = false;  // of a process, else of the kernel
};
struct Array {
  std::vector<Value> elements;
};
struct Tuple {
  std::vector<Value> elements;
};
struct Record {
  std::vector<Member> members;
};
// One bar of a histogram: [low, high) with the text of its bounds.
struct Bucket {
  std::string header;          // "[4, 8)", "[1K, 2K)", "(..., 0)"
  std::optional<Integer> min;  // closed bounds for JSON; absent: open end
  std::optional<Integer> max;
  uint64_t count = 0;
};
struct Histogram {
  std::vector<Bucket> buckets;  // first to last non-empty
  bool linear = false;          // lhist, whose counts print()'s div leaves alone
};
struct Stats {
  uint64_t count = 0;
  Integer average;
  Integer total;
};

// A time series: the intervals from the first one with a value of this key to the newest one of the whole map.
struct SeriesPoint {
  uint64_t epoch = 0;  // wall-clock nanoseconds / interval
  std::optional<Integer> value;
};
struct Series {
  uint64_t interval = 1;  // nanoseconds
  std::vector<SeriesPoint> points;
};

struct Value {
  std::variant<Null, bool, Integer, Pointer, Enumerator, Text, Buffer, Resolved, Stack, Array, Tuple, Record, Histogram,
               Stats, Series>
      data;
};

struct Member {
  std::string name;
  Value value;
};

enum class MapForm : uint8_t { plain, stats, histogram, series };  // the JSON record type

struct MapEntry {
  Value key;  // Null for scalar maps
  Value value;
};
// A whole map, sorted, with top and div applied.
struct MapValue {
  std::string name;
  MapForm form = MapForm::plain;
  bool scalar = false;
  std::vector<MapEntry> entries;
};

}  // namespace sonde::value
