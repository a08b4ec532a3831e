// Text forms of values and printf-style formatting. Everything appends to one string; numbers go through to_chars.
#include "runtime/value/format.h"

#include <charconv>
#include <cstring>
#include <type_traits>
#include <variant>

namespace sonde::value {
namespace {

using image::FormatPiece;
using image::LengthModifier;

constexpr char kHexDigits[] = "0123456789abcdef";

void append_escaped_byte(std::string& out, unsigned char byte) {
  out += "\\x";
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 15];
}

// `%r` and the default form of buffers.
void append_printable(std::string& out, std::string_view bytes) {
  for (const unsigned char byte : bytes) {
    if (byte >= 32 && byte <= 126) {
      out += static_cast<char>(byte);
    } else {
      append_escaped_byte(out, byte);
    }
  }
}

void append_all_escaped(std::string& out, std::string_view bytes) {
  for (const unsigned char byte : bytes) append_escaped_byte(out, byte);
}

void append_spaced_hex(std::string& out, std::string_view bytes) {
  const char* separator = "";
  for (const unsigned char byte : bytes) {
    out += separator;
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
    separator = " ";
  }
}

template <typename T>
void append_integer(std::string& out, T number, int base = 10) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
  out.append(digits, end);
}

// Appends the elements separated by ", " or ",".
template <typename Elements, typename Append>
void append_list(std::string& out, const Elements& elements, const char* separator, Append append) {
  bool first = true;
  for (const auto& element : elements) {
    if (!first) out += separator;
    first = false;
    append(element);
  }
}

struct TextForm {
  std::string& out;

  void operator()(const Null&) const { out += "null"; }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(const Integer& value) const { append_decimal(out, value); }
  void operator()(const Pointer& value) const {
    out += "0x";
    append_hex(out, value.address);
  }
  void operator()(const Enumerator& value) const {
    if (value.name.empty()) {
      append_decimal(out, value.number);
    } else {
      out += value.name;
    }
  }
  void operator()(const Text& value) const { out += value.bytes; }
  void operator()(const Buffer& value) const { append_printable(out, value.bytes); }
  void operator()(const Resolved& value) const { out += value.text; }
  void operator()(const Stack& value) const {
    out += '\n';
    for (const StackFrame& frame : value.frames) {
      out += frame.line;
      out += '\n';
    }
  }
  void operator()(const Array& value) const {
    out += '[';
    append_list(out, value.elements, ",", [this](const Value& element) { append_text(out, element); });
    out += ']';
  }
  void operator()(const Tuple& value) const {
    out += '(';
    append_list(out, value.elements, ", ", [this](const Value& element) { append_text(out, element); });
    out += ')';
  }
  void operator()(const Record& value) const {
    if (value.members.empty()) {
      out += "{}";
      return;
    }
    out += "{ ";
    append_list(out, value.members, ", ", [this](const auto& member) {
      out += '.';
      out += member.name;
      out += " = ";
      append_text(out, member.value);
    });
    out += " }";
  }
  void operator()(const Histogram&) const {}
  void operator()(const Series&) const {}
  void operator()(const Stats& value) const {
    out += "{ .count = ";
    append_integer(out, value.count);
    out += ", .average = ";
    append_decimal(out, value.average);
    out += ", .total = ";
    append_decimal(out, value.total);
    out += " }";
  }
};

// Pads what was appended since `start` to the width of the piece. As with C++ streams the fill goes in front of signs and
// prefixes, too.
void pad(std::string& out, size_t start, const FormatPiece& piece) {
  const size_t length = out.size() - start;
  if (length >= piece.width) return;
  const size_t missing = piece.width - length;
  const char fill = piece.zero ? '0' : ' ';
  if (piece.left) {
    out.append(missing, fill);
  } else {
    out.insert(start, missing, fill);
  }
}

// The value as the C type that the length modifier names, without a modifier as int.
int64_t narrow_signed(uint64_t bits, LengthModifier length) {
  switch (length) {
    case LengthModifier::none: return static_cast<int32_t>(bits);
    case LengthModifier::hh: return static_cast<int8_t>(bits);
    case LengthModifier::h: return static_cast<int16_t>(bits);
    case LengthModifier::l:
    case LengthModifier::ll:
    case LengthModifier::j:
    case LengthModifier::z:
    case LengthModifier::t:
    case LengthModifier::L: return static_cast<int64_t>(bits);
  }
  return static_cast<int64_t>(bits);
}

uint64_t narrow_unsigned(uint64_t bits, LengthModifier length) {
  switch (length) {
    case LengthModifier::none: return static_cast<uint32_t>(bits);
    case LengthModifier::hh: return static_cast<uint8_t>(bits);
    case LengthModifier::h: return static_cast<uint16_t>(bits);
    case LengthModifier::l:
    case LengthModifier::ll:
    case LengthModifier::j:
    case LengthModifier::z:
    case LengthModifier::t:
    case LengthModifier::L: return bits;
  }
  return bits;
}

