// Records that programs submit to the ring buffer, and what user space does with each. Written in place by the program
// (reserve, fill, submit), decoded by runtime/events.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/ids.h"

namespace sonde::image {

// Every record begins with this. `time` makes one ring per CPU, merged by time, possible without a new format.
struct EventHeader {
  uint32_t event;  // EventId
  uint32_t cpu;    // reserved for one ring per CPU; 0 with a single ring
  uint64_t time;   // CLOCK_MONOTONIC nanoseconds when reserved
};
inline constexpr uint32_t kEventHeaderSize = sizeof(EventHeader);

// Closed: runtime/events/actions.cc has the one switch.
enum class Action : uint8_t {
  print_value,      // field 0
  print_map,        // map; integers: top, div (both 0: none), then MapOrder and 1 for descending
  print_map_value,  // as print_value, field 0 (a value read from a map)
  printf,
  errorf,
  warnf,
  cat,
  system,
  join,
  time,  // format with fields
  exit,  // field 0: int64 exit code
  clear_map,
  zero_map,       // map
  assert_failed,  // format: message; then exit status 1
  print_table,    // integers: maps with one key type, in the order of the columns
  percentiles,    // map: a histogram, shown as its percentiles
  unwatch,        // field 0: address whose watchpoints go
  packet,         // format: pcap file; integers[0]: bytes to skip; comes by the perf buffer of kPacketMap
};

// The order that print() was asked for.
enum class MapOrder : uint8_t { usual, by_value, by_key };

struct EventField {
  TypeId type;
  uint32_t offset = 0;  // bytes from the start of the record
  bool operator==(const EventField&) const = default;
};

struct EventLayout {
  Action action = Action::print_value;
  uint32_t size = 0;  // bytes of the whole record, header included
  std::vector<EventField> fields;
  FormatId format;  // printf family; for `time` its strftime text, for `join` its separator
  MapId map;
  std::vector<int64_t> integers;
  SpanId span;
  bool operator==(const EventLayout&) const = default;
};

}  // namespace sonde::image
