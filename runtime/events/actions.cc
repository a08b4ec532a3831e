// Record -> effect.
#include "runtime/events/actions.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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
  printer_.set_time(header.time);
  switch (event.action) {
    case image::Action::print_value:
    case image::Action::print_map_value: print_value(event, record); return;
    case image::Action::print_map: print_map(event); return;
    case image::Action::print_table: print_table(event); return;
    case image::Action::percentiles: show_map(event.map, {.percentiles = true}); return;
    case image::Action::unwatch: {
      uint64_t address = 0;
      const Record bytes = bytes_of(event.fields.front(), record);
      std::memcpy(&address, bytes.data(), std::min(bytes.size(), sizeof(address)));
      unwatch_(address);
      return;
    }
    case image::Action::packet: packet(event, header.time, record); return;
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

std::optional<value::MapValue> Actions::read_map(image::MapId id, maps::ShowOptions options) {
  const int fd = map_fd_(id);
  if (fd < 0) return std::nullopt;
  options.zeroed = id.value < zeroed_.size() && zeroed_[id.value];
  options.progress = [&](uint64_t entries) { printer_.progress(image_.maps[id.value].name, entries); };
  auto map = maps::show(decoder_, id, fd, options);
  if (map) return std::move(*map);
  printer_.failure(map.error().text());
  return std::nullopt;
}

void Actions::show_map(image::MapId id, maps::ShowOptions options) {
  if (const auto map = read_map(id, std::move(options))) printer_.map(*map);
}

void Actions::print_map(const image::EventLayout& event) {
  const auto integer = [&](size_t index) { return index < event.integers.size() ? event.integers[index] : 0; };
  const int64_t order = std::clamp<int64_t>(integer(2), 0, static_cast<int64_t>(image::MapOrder::by_key));
  show_map(event.map, {.top = integer(0),
                       .div = integer(1),
                       .order = static_cast<image::MapOrder>(order),
                       .descending = integer(3) != 0});
}

void Actions::print_table(const image::EventLayout& event) {
  std::vector<value::MapValue> columns;
  for (const int64_t map : event.integers) {
    const image::MapId id{static_cast<uint32_t>(map)};
    auto read = read_map(id, {});
    columns.push_back(read ? std::move(*read) : value::MapValue{image_.maps[id.value].name, {}, false, {}});
  }
  printer_.table(columns);
}

Result<> Actions::create_packet_files() {
  for (const image::EventLayout& event : image_.events)
    if (event.action == image::Action::packet) SONDE_TRY(pcap_files_.create(image_.formats[event.format.value].source));
  return {};
}

void Actions::packet(const image::EventLayout& event, uint64_t time, Record record) {
  const std::string& path = image_.formats[event.format.value].source;
  // Behind the header: the packet's length, without the padding that perf buffers add, and the packet.
  uint64_t length = 0;
  record = record.subspan(image::kEventHeaderSize);
  if (record.size() < sizeof(length)) return;
  std::memcpy(&length, record.data(), sizeof(length));
  record = record.subspan(sizeof(length));
  record = record.first(std::min<uint64_t>(length, record.size()));
  record = record.subspan(std::min<uint64_t>(static_cast<uint64_t>(event.integers[0]), record.size()));
  const auto wall = time + static_cast<uint64_t>(decoder_.clocks().monotonic);
  const auto written = pcap_files_.append(path, wall, record);
  if (!written) printer_.failure(with_errno(written.error().what, written.error().code));
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
  std::string text;
  std::array<char, 16384> chunk;
  while (text.size() < image_.config.max_cat_bytes) {
    const size_t wanted = std::min<uint64_t>(chunk.size(), image_.config.max_cat_bytes - text.size());
    const ssize_t got = ::read(file.get(), chunk.data(), wanted);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;  // a directory shows nothing
    text.append(chunk.data(), static_cast<size_t>(got));
  }
  printer_.text(print::TextKind::cat, text);
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
  zeroed_.resize(image_.maps.size(), false);
  auto zeroed = zeroed_.begin() + event.map.value;
  if (event.action == image::Action::clear_map) {
    const auto cleared = maps::clear(fd, desc);
    if (!cleared) printer_.failure(cleared.error().text());
    *zeroed = false;
    return;
  }
  const auto written = maps::zero(fd, desc);
  if (!written)
    printer_.failure(written.error().text());
  else if (*written)
    *zeroed = true;
}

}  // namespace sonde::events
