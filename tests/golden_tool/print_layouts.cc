// Reader of recorded layouts and bytes.
#include "tests/golden_tool/print_layouts.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "runtime/value/aggregate.h"
#include "runtime/value/decode.h"
#include "runtime/value/format.h"

namespace sonde::golden {
namespace {

template <typename Kind, size_t count>
Kind kind_of(std::string_view word, const char* const (&names)[count]) {
  for (size_t index = 0; index < count; ++index) {
    if (word == names[index]) return static_cast<Kind>(index);
  }
  std::fprintf(stderr, "unknown kind %.*s\n", static_cast<int>(word.size()), word.data());
  std::exit(2);
}

uint32_t small(Reader& in) { return static_cast<uint32_t>(in.number()); }

std::vector<std::byte> hex(std::string_view word) {
  std::vector<std::byte> bytes;
  for (; word.size() >= 2; word.remove_prefix(2)) {
    unsigned byte = 0;
    std::from_chars(word.data(), word.data() + 2, byte, 16);
    bytes.push_back(static_cast<std::byte>(byte));
  }
  return bytes;
}

}  // namespace

bool Layouts::line(std::string_view verb, Reader& in) {
  if (verb == "type") {
    type(in);
  } else if (verb == "string") {
    image_.strings.push_back(in.text());
  } else if (verb == "trailer") {
    image_.config.str_trunc_trailer = in.text();
  } else if (verb == "decode") {
    decode(in);
  } else if (verb == "format") {
    format(in);
  } else if (verb == "aggregate") {
    aggregate(in);
  } else {
    return false;
  }
  return true;
}

void Layouts::type(Reader& in) {
  image::Layout layout;
  layout.kind =
      kind_of<image::LayoutKind>(in.word(), {"none",      "boolean",      "integer",    "enumeration",   "string",
                                             "buffer",    "inet",         "tuple",      "record",        "array",
                                             "pointer",   "kernel_stack", "user_stack", "kernel_symbol", "user_symbol",
                                             "timestamp", "mac_address",  "username",   "cgroup_path",   "aggregate"});
  layout.size = small(in);
  while (!in.at_end()) {
    const std::string word(in.word());
    if (in.accept("=")) {
      layout.variants.push_back({word, in.number()});
    } else if (in.accept(":")) {
      image::LayoutMember member{word, {small(in)}, 0, 0, 0};
      in.expect("@");
      member.offset = small(in);
      if (in.accept(".")) {
        member.bit_offset = static_cast<uint16_t>(in.number());
        in.expect(":");
        member.bit_size = static_cast<uint16_t>(in.number());
      }
      layout.members.push_back(std::move(member));
    } else if (word == "signed") {
      layout.is_signed = true;
    } else if (word == "text") {
      layout.bytes_as_text = true;
    } else if (word == "of") {
      layout.element = {small(in)};
    } else if (word == "x") {
      layout.count = small(in);
    } else if (word == "mode") {
      layout.stack_mode = kind_of<image::StackMode>(in.word(), {"symbols", "perf", "raw", "build_id"});
    } else {
      in.expect("a property of a type");
    }
  }
  image_.types.push_back(std::move(layout));
}

void Layouts::decode(Reader& in) {
  const image::TypeId type{small(in)};
  symbols::Symbols symbols;
  printer_.value(value::Decoder(image_, symbols, {}).decode(type, hex(in.word())));
}

void Layouts::format(Reader& in) {
  const image::FormatString format = image::parse_format(in.text());
  std::vector<image::EventField> fields;
  std::vector<std::byte> record(image::kEventHeaderSize);
  while (!in.at_end()) {
    fields.push_back({{small(in)}, static_cast<uint32_t>(record.size())});
    const auto bytes = hex(in.word());
    record.insert(record.end(), bytes.begin(), bytes.end());
  }
  symbols::Symbols symbols;
  std::string text;
  value::append_formatted(text, format, fields, record, value::Decoder(image_, symbols, {}));
  printer_.text(print::TextKind::printf, text);
}

void Layouts::aggregate(Reader& in) {
  image::MapDesc desc;
  desc.name = in.word();
  image::AggDesc& rule = desc.aggregate.emplace();
  rule.view = kind_of<image::View>(in.word(), {"scalar", "ratio", "stats", "log2", "linear"});
  rule.is_signed = kind_of<int>(in.word(), {"unsigned", "signed"}) == 1;
  if (rule.view == image::View::log2) rule.bits = small(in);
  if (rule.view == image::View::linear) {
    rule.min = in.number();
    rule.max = in.number();
    rule.step = in.number();
  }
  in.expect(":");
  std::vector<uint64_t> fields;
  while (!in.at_end()) fields.push_back(in.number());
  printer_.map({desc.name, value::form_of(desc), true, {{{}, value::aggregate_value(rule, fields)}}});
}

}  // namespace sonde::golden
