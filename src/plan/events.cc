// An asynchronous call becomes a record: its action, what user space needs to know beforehand, and where the values of the
// arguments lie.
#include "plan/events.h"

#include <algorithm>

#include "base/check.h"
#include "builtins/print_options.h"
#include "types/layout.h"

namespace sonde::plan {
namespace {

using image::Action;
using sema::Call;
using types::TypeRef;

constexpr uint32_t kRecordAlign = 8;  // of the ring buffer

uint32_t align(uint32_t offset, uint32_t to) { return (offset + to - 1) / to * to; }

// The type under which a value travels. Aggregations are combined in the kernel; `args` is copied as the record it is.
TypeRef travelling(const sema::Expr& value, types::TypeContext& types) {
  const TypeRef type = value.type;
  if (type->kind == types::Kind::aggregate) {
    const TypeRef number = types.integer(8, type->is_signed);
    if (type->aggregate != "stats") return number;
    return types.record({{"count", types.integer(8, false)}, {"average", number}, {"total", number}});
  }
  if (value.kind == sema::ExprKind::context_args) return type->element;
  return type;
}

class EventMaker {
 public:
  EventMaker(Plan& plan, const Call& call, types::TypeContext& types) : plan_(plan), call_(call), types_(types) {}

  image::EventLayout make() {
    event_.action = *call_.row->action;
    event_.size = image::kEventHeaderSize;
    if (call_.row->fields) {
      std::vector<TypeRef> fields;
      call_.row->fields(types_, fields);
      for (TypeRef field : fields) add(field);
    }
    switch (event_.action) {
      case Action::printf:
      case Action::errorf:
      case Action::warnf:
      case Action::cat:
      case Action::system:
      case Action::assert_failed: formatted(); break;
      case Action::print_value:
      case Action::print_map:
      case Action::print_map_value: print(); break;
      case Action::join: event_.format = text_format(literal_or(1, " ")); break;
      case Action::time: event_.format = text_format(literal_or(0, "%H:%M:%S\n")); break;
      case Action::exit: add(types_.integer(8, true)); break;
      case Action::print_table:
        for (size_t i = 0; i < call_.arguments.size(); ++i) event_.integers.push_back(map(i).value);
        break;
      case Action::unwatch: add(types_.integer(8, false)); break;
      case Action::packet:
        event_.format = text_format(*call_.described[0].text);
        event_.integers = {static_cast<int64_t>(*call_.described[3].integer)};
        break;
      case Action::percentiles:
      case Action::clear_map:
      case Action::zero_map: event_.map = map(0); break;
    }
    event_.size = align(event_.size, kRecordAlign);
    return std::move(event_);
  }

 private:
  void add(TypeRef type) {
    const uint32_t offset = align(event_.size, type->align);
    event_.fields.push_back({types::layout_of(type, plan_.image.types), offset});
    event_.size = offset + type->size;
  }

  void formatted() {
    const uint32_t format = *call_.row->format_argument;
    event_.format = intern(image::parse_format(*call_.described[format].text));
    for (size_t i = format + 1; i < call_.arguments.size(); ++i) add(travelling(*call_.arguments[i], types_));
  }

  void print() {
    const builtins::Argument& subject = call_.described[0];
    if (subject.map && !subject.keyed_read) {
      event_.action = Action::print_map;
      event_.map = map(0);
      const auto options = builtins::print_options(call_.described);
      SONDE_CHECK(options.has_value());
      // A negative `top` shows all entries, as 0 does.
      event_.integers = {std::max<int64_t>(options->top, 0), options->div};
      if (options->order != image::MapOrder::usual || options->descending)
        event_.integers.insert(event_.integers.end(), {static_cast<int64_t>(options->order), options->descending});
      return;
    }
    if (subject.keyed_read) event_.action = Action::print_map_value;
    add(travelling(*call_.arguments[0], types_));
  }

  std::string literal_or(size_t index, const char* usual) const {
    return index < call_.described.size() ? *call_.described[index].text : std::string(usual);
  }

  // A text that is no printf format but travels in a format's place.
  image::FormatId text_format(const std::string& text) {
    image::FormatString format;
    format.pieces.push_back({.text = text});
    format.source = text;
    return intern(std::move(format));
  }

  image::FormatId intern(image::FormatString format) {
    std::vector<image::FormatString>& formats = plan_.image.formats;
    const auto known = std::ranges::find(formats, format);
    if (known != formats.end()) return {static_cast<uint32_t>(known - formats.begin())};
    formats.push_back(std::move(format));
    return {static_cast<uint32_t>(formats.size() - 1)};
  }

  image::MapId map(size_t argument) const {
    const sema::Expr& expr = *call_.arguments[argument];
    SONDE_CHECK(expr.kind == sema::ExprKind::map_ref);
    return plan_.maps.at(sema::as<sema::MapRef>(expr).map);
  }

  Plan& plan_;
  const Call& call_;
  types::TypeContext& types_;
  image::EventLayout event_;
};

}  // namespace

void plan_event(Plan& plan, const Call& call, const source::SourceSet& sources, types::TypeContext& types) {
  image::EventLayout event = EventMaker(plan, call, types).make();
  event.span = add_span(plan, sources, call.range, call.expanded_from);
  std::vector<image::EventLayout>& events = plan.image.events;
  // The programs of one wildcard share their records: same call, same layout.
  const auto known = std::ranges::find(events, event);
  plan.events[&call] = {static_cast<uint32_t>(known - events.begin())};
  if (known == events.end()) events.push_back(std::move(event));
}

}  // namespace sonde::plan
