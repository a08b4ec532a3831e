// What user space does with each record (stdlib.md 14). The one switch over image::Action is in actions.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "image/image.h"
#include "runtime/events/pcap.h"
#include "runtime/maps/map_reader.h"
#include "runtime/print/printer.h"
#include "runtime/value/decode.h"

namespace sonde::events {

struct ActionOptions {
  bool no_warnings = false;  // drop warnf()
};

class Actions {
 public:
  // Descriptor of a map, -1 if there is none.
  using MapFd = std::function<int(image::MapId)>;
  // Removes the watchpoints on an address.
  using Unwatch = std::function<void(uint64_t)>;

  // All references must outlive the object.
  Actions(const value::Decoder& decoder, print::Printer& printer, MapFd map_fd, Unwatch unwatch, ActionOptions options)
      : image_(decoder.image()),
        decoder_(decoder),
        printer_(printer),
        map_fd_(std::move(map_fd)),
        unwatch_(std::move(unwatch)),
        options_(options),
        events_(decoder.image().events.size(), 0) {}

  // Carries out one record. Records that are too short or of no known event are counted as damaged and skipped.
  void handle(std::span<const std::byte> record);
  // Prints a map as it is now; nothing if it is empty.
  void show_map(image::MapId id, maps::ShowOptions options);

  // Set once an exit() or a failed assert was handled, until taken.
  std::optional<int64_t> take_exit() { return std::exchange(exit_, std::nullopt); }
  bool exit_pending() const { return exit_.has_value(); }

  // Makes the files that packets will go to. Fails if one cannot be made.
  Result<> create_packet_files();

  // Records handled per event of the image, and damaged ones.
  const std::vector<uint64_t>& handled() const { return events_; }
  uint64_t damaged() const { return damaged_; }

 private:
  using Record = std::span<const std::byte>;

  std::string format(const image::EventLayout& event, Record record) const;
  Record bytes_of(const image::EventField& field, Record record) const;
  void print_value(const image::EventLayout& event, Record record);
  void cat(const std::string& path);
  void system(const std::string& command);
  void join(const image::EventLayout& event, Record record);
  void time(const std::string& format);
  void message(print::Message::Kind kind, const image::EventLayout& event, std::string text);
  void change_map(const image::EventLayout& event);
  void print_map(const image::EventLayout& event);
  void print_table(const image::EventLayout& event);
  std::optional<value::MapValue> read_map(image::MapId id, maps::ShowOptions options);
  void packet(const image::EventLayout& event, uint64_t time, Record record);

  const image::Image& image_;
  const value::Decoder& decoder_;
  print::Printer& printer_;
  MapFd map_fd_;
  Unwatch unwatch_;
  PcapFiles pcap_files_;
  ActionOptions options_;
  std::vector<bool> zeroed_;  // by MapId: the last zero() found something, and no clear() came after it
  std::optional<int64_t> exit_;
  std::vector<uint64_t> events_;
  uint64_t damaged_ = 0;
  std::string text_;  // reused: no allocation per printf
};

}  // namespace sonde::events
