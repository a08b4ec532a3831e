// The reader of recorded values: recursive descent over one line.
#include "tests/golden_tool/print_reader.h"

#include <cctype>
#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace sonde::golden {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '@' || c == '-'; }

}  // namespace

void Reader::fail(std::string_view what) const {
  std::fprintf(stderr, "expected %.*s at `%.*s` in: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(rest_.size()), rest_.data(), static_cast<int>(line_.size()), line_.data());
  std::exit(2);
}

void Reader::skip_space() {
  while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
}

bool Reader::at_end() {
  skip_space();
  return rest_.empty();
}

std::string_view Reader::word() {
  skip_space();
  size_t length = 0;
  while (length < rest_.size() && is_word(rest_[length])) ++length;
  const std::string_view result = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return result;
}

bool Reader::accept(std::string_view token) {
  skip_space();
  if (!rest_.starts_with(token)) return false;
  rest_.remove_prefix(token.size());
  return true;
}

void Reader::expect(std::string_view token) {
  if (!accept(token)) fail(token);
}

std::string Reader::text() {
  expect("\"");
  std::string result;
  while (!rest_.empty() && rest_.front() != '"') {
    char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '\\' && !rest_.empty()) {
      c = rest_.front();
      rest_.remove_prefix(1);
      if (c == 'n') c = '\n';
      if (c == 't') c = '\t';
      if (c == 'x') {
        unsigned byte = 0;
        std::from_chars(rest_.data(), rest_.data() + std::min<size_t>(2, rest_.size()), byte, 16);
        rest_.remove_prefix(std::min<size_t>(2, rest_.size()));
        c = static_cast<char>(byte);
      }
    }
    result += c;
  }
  expect("\"");
  return result;
}

uint64_t Reader::number() { return integer().bits; }

value::Integer Reader::integer() {
  skip_space();
  const bool negative = accept("-");
  const int base = accept("0x") ? 16 : 10;
  uint64_t bits = 0;
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), bits, base);
  if (error != std::errc()) fail("a number");
  rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
  value::Integer result;
  result.bits = negative ? 0 - bits : bits;
  result.is_signed = !rest_.starts_with("u");
  if (!result.is_signed) rest_.remove_prefix(1);
  return result;
}

std::vector<value::Value> Reader::list(std::string_view close) {
  std::vector<value::Value> result;
  if (accept(close)) return result;
  do {
    result.push_back(value());
  } while (accept(","));
  expect(close);
  return result;
}

value::Value Reader::stack() {
  value::Stack result;
  if (accept("]")) return {result};
  do {
    const uint64_t address = number();
    result.frames.push_back({address, text()});
  } while (accept(","));
  expect("]");
  return {result};
}

std::optional<value::Integer> Reader::bound() {
  if (accept("_")) return std::nullopt;
  return integer();
}

value::Value Reader::histogram(bool linear) {
  value::Histogram result;
  result.linear = linear;
  if (accept("]")) return {result};
  do {
    value::Bucket bucket;
    bucket.header = text();
    bucket.min = bound();
    bucket.max = bound();
    bucket.count = number();
    result.buckets.push_back(std::move(bucket));
  } while (accept(","));
  expect("]");
  return {result};
}

// series(INTERVAL EPOCH VALUE, EPOCH _, ...)
value::Value Reader::series() {
  value::Series result;
  result.interval = number();
  while (!accept(")")) {
    value::SeriesPoint& point = result.points.emplace_back();
    point.epoch = number();
    point.value = bound();
    accept(",");
  }
  return {result};
}

value::Value Reader::value() {
  if (accept("null")) return {value::Null{}};
  if (accept("true")) return {true};
  if (accept("false")) return {false};
  if (accept("buf")) return {value::Buffer{text()}};
  if (accept("sym")) return {value::Resolved{text()}};
  if (accept("enum")) {
    std::string name(word());
    if (name == "-") name.clear();
    return {value::Enumerator{integer(), std::move(name)}};
  }
  if (accept("stack[")) return stack();
  if (accept("lhist[")) return histogram(true);
  if (accept("hist[")) return histogram(false);
  if (accept("series(")) return series();
  if (accept("ustack[")) {
    value::Value read = stack();
    std::get<value::Stack>(read.data).user = true;
    return read;
  }
  if (accept("stats(")) {
    const uint64_t count = number();
    const value::Integer average = integer();
    const value::Integer total = integer();
    expect(")");
    return {value::Stats{count, average, total}};
  }
  if (accept("[")) return {value::Array{list("]")}};
  if (accept("(")) return {value::Tuple{list(")")}};
  if (accept("{")) {
    value::Record result;
    while (!accept("}")) {
      std::string name(word());
      expect("=");
      result.members.emplace_back(std::move(name), value());
      accept(",");
    }
    return {result};
  }
  skip_space();
  if (rest_.starts_with('"')) return {value::Text{text()}};
  if (rest_.starts_with("0x")) return {value::Pointer{number()}};
  return {integer()};
}

}  // namespace sonde::golden