void append_signed(std::string& out, const FormatPiece& piece, int64_t number) {
  if (piece.plus && number >= 0) out += '+';
  append_integer(out, number);
}

void append_unsigned(std::string& out, const FormatPiece& piece, uint64_t number, char conversion) {
  switch (conversion) {
    case 'x':
      if (piece.alternate && number != 0) out += "0x";
      append_integer(out, number, 16);
      return;
    case 'X': {
      if (piece.alternate && number != 0) out += "0X";
      const size_t start = out.size();
      append_integer(out, number, 16);
      for (size_t i = start; i < out.size(); ++i) {
        if (out[i] >= 'a') out[i] = static_cast<char>(out[i] - 'a' + 'A');
      }
      return;
    }
    case 'o':
      if (piece.alternate && number != 0) out += '0';
      append_integer(out, number, 8);
      return;
    default: append_integer(out, number); return;
  }
}

// A number by any numeric conversion; false if the conversion takes none.
bool append_number(std::string& out, const FormatPiece& piece, uint64_t bits, bool is_bool) {
  const std::string& conversion = piece.conversion;
  if (conversion == "gr") {
    if (is_bool) {
      out += "!{invalid GFP flags conversion: ";
      out += bits ? "true}" : "false}";
    } else {
      append_gfp_flags(out, bits);
    }
    return true;
  }
  if (conversion.size() != 1) return false;
  switch (conversion[0]) {
    case 'd':
    case 'i': append_signed(out, piece, narrow_signed(bits, piece.length)); return true;
    case 'u':
      if (piece.length == LengthModifier::t) {
        append_signed(out, piece, static_cast<int64_t>(bits));
        return true;
      }
      [[fallthrough]];
    case 'x':
    case 'X':
    case 'o': append_unsigned(out, piece, narrow_unsigned(bits, piece.length), conversion[0]); return true;
    case 'c': out += static_cast<char>(bits); return true;
    case 'p':
      if (bits != 0) out += "0x";
      append_hex(out, bits);
      return true;
    default: return false;
  }
}

// A buffer by %r, %rx or %rh; false for other conversions.
bool append_bytes(std::string& out, const FormatPiece& piece, std::string_view bytes) {
  if (piece.conversion == "r") {
    append_printable(out, bytes);
  } else if (piece.conversion == "rx") {
    append_all_escaped(out, bytes);
  } else if (piece.conversion == "rh") {
    append_spaced_hex(out, bytes);
  } else {
    return false;
  }
  return true;
}

// The compiler checks argument types; this is what a damaged image shows.
void append_mismatch(std::string& out, const FormatPiece& piece, std::string_view kind) {
  out += "!{invalid ";
  out += kind;
  out += " for %";
  out += piece.conversion;
  out += '}';
}

void append_argument(std::string& out, const FormatPiece& piece, const Value& value) {
  if (piece.conversion == "s") return append_text(out, value);
  const auto visitor = [&](const auto& data) -> bool {
    using Data = std::decay_t<decltype(data)>;
    if constexpr (std::is_same_v<Data, bool>) return append_number(out, piece, data ? 1 : 0, true);
    if constexpr (std::is_same_v<Data, Integer>) return append_number(out, piece, data.bits, false);
    if constexpr (std::is_same_v<Data, Pointer>) return append_number(out, piece, data.address, false);
    if constexpr (std::is_same_v<Data, Enumerator>) return append_number(out, piece, data.number.bits, false);
    if constexpr (std::is_same_v<Data, Buffer>) return append_bytes(out, piece, data.bytes);
    return false;
  };
  if (!std::visit(visitor, value.data)) append_mismatch(out, piece, "value");
}

// Walks the pieces; `argument(i, piece)` appends argument i, which is padded afterwards.
template <typename Argument>
void append_pieces(std::string& out, const image::FormatString& format, size_t count, Argument argument) {
  size_t next = 0;
  for (const FormatPiece& piece : format.pieces) {
    out += piece.text;
    if (piece.conversion.empty()) continue;
    const size_t start = out.size();
    if (next < count) {
      argument(next++, piece);
    } else {
      append_mismatch(out, piece, "missing argument");
    }
    if (piece.width != 0) pad(out, start, piece);
  }
}

