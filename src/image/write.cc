// Serialisation: little endian header, then every member in the order of members.h with variable-length integers.
#include <bit>
#include <optional>

#include "image/members.h"

namespace sonde::image {
namespace {

class Writer {
 public:
  explicit Writer(std::vector<std::byte>& out) : out_(out) {}

  void raw(const void* data, size_t size) {
    const auto* bytes = static_cast<const std::byte*>(data);
    out_.insert(out_.end(), bytes, bytes + size);
  }
  void integer(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<std::byte>(value | 0x80));
    out_.push_back(static_cast<std::byte>(value));
  }

  void put(bool value) { integer(value ? 1 : 0); }
  template <std::unsigned_integral T>
  void put(T value) {
    integer(value);
  }
  // Zigzag: small negative numbers stay short.
  void put(int64_t value) { integer((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63)); }
  template <typename Enum>
    requires std::is_enum_v<Enum>
  void put(Enum value) {
    integer(static_cast<uint64_t>(value));
  }
  // Invalid ids become 0.
  template <typename Tag>
  void put(Id<Tag> id) {
    integer(id.valid() ? uint64_t{id.value} + 1 : 0);
  }
  void put(const std::string& text) {
    integer(text.size());
    raw(text.data(), text.size());
  }
  void put(const std::vector<std::byte>& bytes) {
    integer(bytes.size());
    raw(bytes.data(), bytes.size());
  }
  template <typename T>
  void put(const std::vector<T>& list) {
    integer(list.size());
    for (const T& element : list) put(element);
  }
  template <typename T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  void put(const AttachSpec& spec) {
    integer(spec.index());
    std::visit([this](const auto& alternative) { put(alternative); }, spec);
  }
  template <typename Struct>
    requires requires(const Struct& x) { wire::members(x); }
  void put(const Struct& value) {
    std::apply([this](const auto&... member) { (put(member), ...); }, wire::members(value));
  }

 private:
  std::vector<std::byte>& out_;
};

}  // namespace

std::vector<std::byte> write(const Image& image) {
  std::vector<std::byte> out;
  out.reserve(image.object.size() + 4096);
  Writer writer(out);
  writer.raw(wire::kMagic, sizeof(wire::kMagic));
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::byte>(image.version >> shift));
  // Byte order of the object and of what its programs write: 1 little, 2 big.
  out.push_back(static_cast<std::byte>(std::endian::native == std::endian::little ? 1 : 2));
  writer.put(image);
  return out;
}

}  // namespace sonde::image
