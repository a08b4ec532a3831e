// The JSON format: one object per line, separators exactly as in output.md 11.
#include <bit>
#include <cstring>
#include <type_traits>

#include "runtime/print/formats.h"
#include "runtime/value/format.h"

namespace sonde::print {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

// Length of the valid UTF-8 sequence of several bytes at the front of `bytes`, 0 if there is none (overlong forms,
// surrogates and numbers above U+10FFFF are not valid).
size_t utf8_length(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(0);
  size_t length = 0;
  if (lead >= 0xc2 && lead < 0xe0) length = 2;
  if ((lead & 0xf0) == 0xe0) length = 3;
  if (lead >= 0xf0 && lead < 0xf5) length = 4;
  if (length == 0 || length > bytes.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;
  if (lead == 0xed && byte(1) >= 0xa0) return 0;
  if (lead == 0xf0 && byte(1) < 0x90) return 0;
  if (lead == 0xf4 && byte(1) >= 0x90) return 0;
  return length;
}

void append_unicode_escape(std::string& out, unsigned char byte) {
  out += "\\u00";
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 15];
}

// Bytes that stand for themselves.
bool is_plain(unsigned char byte) { return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\'; }

// Appends the escape of the byte or sequence at the front of `text` and returns its length.
size_t append_special(std::string& out, std::string_view text) {
  const auto byte = static_cast<unsigned char>(text.front());
  switch (byte) {
    case '"': out += "\\\""; return 1;
    case '\\': out += "\\\\"; return 1;
    case '\n': out += "\\n"; return 1;
    case '\r': out += "\\r"; return 1;
    case '\t': out += "\\t"; return 1;
    default: break;
  }
  const size_t length = byte < 0x80 ? 0 : utf8_length(text);
  if (length == 0) {
    append_unicode_escape(out, byte);
    return 1;
  }
  out += text.substr(0, length);
  return length;
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && is_plain(static_cast<unsigned char>(text[plain]))) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(append_special(out, text));
  }
  out += '"';
}

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

void append_record(std::string& out, const value::Record& record) {
  out += '{';
  bool first = true;
  for (const auto& [name, member] : record.members) {
    if (!first) out += ", ";
    first = false;
    append_string(out, name);
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
      append_string(out, data.bytes);
    } else if constexpr (std::is_same_v<Data, value::Resolved>) {
      append_string(out, data.text);
    } else if constexpr (std::is_same_v<Data, value::Buffer>) {
      append_elements(out, data.bytes, [&](char byte) { out += std::to_string(static_cast<signed char>(byte)); });
    } else if constexpr (std::is_same_v<Data, value::Stack>) {
      std::string text;
      value::append_text(text, value);
      append_string(out, text);
    } else if constexpr (std::is_same_v<Data, value::Array> || std::is_same_v<Data, value::Tuple>) {
      append_elements(out, data.elements, [&](const value::Value& element) { append_value(out, element); });
    } else if constexpr (std::is_same_v<Data, value::Record>) {
      append_record(out, data);
    } else if constexpr (std::is_same_v<Data, value::Histogram>) {
      append_elements(out, data.buckets, [&](const value::Bucket& bucket) { append_bucket(out, bucket); });
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
  append_string(out, text);
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
    finish("}}");
  }

  void text(TextKind kind, std::string_view bytes) override {
    begin(record_type(kind));
    line_ += ", \"data\": ";
    append_string(line_, bytes);
    finish("}");
  }

  void value(const value::Value& value) override {
    begin("value");
    line_ += ", \"data\": ";
    append_value(line_, value);
    finish("}");
  }

  void map(const value::MapValue& map) override {
    if (map.entries.empty()) return;
    begin(record_type(map.form));
    line_ += ", \"data\": {";
    append_string(line_, map.name);
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
    finish("}}");
  }

  void message(const Message& message) override {
    begin(record_type(message.kind));
    std::string_view text = message.text;
    if (text.ends_with('\n')) text.remove_suffix(1);
    line_ += ", \"msg\": ";
    if (message.kind == Message::Kind::helper_error) {
      // The record carries the plain errno text; readers have `helper` and `retcode` to tell cases apart.
      append_string(line_, std::strerror(static_cast<int>(-message.code)));
      line_ += ", \"helper\": ";
      append_string(line_, message.helper);
      line_ += ", \"retcode\": ";
      append_number(line_, {static_cast<uint64_t>(message.code), true});
    } else {
      append_string(line_, text);
    }
    append_place(message.span);
    if (message.repeats > 1) {
      line_ += ", \"count\": ";
      append_unsigned(line_, message.repeats);
    }
    finish("}");
  }

  void lost(uint64_t events) override {
    begin("lost_events");
    line_ += ", \"count\": ";
    append_unsigned(line_, events);
    line_ += ", \"data\": {\"events\": ";
    append_unsigned(line_, events);
    finish("}}");
  }

  void end() override {}

 private:
  void begin(std::string_view type) {
    line_ = "{\"type\": ";
    append_string(line_, type);
  }

  void append_place(image::SpanId id) {
    if (id.value >= context_.image.spans.size()) return;
    const image::SourceSpan& span = context_.image.spans[id.value];
    line_ += ", \"filename\": ";
    append_string(line_, span.file);
    line_ += ", \"line\": ";
    append_unsigned(line_, span.line);
    line_ += ", \"col\": ";
    append_unsigned(line_, span.column);
  }

  // Every record is complete and flushed, in every buffering mode.
  void finish(std::string_view closing) {
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
