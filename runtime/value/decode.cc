// Decoding by layout. Layouts come from a checked image, yet nothing here trusts a size: spans bound every read, and a
// walk over nested layouts has a budget.
#include "runtime/value/decode.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "runtime/value/format.h"
#include "runtime/value/system_names.h"

namespace sonde::value {
namespace {

using image::Layout;
using image::LayoutKind;
using image::StackMode;
using Bytes = std::span<const std::byte>;

// The part of `bytes` from `offset` on, at most `size` bytes; shorter or empty where bytes are missing.
Bytes slice(Bytes bytes, uint64_t offset, uint64_t size) {
  if (offset >= bytes.size()) return {};
  return bytes.subspan(offset, std::min<uint64_t>(size, bytes.size() - offset));
}

// The first bytes as a T; missing ones are zero.
template <typename T>
T load(Bytes bytes, uint64_t offset = 0) {
  T value = 0;
  const Bytes part = slice(bytes, offset, sizeof value);
  if (part.size() == sizeof value) {
    std::memcpy(&value, part.data(), sizeof value);
  } else if (!part.empty()) {
    std::memcpy(&value, part.data(), part.size());
  }
  return value;
}

uint64_t sign_extend(uint64_t bits, uint32_t width) {
  if (width == 0 || width >= 64) return bits;
  const uint64_t sign = uint64_t{1} << (width - 1);
  bits &= (sign << 1) - 1;
  return (bits ^ sign) - sign;
}

Integer load_integer(const Layout& layout, Bytes bytes) {
  Integer number;
  number.is_signed = layout.is_signed;
  number.size = static_cast<uint8_t>(std::min<uint32_t>(layout.size, 8));
  switch (number.size) {
    case 1: number.bits = load<uint8_t>(bytes); break;
    case 2: number.bits = load<uint16_t>(bytes); break;
    case 4: number.bits = load<uint32_t>(bytes); break;
    default: number.bits = load<uint64_t>(slice(bytes, 0, number.size)); break;
  }
  if (number.is_signed) number.bits = sign_extend(number.bits, number.size * 8U);
  return number;
}

const std::string* variant_name(const Layout& layout, uint64_t bits) {
  for (const image::EnumVariant& variant : layout.variants) {
    if (variant.value == bits) return &variant.name;
  }
  // A 4-byte enum may hold a negative variant as 32 bits.
  if (layout.size >= 8 || layout.size == 0) return nullptr;
  const uint64_t mask = (uint64_t{1} << (layout.size * 8)) - 1;
  for (const image::EnumVariant& variant : layout.variants) {
    if ((variant.value & mask) == (bits & mask)) return &variant.name;
  }
  return nullptr;
}

Enumerator make_enumerator(const Layout& layout, const Integer& number) {
  const std::string* name = variant_name(layout, number.bits);
  return {number, name ? *name : std::string()};
}

std::string_view characters(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// u32 length, then the bytes.
std::string_view buffer_bytes(const Layout& layout, Bytes bytes) {
  const Bytes content = slice(bytes, 4, layout.size < 4 ? 0 : layout.size - 4);
  return characters(content.first(std::min<size_t>(content.size(), load<uint32_t>(bytes))));
}

std::string inet_text(Bytes bytes) {
  unsigned char address[16] = {};
  const Bytes raw = slice(bytes, 8, sizeof address);
  if (!raw.empty()) std::memcpy(address, raw.data(), raw.size());
  const auto family = load<uint64_t>(bytes);
  char text[INET6_ADDRSTRLEN] = {};
  if (family == AF_INET || family == AF_INET6) ::inet_ntop(static_cast<int>(family), address, text, sizeof text);
  return text;
}

std::string mac_text(Bytes bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (uint64_t i = 0; i < 6; ++i) {
    const auto byte = load<uint8_t>(bytes, i);
    if (i != 0) text += ':';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

void append_address(std::string& out, uint64_t address) {
  out += "0x";
  append_hex(out, address);
}

void append_symbol(std::string& out, const symbols::Symbol& symbol) {
  out += symbol.name;
  out += '+';
  append_decimal(out, {symbol.offset, false});
}

void append_source(std::string& out, const symbols::SourceFrame& source) {
  if (source.file.empty() || source.line == 0) return;
  out += '@';
  out += source.file;
  out += ':';
  append_decimal(out, {source.line, false});
}

}  // namespace

// Bounds of one decode() call. A type of n bytes has at most n members, several times that with unions; layouts that
// contain themselves must neither recurse without end nor multiply.
struct Decoder::Walk {
  explicit Walk(uint32_t size) : nodes(4096 + uint64_t{16} * size) {}
  int depth = 0;
  uint64_t nodes;
  bool enter() {
    if (depth >= 64 || nodes == 0) return false;
    --nodes;
    return true;
  }
};

bool has_user_addresses(const image::Image& image) {
  return std::ranges::any_of(image.types, [](const Layout& type) {
    return type.kind == LayoutKind::user_stack || type.kind == LayoutKind::user_symbol;
  });
}

Decoder::Decoder(const image::Image& image, symbols::Symbols& symbols, ClockOffsets clocks)
    : image_(image),
      symbols_(symbols),
      clocks_(clocks),
      has_user_addresses_(has_user_addresses(image)),
      names_(std::make_unique<SystemNames>()) {}
Decoder::~Decoder() = default;

void Decoder::watch_processes() const {
  if (has_user_addresses_) symbols_.watch();
}

void Decoder::follow_processes() const {
  if (has_user_addresses_) symbols_.follow();
}

void Decoder::remember_process(uint32_t pid) const {
  if (has_user_addresses_) symbols_.remember(pid);
}

const Layout* Decoder::layout(image::TypeId type) const {
  return type.value < image_.types.size() ? &image_.types[type.value] : nullptr;
}

Value Decoder::decode(image::TypeId type, Bytes bytes) const {
  const Layout* found = layout(type);
  if (!found) return {Null{}};
  Walk walk(found->size);
  return decode_layout(*found, slice(bytes, 0, found->size), walk);
}

std::optional<uint64_t> Decoder::number(image::TypeId type, Bytes bytes, bool& is_bool) const {
  const Layout* found = layout(type);
  if (!found) return std::nullopt;
  is_bool = found->kind == LayoutKind::boolean;
  if (is_bool) return load<uint8_t>(bytes) != 0;
  if (found->kind == LayoutKind::pointer) return load<uint64_t>(bytes);
  if (found->kind == LayoutKind::integer || found->kind == LayoutKind::enumeration) {
    return load_integer(*found, bytes).bits;
  }
  return std::nullopt;
}

// The characters of a string up to its NUL. Truncated means: the whole capacity is there and has no NUL.
std::string_view Decoder::text(const Layout& layout, Bytes bytes, bool& truncated) const {
  const Bytes content = slice(bytes, 0, layout.size);
  const std::string_view all = characters(content);
  const size_t end = all.find('\0');
  truncated = end == std::string_view::npos && !all.empty() && all.size() == layout.size;
  return all.substr(0, end);
}

void Decoder::append_text(std::string& out, image::TypeId type, Bytes bytes) const {
  const Layout* found = layout(type);
  if (found) {
    if (found->kind == LayoutKind::string) {
      bool truncated = false;
      out += text(*found, bytes, truncated);
      if (truncated) out += image_.config.str_trunc_trailer;
      return;
    }
    if (found->kind == LayoutKind::integer) return append_decimal(out, load_integer(*found, bytes));
  }
  value::append_text(out, decode(type, bytes));
}

Value Decoder::decode_layout(const Layout& layout, Bytes bytes, Walk& walk) const {
  switch (layout.kind) {
    case LayoutKind::none:
    case LayoutKind::aggregate: return {Null{}};
    case LayoutKind::boolean: return {load<uint8_t>(bytes) != 0};
    case LayoutKind::integer: return {load_integer(layout, bytes)};
    case LayoutKind::enumeration: return {make_enumerator(layout, load_integer(layout, bytes))};
    case LayoutKind::string: {
      bool truncated = false;
      Text result{std::string(text(layout, bytes, truncated))};
      if (truncated) result.bytes += image_.config.str_trunc_trailer;
      return {std::move(result)};
    }
    case LayoutKind::buffer: return {Buffer{std::string(buffer_bytes(layout, bytes))}};
    case LayoutKind::inet: return {Resolved{inet_text(bytes)}};
    case LayoutKind::tuple: {
      Tuple tuple;
      for (const image::LayoutMember& member : layout.members) {
        tuple.elements.push_back(decode_member(member, bytes, walk));
      }
      return {std::move(tuple)};
    }
    case LayoutKind::record: {
      Record record;
      for (const image::LayoutMember& member : layout.members) {
        record.members.emplace_back(member.name, decode_member(member, bytes, walk));
      }
      return {std::move(record)};
    }
    case LayoutKind::array: return decode_array(layout, bytes, walk);
    case LayoutKind::pointer: return {Pointer{load<uint64_t>(bytes)}};
    case LayoutKind::kernel_stack:
    case LayoutKind::user_stack: return decode_stack(layout, bytes);
    case LayoutKind::kernel_symbol: {
      const auto address = load<uint64_t>(bytes);
      std::string name;
      if (const auto symbol = symbols_.kernel(address)) {
        name = symbol->name;
      } else {
        append_address(name, address);
      }
      return {Resolved{std::move(name)}};
    }
    case LayoutKind::user_symbol: {
      const auto address = load<uint64_t>(bytes);
      std::string name;
      if (const auto place = symbols_.user(load<uint32_t>(bytes, 8), address); place.symbol) {
        name = place.symbol->name;
      } else {
        append_address(name, address);
      }
      return {Resolved{std::move(name)}};
    }
    case LayoutKind::timestamp: return {Resolved{timestamp_text(bytes)}};
    case LayoutKind::mac_address: return {Resolved{mac_text(bytes)}};
    case LayoutKind::username: return {Resolved{names_->user(load<uint64_t>(bytes))}};
    case LayoutKind::cgroup_path: return {Resolved{cgroup_text(bytes)}};
  }
  return {Null{}};
}

Value Decoder::decode_array(const Layout& layout, Bytes bytes, Walk& walk) const {
  const Layout* element = this->layout(layout.element);
  if (!element || !walk.enter()) return {Null{}};
  if (layout.bytes_as_text) {
    bool truncated = false;
    return {Text{std::string(text(layout, bytes, truncated))}};
  }
  Array array;
  // An array can not have more elements than bytes (elements without size do not exist in checked images).
  const uint64_t count = std::min<uint64_t>(layout.count, element->size == 0 ? 0 : layout.size / element->size);
  ++walk.depth;
  for (uint64_t i = 0; i < count && walk.enter(); ++i) {
    array.elements.push_back(decode_layout(*element, slice(bytes, i * element->size, element->size), walk));
  }
  --walk.depth;
  return {std::move(array)};
}

Value Decoder::decode_member(const image::LayoutMember& member, Bytes bytes, Walk& walk) const {
  const Layout* type = layout(member.type);
  if (!type || !walk.enter()) return {Null{}};
  if (member.bit_size == 0) {
    ++walk.depth;
    Value value = decode_layout(*type, slice(bytes, member.offset, type->size), walk);
    --walk.depth;
    return value;
  }
  // A bitfield may reach over the end of a 64-bit word when its storage unit is unaligned: load two words.
  const uint64_t start = uint64_t{member.offset} + member.bit_offset / 8;
  const uint32_t shift = member.bit_offset % 8;
  const uint32_t width = std::min<uint32_t>(member.bit_size, 64);
  uint64_t bits = load<uint64_t>(bytes, start) >> shift;
  if (shift != 0) bits |= load<uint64_t>(bytes, start + 8) << (64 - shift);
  if (width < 64) bits &= (uint64_t{1} << width) - 1;
  if (type->kind == LayoutKind::boolean) return {bits != 0};
  Integer number{type->is_signed ? sign_extend(bits, width) : bits, type->is_signed,
                 static_cast<uint8_t>(std::min<uint32_t>(type->size, 8))};
  if (type->kind == LayoutKind::enumeration) return {make_enumerator(*type, number)};
  return {number};
}

Value Decoder::decode_stack(const Layout& layout, Bytes bytes) const {
  const bool user = layout.kind == LayoutKind::user_stack;
  const uint64_t header = user ? 8 : 0;
  const uint64_t present = bytes.size() < header + 8 ? 0 : (bytes.size() - header - 8) / 8;
  const uint64_t count = std::min({load<uint64_t>(bytes, header), uint64_t{layout.count}, present});
  const auto pid = load<uint32_t>(bytes);
  Stack stack;
  stack.user = user;
  stack.frames.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const auto address = load<uint64_t>(bytes, header + 8 + i * 8);
    if (user) {
      add_user_frames(layout.stack_mode, pid, address, i > 0, stack.frames);
    } else {
      stack.frames.push_back({address, kernel_frame(layout.stack_mode, address)});
    }
  }
  return {std::move(stack)};
}

std::string Decoder::kernel_frame(StackMode mode, uint64_t address) const {
  std::string line;
  switch (mode) {
    case StackMode::symbols: line = "        "; break;
    case StackMode::perf:
      line = "\t";
      append_hex(line, address);
      line += ' ';
      break;
    case StackMode::raw:
    case StackMode::build_id: append_hex(line, address); return line;
  }
  if (const auto symbol = symbols_.kernel(address)) {
    append_symbol(line, *symbol);
  } else {
    append_address(line, address);
  }
  return line;
}

// A line for each function that was inlined where the frame stands, and one for the frame.
void Decoder::add_user_frames(StackMode mode, uint32_t pid, uint64_t address, bool returns_to,
                              std::vector<StackFrame>& frames) const {
  std::string line;
  if (mode == StackMode::raw) {
    append_hex(line, address);
    frames.push_back({address, std::move(line)});
    return;
  }
  const symbols::UserPlace place = symbols_.user(pid, address, returns_to);
  if (mode == StackMode::build_id) {
    if (place.build_id.empty()) {
      append_hex(line, address);
    } else {
      line += place.build_id;
      line += ' ';
      append_address(line, place.file_offset);
    }
    frames.push_back({address, std::move(line)});
    return;
  }
  const bool perf = mode == StackMode::perf;
  std::string start = perf ? "\t" : "        ";
  if (perf) {
    append_hex(start, address);
    start += ' ';
  }
  for (const symbols::SourceFrame& source : place.source) {
    if (source.function.empty() || !place.symbol) continue;
    line = start + source.function;
    if (!perf) append_source(line, source);
    frames.push_back({address, line + " (inlined)"});
  }
  line = std::move(start);
  if (place.symbol) {
    append_symbol(line, *place.symbol);
    if (!perf && !place.source.empty()) append_source(line, place.source.back());
  } else {
    append_address(line, address);
  }
  if (perf) {
    line += " (";
    line += place.symbol && !place.object.empty() ? place.object : std::string_view("[unknown]");
    line += ')';
  }
  frames.push_back({address, std::move(line)});
}

std::string Decoder::timestamp_text(Bytes bytes) const {
  const auto format = load<uint32_t>(bytes);
  const auto clock = load<uint32_t>(bytes, 4);
  if (format >= image_.strings.size()) return "(?)";
  const auto known =
      clock <= static_cast<uint32_t>(image::Clock::sw_tai) ? static_cast<image::Clock>(clock) : image::Clock::boot;
  return format_time(image_.strings[format], known, load<uint64_t>(bytes, 8));
}

std::string Decoder::cgroup_text(Bytes bytes) const {
  // The filter is a StringId in 8 bytes; all ones in its lower half mean none.
  const auto filter = static_cast<uint32_t>(load<uint64_t>(bytes, 8));
  return names_->cgroup(load<uint64_t>(bytes),
                        filter < image_.strings.size() ? std::string_view(image_.strings[filter]) : "*");
}

}  // namespace sonde::value
