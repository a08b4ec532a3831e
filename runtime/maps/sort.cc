// Numbers ascend by value, everything else by key. What is equal by that ascends by the whole key, so that the order never is
// the kernel's, which changes from run to run.
#include "runtime/maps/sort.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <numeric>

#include "runtime/value/aggregate.h"

namespace sonde::maps {
namespace {

using image::LayoutKind;

// An integer of `size` bytes, extended to 64 bits.
uint64_t integer(std::span<const std::byte> bytes, uint32_t size, bool is_signed) {
  uint64_t value = 0;
  const size_t width = std::min<size_t>({size, bytes.size(), sizeof(value)});
  std::memcpy(&value, bytes.data(), width);
  if (is_signed && width > 0 && width < sizeof(value)) {
    const auto shift = static_cast<unsigned>(64 - 8 * width);
    value = static_cast<uint64_t>(static_cast<int64_t>(value << shift) >> shift);
  }
  return value;
}

int sign(bool less, bool greater) { return less ? -1 : greater ? 1 : 0; }

class KeyOrder {
 public:
  explicit KeyOrder(const image::Image& image) : image_(image) {}

  // Negative, zero or positive; zero only for equal keys.
  int compare(image::TypeId type, std::span<const std::byte> a, std::span<const std::byte> b) const {
    if (const int order = compare_as(Parts::ordered, type, a, b); order != 0) return order;
    if (const int order = compare_as(Parts::all, type, a, b); order != 0) return order;
    return compare_bytes(a, b);
  }

 private:
  // Integers and strings come before all else that is in a key.
  enum class Parts : uint8_t { ordered, all };

  int compare_as(Parts parts, image::TypeId type, std::span<const std::byte> a, std::span<const std::byte> b) const {
    if (type.value >= image_.types.size()) return 0;
    const image::Layout& layout = image_.types[type.value];
    a = a.first(std::min<size_t>(a.size(), layout.size));
    b = b.first(std::min<size_t>(b.size(), layout.size));
    switch (layout.kind) {
      case LayoutKind::integer: {
        // By their signed value whatever the type, as wide as they are.
        const auto left = static_cast<int64_t>(integer(a, layout.size, true));
        const auto right = static_cast<int64_t>(integer(b, layout.size, true));
        return sign(left<right, left> right);
      }
      case LayoutKind::string: return compare_text(a, b);
      case LayoutKind::tuple: return compare_members(parts, layout, a, b);
      case LayoutKind::record: return parts == Parts::all ? compare_members(parts, layout, a, b) : 0;
      case LayoutKind::boolean:
      case LayoutKind::enumeration:
      case LayoutKind::pointer: {
        const uint64_t left = integer(a, layout.size, false);
        const uint64_t right = integer(b, layout.size, false);
        return parts == Parts::all ? sign(left<right, left> right) : 0;
      }
      case LayoutKind::none:
      case LayoutKind::buffer:
      case LayoutKind::inet:
      case LayoutKind::array:
      case LayoutKind::kernel_stack:
      case LayoutKind::user_stack:
      case LayoutKind::kernel_symbol:
      case LayoutKind::user_symbol:
      case LayoutKind::timestamp:
      case LayoutKind::mac_address:
      case LayoutKind::username:
      case LayoutKind::cgroup_path:
      case LayoutKind::aggregate: return parts == Parts::all ? compare_bytes(a, b) : 0;
    }
    return 0;
  }

  static int compare_bytes(std::span<const std::byte> a, std::span<const std::byte> b) {
    const size_t common = std::min(a.size(), b.size());
    const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
    return order != 0 ? order : sign(a.size() < b.size(), a.size() > b.size());
  }

  static int compare_text(std::span<const std::byte> a, std::span<const std::byte> b) {
    const auto length = [](std::span<const std::byte> text) {
      return static_cast<size_t>(std::ranges::find(text, std::byte{0}) - text.begin());
    };
    return compare_bytes(a.first(length(a)), b.first(length(b)));
  }

  int compare_members(Parts parts, const image::Layout& layout, std::span<const std::byte> a,
                      std::span<const std::byte> b) const {
    for (const image::LayoutMember& member : layout.members) {
      if (member.offset > std::min(a.size(), b.size())) continue;
      const int order = compare_as(parts, member.type, a.subspan(member.offset), b.subspan(member.offset));
      if (order != 0) return order;
    }
    return 0;
  }

  const image::Image& image_;
};

// The number an entry of an aggregation is sorted by, so that unsigned comparison gives the order.
uint64_t rank(const image::AggDesc& aggregate, const std::vector<uint64_t>& fields) {
  constexpr uint64_t kSignBit = uint64_t{1} << 63;
  const auto field = [&](size_t index) { return index < fields.size() ? fields[index] : 0; };
  switch (aggregate.view) {
    case image::View::scalar: {
      // min and max sort by their bits as unsigned numbers, sums by their sign.
      const bool sum = !aggregate.fields.empty() && aggregate.fields.front().rule == image::MergeRule::add;
      return sum && aggregate.is_signed ? field(0) ^ kSignBit : field(0);
    }
    case image::View::ratio:
    case image::View::stats: {
      const uint64_t count = field(1);
      if (count == 0) return aggregate.is_signed ? kSignBit : 0;
      if (!aggregate.is_signed) return field(0) / count;
      return static_cast<uint64_t>(static_cast<int64_t>(field(0)) / static_cast<int64_t>(count)) ^ kSignBit;
    }
    case image::View::deviation: {
      const value::Value shown = value::aggregate_value(aggregate, fields);
      return std::get<value::Integer>(shown.data).bits;
    }
    case image::View::quantiles:  // the extremes behind the buckets do not count
      return std::accumulate(fields.begin(), fields.end() - std::min<std::ptrdiff_t>(2, std::ssize(fields)),
                             uint64_t{0});
    case image::View::series: return 0;
    case image::View::log2:
    case image::View::bounded:
    case image::View::linear: return std::accumulate(fields.begin(), fields.end(), uint64_t{0});
  }
  return 0;
}

}  // namespace

std::vector<size_t> display_order(const image::Image& image, const image::MapDesc& desc, const Table& table,
                                  const std::vector<std::vector<uint64_t>>& merged, image::MapOrder wanted) {
  std::vector<size_t> order(table.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const image::Layout* value = desc.value.value < image.types.size() ? &image.types[desc.value.value] : nullptr;
  const bool series = desc.aggregate && desc.aggregate->view == image::View::series;
  const bool number = (value && value->kind == LayoutKind::integer) || (desc.aggregate && !series);
  const KeyOrder keys(image);
  const auto by_key = [&](size_t a, size_t b) { return keys.compare(desc.key, table.key(a), table.key(b)) < 0; };
  if (!number || wanted == image::MapOrder::by_key) {
    std::ranges::sort(order, by_key);
    return order;
  }
  std::vector<uint64_t> ranks(table.size());
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (desc.aggregate) {
      ranks[i] = rank(*desc.aggregate, merged[i]);
    } else {
      ranks[i] = integer(table.cell(i, 0), value->size, value->is_signed);
      if (value->is_signed) ranks[i] ^= uint64_t{1} << 63;
    }
  }
  std::ranges::sort(order,
                    [&](size_t a, size_t b) { return ranks[a] != ranks[b] ? ranks[a] < ranks[b] : by_key(a, b); });
  return order;
}

}  // namespace sonde::maps
