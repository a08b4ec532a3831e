// Reading an image. The bytes may be anything: every length is checked against what is left before memory is taken for
// it.
#include <bit>
#include <limits>
#include <optional>

#include "image/members.h"
#include "image/validate.h"

namespace sonde::image {
namespace {

// Stops at the first fault: from then on everything reads as zero and `fault()` names it.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

  const char* fault() const { return fault_; }
  bool at_end() const { return rest_.empty(); }

  std::span<const std::byte> raw(uint64_t size) {
    if (size > rest_.size()) {
      fail("it ends too early");
      return {};
    }
    const auto bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }
  uint64_t integer() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = raw(1);
      if (byte.empty()) return 0;
      const auto bits = std::to_integer<uint64_t>(byte[0]);
      if (shift == 63 && bits > 1) break;
      value |= (bits & 0x7f) << shift;
      if (!(bits & 0x80)) return value;
    }
    fail("an integer is too long");
    return 0;
  }

  void get(bool& value) { value = bounded(1) != 0; }
  template <std::unsigned_integral T>
  void get(T& value) {
    value = static_cast<T>(bounded(std::numeric_limits<T>::max()));
  }
  void get(int64_t& value) {
    const uint64_t bits = integer();
    value = static_cast<int64_t>((bits >> 1) ^ (0 - (bits & 1)));
  }
  template <typename Enum>
    requires std::is_enum_v<Enum>
  void get(Enum& value) {
    value = static_cast<Enum>(bounded(static_cast<uint64_t>(wire::kLast<Enum>)));
  }
  template <typename Tag>
  void get(Id<Tag>& id) {
    const uint64_t value = bounded(UINT32_MAX);
    id = value == 0 ? Id<Tag>{} : Id<Tag>{static_cast<uint32_t>(value - 1)};
  }
  void get(std::string& text) {
    const auto bytes = raw(integer());
    text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void get(std::vector<std::byte>& blob) {
    const auto bytes = raw(integer());
    blob.assign(bytes.begin(), bytes.end());
  }
  template <typename T>
  void get(std::vector<T>& list) {
    // An element takes at least one byte, so a count can be checked before anything is allocated; growing by pushing
    // keeps a lying count from taking more memory than a small multiple of the input.
    const uint64_t count = bounded(rest_.size());
    for (uint64_t i = 0; i < count && !fault_; ++i) get(list.emplace_back());
  }
  template <typename T>
  void get(std::optional<T>& value) {
    bool present = false;
    get(present);
    if (present) get(value.emplace());
  }
  void get(AttachSpec& spec) { alternative<0>(spec, bounded(std::variant_size_v<AttachSpec> - 1)); }
  template <typename Struct>
    requires requires(Struct& x) { wire::members(x); }
  void get(Struct& value) {
    std::apply([this](auto&... member) { (get(member), ...); }, wire::members(value));
  }

 private:
  void fail(const char* what) {
    if (!fault_) fault_ = what;
    rest_ = {};
  }
  uint64_t bounded(uint64_t most) {
    const uint64_t value = integer();
    if (value <= most) return value;
    fail("a value is out of range");
    return 0;
  }
  template <size_t Index>
  void alternative(AttachSpec& spec, uint64_t index) {
    if constexpr (Index < std::variant_size_v<AttachSpec>) {
      if (index == Index)
        get(spec.emplace<Index>());
      else
        alternative<Index + 1>(spec, index);
    }
  }

  std::span<const std::byte> rest_;
  const char* fault_ = nullptr;
};

}  // namespace

Result<Image> read(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  const auto magic = reader.raw(sizeof(wire::kMagic));
  if (magic.empty() || std::memcmp(magic.data(), wire::kMagic, sizeof(wire::kMagic)) != 0)
    return base::fail("not a compiled sonde program (wrong magic number)");
  uint32_t version = 0;
  const auto version_bytes = reader.raw(4);
  for (size_t i = 0; i < version_bytes.size(); ++i) version |= std::to_integer<uint32_t>(version_bytes[i]) << (8 * i);
  if (version != kFormatVersion)
    return base::fail("the compiled program has format version " + std::to_string(version) +
                      ", this sonde reads version " + std::to_string(kFormatVersion) + "; compile it again");
  const auto order = reader.raw(1);
  if (!order.empty() && std::to_integer<int>(order[0]) != (std::endian::native == std::endian::little ? 1 : 2))
    return base::fail("the compiled program is for the other byte order");
  Image image;
  reader.get(image);
  if (reader.fault()) return base::fail(std::string("the compiled program is damaged: ") + reader.fault());
  if (!reader.at_end()) return base::fail("the compiled program is damaged: bytes follow its end");
  SONDE_TRY(validate(image));
  return image;
}

}  // namespace sonde::image
