// Record -> effect.
#include "runtime/events/actions.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

#include "base/fd.h"
#include "runtime/command.h"
#include "runtime/maps/map_reader.h"
#include "runtime/maps/merge.h"
#include "runtime/maps/table.h"
#include "runtime/value/aggregate.h"
#include "runtime/value/format.h"

namespace sonde::events {
namespace {

// "TEXT (STRERROR)", the form of failed actions.
std::string with_errno(const std::string& text, int code) { return text + " (" + std::strerror(code) + ")"; }

}  // namespace

void Actions::handle(Record record) {
  image::EventHeader header;
  if (record.size() < sizeof(header)) {
    ++damaged_;
    return;
  }
  std::memcpy(&header, record.data(), sizeof(header));
  if (header.event >= image_.events.size()) {
    ++damaged_;
    return;
  }
  ++events_[header.event];
  const image::EventLayout& event = image_.events[header.event];
  switch (event.action) {
    case image::Action::print_value:
    case image::Action::print_map_value: print_value(event, record); return;
    case image::Action::print_map: {
      const int64_t top = event.integers.empty() ? 0 : event.integers[0];
      const int64_t div = event.integers.size() < 2 ? 0 : event.integers[1];
      show_map(event.map, top, div, false);
      return;
    }
    case image::Action::printf:
      text_.clear();
      value::append_formatted(text_, image_.formats[event.format.value], event.fields, record, decoder_);
      printer_.text(print::TextKind::printf, text_);
      return;
    case image::Action::errorf: message(print::Message::Kind::errorf, event, format(event, record)); return;
    case image::Action::warnf:
      if (!options_.no_warnings) message(print::Message::Kind::warnf, event, format(event, record));
      return;
    case image::Action::cat: cat(format(event, record)); return;
    case image::Action::system: system(format(event, record)); return;
    case image::Action::join: join(event, record); return;
    case image::Action::time: time(image_.formats[event.format.value].source); return;
    case image::Action::exit: {
      int64_t code = 0;
      const Record bytes = bytes_of(event.fields.front(), record);
      std::memcpy(&code, bytes.data(), std::min(bytes.size(), sizeof(code)));
      exit_ = code;
      return;
    }
    case image::Action::clear_map:
    case image::Action::zero_map: change_map(event); return;
    case image::Action::assert_failed:
      message(print::Message::Kind::assert_failed, event, "assert failed: " + format(event, record));
      exit_ = 1;
      return;
  }
}

std::string Actions::format(const image::EventLayout& event, Record record) const {
  std::string text;
  value::append_formatted(text, image_.formats[event.format.value], event.fields, record, decoder_);
  return text;
}

Actions::Record Actions::bytes_of(const image::EventField& field, Record record) const {
  if (field.offset >= record.size()) return {};
  const size_t size = image_.types[field.type.value].size;
  return record.subspan(field.offset, std::min(size, record.size() - field.offset));
}

void Actions::print_value(const image::EventLayout& event, Record record) {
  const image::EventField& field = event.fields.front();
  const Record bytes = bytes_of(field, record);
  const bool aggregate = image_.types[field.type.value].kind == image::LayoutKind::aggregate;
  if (!aggregate || !event.map.valid() || !image_.maps[event.map.value].aggregate) {
    printer_.value(decoder_.decode(field.type, bytes));
    return;
  }
  // The program merged the cells of all CPUs into one, which the same rules fold into themselves.
  const image::AggDesc& desc = *image_.maps[event.map.value].aggregate;
  maps::Table table;
  table.key_size = 1;
  table.cell_stride = desc.cell_size;
  table.keys.resize(1);
  table.cells.assign(bytes.begin(), bytes.end());
  table.cells.resize(desc.cell_size);
  printer_.value(value::aggregate_value(desc, maps::merge(desc, table, 0)));
}

void Actions::show_map(image::MapId id, int64_t top, int64_t div, bool at_exit) {
  const int fd = map_fd_(id);
  if (fd < 0) return;
  const auto map = maps::show(decoder_, id, fd, {.top = top, .div = div, .at_exit = at_exit});
  if (!map)
    printer_.failure(map.error().text());
  else if (*map)
    printer_.map(**map);
}

void Actions::message(print::Message::Kind kind, const image::EventLayout& event, std::string text) {
  print::Message message;
  message.kind = kind;
  message.text = std::move(text);
  message.span = event.span;
  printer_.message(message);
}

void Actions::cat(const std::string& path) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    printer_.failure(with_errno("failed to open file '" + path + "'", errno));
    return;
  }
  std::string text(image_.config.max_cat_bytes, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;  // a directory shows nothing
    size += static_cast<size_t>(got);
  }
  printer_.text(print::TextKind::cat, std::string_view(text).substr(0, size));
}

void Actions::system(const std::string& command) {
  const auto result = runtime::run_shell(command);
  if (!result)
    printer_.failure(with_errno(result.error().what, result.error().code));
  else if (result->signalled)
    printer_.failure(with_errno("child process did not exit normally", EOPNOTSUPP));
  else if (result->code != 0)
    printer_.failure(with_errno("command exited with code " + std::to_string(result->code), EOPNOTSUPP));
  else
    printer_.text(print::TextKind::system, result->output);
}

// The elements are fields of their own, or those of one array; the first empty one ends the list.
void Actions::join(const image::EventLayout& event, Record record) {
  const std::string& separator = image_.formats[event.format.value].source;
  std::string text;
  bool first = true;
  const auto add = [&](const value::Value& element) {
    std::string part;
    value::append_text(part, element);
    if (part.empty()) return false;
    if (!first) text += separator;
    first = false;
    text += part;
    return true;
  };
  for (const image::EventField& field : event.fields) {
    const value::Value value = decoder_.decode(field.type, bytes_of(field, record));
    const auto* array = std::get_if<value::Array>(&value.data);
    if (!array) {
      if (!add(value)) break;
      continue;
    }
    for (const value::Value& element : array->elements)
      if (!add(element)) break;
  }
  printer_.text(print::TextKind::join, text);
}

void Actions::time(const std::string& format) {
  const std::string text = value::format_wall_time(format, ::time(nullptr));
  if (text.empty())
    printer_.failure(with_errno("strftime returned zero", EOPNOTSUPP));
  else
    printer_.text(print::TextKind::time, text);
}

void Actions::change_map(const image::EventLayout& event) {
  const int fd = map_fd_(event.map);
  if (fd < 0) return;
  const image::MapDesc& desc = image_.maps[event.map.value];
  const auto result = event.action == image::Action::clear_map ? maps::clear(fd, desc) : maps::zero(fd, desc);
  if (!result) printer_.failure(result.error().text());
}

}  // namespace sonde::events
