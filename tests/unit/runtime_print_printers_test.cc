// Both formats over records and values: the samples of the output reference.
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/print/registry.h"
#include "runtime/print/sink.h"
#include "runtime/value/aggregate.h"

namespace sonde::print {
namespace {

using value::Integer;
using value::Value;

Value integer(int64_t number) { return {Integer{static_cast<uint64_t>(number), true, 8}}; }
Value text(std::string bytes) { return {value::Text{std::move(bytes)}}; }

class Printers : public testing::Test {
 protected:
  template <typename Act>
  std::string out(const char* format, Act act) {
    StringSink out, err;
    act(*find_format(format)->make({image_, out, err, false}));
    err_ = err.text();
    return out.text();
  }
  std::string json(const Value& value) {
    const std::string line = out("json", [&](Printer& printer) { printer.value(value); });
    constexpr std::string_view head = "{\"type\": \"value\", \"data\": ";
    EXPECT_EQ(line.substr(0, head.size()), head);
    return line.substr(head.size(), line.size() - head.size() - 2);
  }
  static value::MapValue map(const char* name, std::vector<value::MapEntry> entries, bool scalar = false) {
    return {name, value::MapForm::plain, scalar, std::move(entries)};
  }

  image::Image image_;
  std::string err_;
};

TEST_F(Printers, RegistryBeginsWithTextAndJson) {
  ASSERT_GE(formats().size(), 2U);
  EXPECT_EQ(formats()[0].name, "text");
  EXPECT_EQ(formats()[1].name, "json");
  EXPECT_EQ(find_format("xml"), nullptr);
}

TEST_F(Printers, JsonNumbersThatADoubleCanNotHoldAreQuoted) {
  EXPECT_EQ(json(integer(9007199254740992)), "9007199254740992");
  EXPECT_EQ(json(integer(9007199254740993)), "\"9007199254740993\"");
  EXPECT_EQ(json(integer(9007199254740994)), "9007199254740994");
  EXPECT_EQ(json(integer(4611686018427387904)), "4611686018427387904");
  EXPECT_EQ(json(integer(INT64_MAX)), "\"9223372036854775807\"");
  EXPECT_EQ(json(integer(INT64_MIN)), "-9223372036854775808");
  EXPECT_EQ(json({Integer{UINT64_MAX, false}}), "\"18446744073709551615\"");
  EXPECT_EQ(json(integer(-5)), "-5");
  EXPECT_EQ(json({value::Pointer{UINT64_MAX}}), "\"18446744073709551615\"");
}

TEST_F(Printers, JsonStrings) {
  EXPECT_EQ(json(text("a\"b\\c\nd\re\tf\x01/\x7f")), "\"a\\\"b\\\\c\\nd\\re\\tf\\u0001/\x7f\"");
  EXPECT_EQ(json(text("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80")),
            "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"");
  // Not UTF-8: a lone continuation, a cut sequence, overlong, surrogate, above U+10FFFF.
  EXPECT_EQ(json(text("\x80|\xc3")), "\"\\u0080|\\u00c3\"");
  EXPECT_EQ(json(text("\xc0\xaf")), "\"\\u00c0\\u00af\"");
  EXPECT_EQ(json(text("\xe0\x80\xaf")), "\"\\u00e0\\u0080\\u00af\"");
  EXPECT_EQ(json(text("\xed\xa0\x80")), "\"\\u00ed\\u00a0\\u0080\"");
  EXPECT_EQ(json(text("\xf4\x90\x80\x80")), "\"\\u00f4\\u0090\\u0080\\u0080\"");
}

TEST_F(Printers, JsonValues) {
  EXPECT_EQ(json({value::Buffer{"he\x01\xff"}}), "[104,101,1,-1]");
  EXPECT_EQ(json({value::Null{}}), "null");
  EXPECT_EQ(
      json({value::Record{{{"a", integer(1)}, {"b", text("x y")}, {"c", {value::Tuple{{integer(1), integer(2)}}}}}}}),
      "{\"a\": 1, \"b\": \"x y\", \"c\": [1,2]}");
  EXPECT_EQ(json({value::Tuple{{integer(1), text("a"), {value::Tuple{{integer(2), {true}}}}}}}), "[1,\"a\",[2,true]]");
  EXPECT_EQ(json({value::Stack{{{1, "        leaf+0"}, {2, "        mid+12"}}}}),
            "\"\\n        leaf+0\\n        mid+12\\n\"");
  EXPECT_EQ(json({value::Enumerator{{4, false, 8}, "BUSY"}}), "4");
}

TEST_F(Printers, JsonRecords) {
  EXPECT_EQ(out("json", [](Printer& p) { p.attached(2); }),
            "{\"type\": \"attached_probes\", \"count\": 2, \"data\": {\"probes\": 2}}\n");
  EXPECT_EQ(out("json", [](Printer& p) { p.lost(1898); }),
            "{\"type\": \"lost_events\", \"count\": 1898, \"data\": {\"events\": 1898}}\n");
  EXPECT_EQ(out("json", [](Printer& p) { p.text(TextKind::printf, "hello 5\n"); }),
            "{\"type\": \"printf\", \"data\": \"hello 5\\n\"}\n");
  EXPECT_EQ(out("json", [](Printer& p) { p.text(TextKind::join, "/bin/echo,a,b"); }),
            "{\"type\": \"join\", \"data\": \"/bin/echo,a,b\"}\n");
  EXPECT_EQ(out("json", [](Printer& p) { p.text(TextKind::system, "hi\nho\n"); }),
            "{\"type\": \"syscall\", \"data\": \"hi\\nho\\n\"}\n");
  EXPECT_EQ(out("json", [](Printer& p) { p.text(TextKind::time, "12:01:07\n"); }),
            "{\"type\": \"time\", \"data\": \"12:01:07\\n\"}\n");
  EXPECT_EQ(out("json", [](Printer& p) { p.text(TextKind::cat, "vm\n"); }),
            "{\"type\": \"cat\", \"data\": \"vm\\n\"}\n");
  EXPECT_EQ(out("json", [](Printer& p) { p.end(); }), "");
}

TEST_F(Printers, JsonMaps) {
  const auto print = [&](value::MapValue map) { return out("json", [&](Printer& p) { p.map(map); }); };
  EXPECT_EQ(print(map("@a", {{{}, integer(1)}}, true)), "{\"type\": \"map\", \"data\": {\"@a\": 1}}\n");
  EXPECT_EQ(print(map("@b", {{integer(1), integer(2)}, {integer(2), integer(3)}})),
            "{\"type\": \"map\", \"data\": {\"@b\": {\"1\": 2, \"2\": 3}}}\n");
  EXPECT_EQ(print(map("@d", {{{value::Tuple{{integer(1), text("a b")}}}, {value::Tuple{{integer(1), integer(2)}}}}})),
            "{\"type\": \"map\", \"data\": {\"@d\": {\"1,ab\": [1,2]}}}\n");
  EXPECT_EQ(print(map("@x", {{{value::Tuple{{text("x y"), text("z")}}}, integer(1)}})),
            "{\"type\": \"map\", \"data\": {\"@x\": {\"xy,z\": 1}}}\n");
  EXPECT_EQ(print(map("@x", {{{value::Buffer{"a\x01"}}, integer(1)}})),
            "{\"type\": \"map\", \"data\": {\"@x\": {\"a\\\\x01\": 1}}}\n");
  EXPECT_EQ(print(map("@empty", {})), "");
  value::MapValue stats = map("@i", {{{}, {value::Stats{1, {3, true}, {3, true}}}}}, true);
  stats.form = value::MapForm::stats;
  EXPECT_EQ(print(stats), "{\"type\": \"stats\", \"data\": {\"@i\": {\"count\": 1, \"average\": 3, \"total\": 3}}}\n");
  value::MapValue average = map("@h", {{{}, integer(7)}}, true);
  average.form = value::MapForm::stats;
  EXPECT_EQ(print(average), "{\"type\": \"stats\", \"data\": {\"@h\": 7}}\n");
}

value::MapValue histogram_map(std::vector<int64_t> numbers, std::vector<value::MapEntry> more = {}) {
  const image::AggDesc desc{.view = image::View::log2};
  std::vector<uint64_t> counts(value::bucket_count(0));
  for (const int64_t number : numbers) ++counts[value::bucket_of(number, 0)];
  value::MapValue map{"@h", value::MapForm::histogram, true, {{{}, value::aggregate_value(desc, counts)}}};
  for (auto& entry : more) map.entries.push_back(std::move(entry));
  return map;
}

TEST_F(Printers, Histograms) {
  const auto map = histogram_map({-1, 0, 5});
  EXPECT_EQ(
      out("json", [&](Printer& p) { p.map(map); }),
      "{\"type\": \"hist\", \"data\": {\"@h\": [{\"max\": -1, \"count\": 1},{\"min\": 0, \"max\": 0, \"count\": 1},"
      "{\"min\": 1, \"max\": 1, \"count\": 0},{\"min\": 2, \"max\": 3, \"count\": 0},{\"min\": 4, \"max\": 7, "
      "\"count\": 1}]}}\n");
  const auto top = histogram_map({INT64_MAX});
  EXPECT_EQ(out("json", [&](Printer& p) { p.map(top); }),
            "{\"type\": \"hist\", \"data\": {\"@h\": [{\"min\": 4611686018427387904, \"max\": \"9223372036854775807\", "
            "\"count\": 1}]}}\n");
  EXPECT_EQ(out("text", [&](Printer& p) { p.map(histogram_map({5})); }),
            "@h:\n[4, 8)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n\n");
  // Zeroed, and divided to nothing.
  EXPECT_EQ(out("text", [&](Printer& p) { p.map(histogram_map({})); }), "@h:\n\n");
  auto divided = histogram_map({5});
  value::divide(divided.entries[0].value, 10);
  EXPECT_EQ(out("text", [&](Printer& p) { p.map(divided); }),
            "@h:\n[4, 8)                 0 |                                                    |\n\n");
}

TEST_F(Printers, BarsAreRoundedInSinglePrecision) {
  std::vector<int64_t> numbers(16, 8);
  for (const auto& [number, count] : std::vector<std::pair<int64_t, int>>{{0, 1}, {1, 2}, {2, 4}, {4, 8}}) {
    numbers.insert(numbers.end(), static_cast<size_t>(count), number);
  }
  const std::string drawn = out("text", [&](Printer& p) { p.map(histogram_map(numbers)); });
  std::vector<long> lengths;
  size_t start = drawn.find('\n') + 1;
  for (size_t end; (end = drawn.find('\n', start)) != std::string::npos && end != start; start = end + 1) {
    const std::string line = drawn.substr(start, end - start);
    lengths.push_back(std::count(line.begin(), line.end(), '@'));
  }
  EXPECT_EQ(lengths, (std::vector<long>{3, 6, 13, 26, 52}));
}

TEST_F(Printers, TextRun) {
  EXPECT_EQ(out("text",
                [&](Printer& p) {
                  p.attached(1);
                  p.value(integer(1));
                  p.text(TextKind::system, "hi\n");
                  p.text(TextKind::join, "a b");
                  p.text(TextKind::printf, "xy");
                  p.end();
                  p.map(map("@m", {{text("k"), integer(2)}}));
                  p.map(map("@x", {{{}, integer(1)}}, true));
                }),
            "1\nhi\n\na b\nxy\n\n@m[k]: 2\n@x: 1\n");
  EXPECT_EQ(err_, "Attached 1 probe\n");
}

TEST_F(Printers, NoticesGoToTheErrorStreamInBothFormats) {
  for (const Format& format : formats()) {
    EXPECT_EQ(out(format.name.data(),
                  [](Printer& p) {
                    p.failure("command exited with code 3 (Operation not supported)");
                    p.total_lost(12);
                    p.total_lost(0);
                  }),
              "");
    EXPECT_EQ(err_,
              "ERROR: command exited with code 3 (Operation not supported)\nWARNING: Total lost event count: 12\n");
  }
}

}  // namespace
}  // namespace sonde::print
