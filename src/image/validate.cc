// Checks of an image read from a file, so that nothing behind this point needs to doubt an id or an offset.
#include "image/validate.h"

#include <algorithm>

namespace sonde::image {
namespace {

// Deeper layouts than any C type at hand; bounds the recursion of everything that walks layouts.
constexpr int kDepthLimit = 64;

class Validator {
 public:
  explicit Validator(const Image& image) : image_(image) {}

  Result<> run() {
    types();
    maps();
    for (const ProgramDesc& program : image_.programs) {
      if (program.symbol.empty() || program.section.empty()) fault("a program has no name");
      optional(program.span, image_.spans, "span of a program");
    }
    for (const EventLayout& event : image_.events) check_event(event);
    for (const SourceSpan& span : image_.spans)
      for (SpanId outer : span.expanded_from) required(outer, image_.spans, "outer span");
    for (const ErrorSite& site : image_.error_sites) {
      optional(site.map, image_.maps, "map of an error site");
      optional(site.span, image_.spans, "span of an error site");
    }
    if (fault_.empty()) return {};
    return base::fail("the compiled program is inconsistent: " + fault_);
  }

 private:
  void fault(const std::string& what) {
    if (fault_.empty()) fault_ = what;
  }
  template <typename Tag, typename Table>
  bool required(Id<Tag> id, const Table& table, const char* what) {
    if (id.value < table.size()) return true;
    fault(std::string("no such ") + what);
    return false;
  }
  template <typename Tag, typename Table>
  void optional(Id<Tag> id, const Table& table, const char* what) {
    if (id.valid()) required(id, table, what);
  }
  static bool fits(uint64_t offset, uint64_t size, uint64_t whole) { return offset <= whole && size <= whole - offset; }

  void types() {
    for (const Layout& layout : image_.types) {
      optional(layout.element, image_.types, "element type");
      for (const LayoutMember& member : layout.members) {
        required(member.type, image_.types, "member type");
        if (member.offset > layout.size) fault("a member lies outside its type");
      }
      if (layout.kind == LayoutKind::array) {
        if (!required(layout.element, image_.types, "element type")) continue;
        const uint64_t each = std::max<uint64_t>(1, image_.types[layout.element.value].size);
        if (each * layout.count > layout.size && layout.count > 0) fault("an array is larger than its type");
      }
    }
    if (!fault_.empty()) return;
    heights_.assign(image_.types.size(), 0);
    for (uint32_t i = 0; i < image_.types.size(); ++i) height(i, 0);
  }

  // Levels of layouts below and including `type`, remembered; a layout within itself exceeds the limit.
  int height(uint32_t type, int depth) {
    if (heights_[type] != 0) return heights_[type];
    if (depth > kDepthLimit) {
      fault("types are nested too deeply");
      return 1;
    }
    const Layout& layout = image_.types[type];
    int below = 0;
    if (layout.element.valid()) below = height(layout.element.value, depth + 1);
    for (const LayoutMember& member : layout.members) {
      if (!fault_.empty()) return 1;
      below = std::max(below, height(member.type.value, depth + 1));
    }
    if (below + 1 > kDepthLimit) fault("types are nested too deeply");
    heights_[type] = below + 1;
    return below + 1;
  }

  void maps() {
    for (const MapDesc& map : image_.maps) {
      if (map.elf_name.empty()) fault("a map has no name");
      optional(map.key, image_.types, "key type");
      optional(map.value, image_.types, "value type");
      if (map.written_flag_offset && !fits(*map.written_flag_offset, 8, map.value_size))
        fault("the flag of map " + map.name + " lies outside its value");
      if (map.aggregate) check_aggregate(map, *map.aggregate);
    }
  }

  void check_aggregate(const MapDesc& map, const AggDesc& aggregate) {
    if (aggregate.cell_size > map.value_size) fault("the cell of map " + map.name + " is larger than its value");
    for (const CellField& field : aggregate.fields)
      if (!fits(field.offset, uint64_t{field.count} * 8, aggregate.cell_size))
        fault("a field of map " + map.name + " lies outside its cell");
    if (aggregate.set_offset && !fits(*aggregate.set_offset, 8, aggregate.cell_size))
      fault("the flag of map " + map.name + " lies outside its cell");
    if (aggregate.bits > 5) fault("too many bits in the histogram of map " + map.name);
    if (aggregate.view == View::linear && (aggregate.step == 0 || aggregate.max < aggregate.min))
      fault("the histogram of map " + map.name + " has no step");
    if (aggregate.view == View::series) check_series(map, aggregate);
    if (!std::ranges::is_sorted(aggregate.bounds)) fault("the bounds of map " + map.name + " do not ascend");
  }

  void check_series(const MapDesc& map, const AggDesc& aggregate) {
    const uint64_t slots = map.block_offset ? kSeriesBlock : aggregate.intervals;
    if (aggregate.interval == 0 || slots == 0 || slots * sizeof(SeriesSlot) > aggregate.cell_size)
      fault("the series of map " + map.name + " has no intervals");
    if (map.block_offset && !fits(*map.block_offset, sizeof(uint32_t), map.key_size))
      fault("the block of map " + map.name + " lies outside its key");
  }

  void check_event(const EventLayout& event) {
    optional(event.format, image_.formats, "format");
    optional(event.map, image_.maps, "map of an event");
    optional(event.span, image_.spans, "span of an event");
    if (event.size < kEventHeaderSize) fault("a record is smaller than its header");
    for (const EventField& field : event.fields) {
      required(field.type, image_.types, "type of a field");
      if (field.offset > event.size) fault("a field lies outside its record");
    }
    switch (event.action) {
      case Action::print_value:
      case Action::print_map_value:
      case Action::exit:
      case Action::unwatch:
        if (event.fields.empty()) fault("an action lacks its value");
        break;
      case Action::print_table:
        if (event.integers.empty()) fault("a table has no columns");
        for (const int64_t map : event.integers)
          if (map < 0 || static_cast<uint64_t>(map) >= image_.maps.size()) fault("no such map of a table");
        break;
      case Action::packet:
        if (event.integers.empty() || event.integers[0] < 0) fault("a packet has no offset");
        required(event.format, image_.formats, "format");
        break;
      case Action::print_map:
      case Action::percentiles:
      case Action::clear_map:
      case Action::zero_map: required(event.map, image_.maps, "map of an event"); break;
      case Action::printf:
      case Action::errorf:
      case Action::warnf:
      case Action::cat:
      case Action::system:
      case Action::join:
      case Action::time:
      case Action::assert_failed: required(event.format, image_.formats, "format"); break;
    }
  }

  const Image& image_;
  std::vector<int> heights_;
  std::string fault_;
};

}  // namespace

Result<> validate(const Image& image) { return Validator(image).run(); }

}  // namespace sonde::image