struct GfpName {
  uint32_t flags;
  const char* name;
};
constexpr uint32_t bits(std::initializer_list<int> list) {
  uint32_t flags = 0;
  for (const int bit : list) flags |= 1U << bit;
  return flags;
}
// stdlib.md 13.4, in the order of the walk: compound flags before their parts.
constexpr uint32_t kUser = bits({10, 11, 6, 7, 20});
constexpr uint32_t kKernel = bits({10, 11, 6, 7});
constexpr uint32_t kHighUserMovable = kUser | bits({1, 3, 25});
constexpr uint32_t kTransHugeLight = (kHighUserMovable | bits({18, 19, 13})) & ~bits({10, 11});
constexpr GfpName kGfpNames[] = {
    {kTransHugeLight | bits({10}), "GFP_TRANSHUGE"},
    {kTransHugeLight, "GFP_TRANSHUGE_LIGHT"},
    {kHighUserMovable, "GFP_HIGHUSER_MOVABLE"},
    {kUser | bits({1}), "GFP_HIGHUSER"},
    {kUser, "GFP_USER"},
    {kKernel | bits({22}), "GFP_KERNEL_ACCOUNT"},
    {kKernel, "GFP_KERNEL"},
    {bits({10, 11, 6}), "GFP_NOFS"},
    {bits({5, 11}), "GFP_ATOMIC"},
    {bits({10, 11}), "GFP_NOIO"},
    {bits({11, 13}), "GFP_NOWAIT"},
    {bits({0}), "GFP_DMA"},
    {bits({1}), "__GFP_HIGHMEM"},
    {bits({2}), "GFP_DMA32"},
    {bits({5}), "__GFP_HIGH"},
    {bits({6}), "__GFP_IO"},
    {bits({7}), "__GFP_FS"},
    {bits({8}), "__GFP_ZERO"},
    {bits({10}), "__GFP_DIRECT_RECLAIM"},
    {bits({11}), "__GFP_KSWAPD_RECLAIM"},
    {bits({12}), "__GFP_WRITE"},
    {bits({13}), "__GFP_NOWARN"},
    {bits({14}), "__GFP_RETRY_MAYFAIL"},
    {bits({15}), "__GFP_NOFAIL"},
    {bits({16}), "__GFP_NORETRY"},
    {bits({17}), "__GFP_MEMALLOC"},
    {bits({18}), "__GFP_COMP"},
    {bits({19}), "__GFP_NOMEMALLOC"},
    {bits({20}), "__GFP_HARDWALL"},
    {bits({21}), "__GFP_THISNODE"},
    {bits({22}), "__GFP_ACCOUNT"},
    {bits({23}), "__GFP_ZEROTAGS"},
    {bits({24}), "__GFP_SKIP_ZERO"},
    {bits({25}), "__GFP_SKIP_KASAN"},
    {bits({26}), "__GFP_NO_OBJ_EXT"},
};

}  // namespace

void append_decimal(std::string& out, const Integer& number) {
  if (number.is_signed) {
    append_integer(out, static_cast<int64_t>(number.bits));
  } else {
    append_integer(out, number.bits);
  }
}

void append_hex(std::string& out, uint64_t number) { append_integer(out, number, 16); }

void append_gfp_flags(std::string& out, uint64_t flags) {
  if (flags == 0) {
    out += '0';
    return;
  }
  const char* separator = "";
  for (const GfpName& entry : kGfpNames) {
    if ((flags & entry.flags) != entry.flags) continue;
    out += separator;
    out += entry.name;
    separator = "|";
    flags &= ~static_cast<uint64_t>(entry.flags);
  }
  if (flags == 0) return;
  out += separator;
  out += "0x";
  append_hex(out, flags);
}

void append_text(std::string& out, const Value& value) { std::visit(TextForm{out}, value.data); }

void append_key(std::string& out, const Value& key) {
  const size_t start = out.size();
  append_text(out, key);
  // The rule is textual on purpose: a string key "(x)" loses its parentheses, too (output.md 6.1).
  if (out.size() - start < 2 || out[start] != '(' || out.back() != ')') return;
  out.pop_back();
  out.erase(start, 1);
}

void append_formatted(std::string& out, const image::FormatString& format, std::span<const Value> arguments) {
  append_pieces(out, format, arguments.size(),
                [&](size_t index, const FormatPiece& piece) { append_argument(out, piece, arguments[index]); });
}

void append_formatted(std::string& out, const image::FormatString& format, std::span<const image::EventField> fields,
                      std::span<const std::byte> record, const Decoder& decoder) {
  append_pieces(out, format, fields.size(), [&](size_t index, const FormatPiece& piece) {
    const image::EventField& field = fields[index];
    const auto bytes = field.offset < record.size() ? record.subspan(field.offset) : std::span<const std::byte>{};
    if (piece.conversion == "s") return decoder.append_text(out, field.type, bytes);
    bool is_bool = false;
    if (const auto number = decoder.number(field.type, bytes, is_bool)) {
      if (!append_number(out, piece, *number, is_bool)) append_mismatch(out, piece, "number");
      return;
    }
    append_argument(out, piece, decoder.decode(field.type, bytes));
  });
}

}  // namespace sonde::value
