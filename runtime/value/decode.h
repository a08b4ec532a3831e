// Bytes and a layout become a Value, or directly text. Bytes come from programs, but every length in them is checked:
// whatever they hold, decoding yields some value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "image/image.h"
#include "runtime/symbols/symbols.h"
#include "runtime/value/value.h"

namespace sonde::value {

// What is added to the nanoseconds of a clock to get wall-clock time.
struct ClockOffsets {
  int64_t boot = 0;
  int64_t monotonic = 0;
};
// Measured now.
ClockOffsets measure_clock_offsets();

// Whether values of the image need the symbols of processes to be shown.
bool has_user_addresses(const image::Image& image);

// Names that the system knows: users, cgroup paths. Cached per run.
class SystemNames;

class Decoder {
 public:
  // Both must outlive the decoder.
  Decoder(const image::Image& image, symbols::Symbols& symbols, ClockOffsets clocks);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Missing bytes count as zero. Layouts of kind `aggregate` are not decoded here but by aggregate.h: they yield Null.
  Value decode(image::TypeId type, std::span<const std::byte> bytes) const;

  // The same as append_text(out, decode(type, bytes)) of format.h, without the detour for the frequent kinds.
  void append_text(std::string& out, image::TypeId type, std::span<const std::byte> bytes) const;

  // The bits of a boolean, integer, enumeration or pointer, sign-extended to 64; nothing for other kinds.
  std::optional<uint64_t> number(image::TypeId type, std::span<const std::byte> bytes, bool& is_bool) const;

  // Is told what went wrong while a value was decoded. None: nobody.
  void on_failure(std::function<void(std::string_view)> report) { failed_ = std::move(report); }

  // Text of a timestamp by a strftime format with %f; "(?)" if the result is empty, which is a failure.
  std::string format_time(std::string_view format, image::Clock clock, uint64_t nanoseconds) const;

  // Keeps the addresses of process `pid` resolvable after its end, if the image holds user stacks or symbols at all. To be
  // called now and then for the processes a run is about (-c, -p): mappings change while a process starts.
  void remember_process(uint32_t pid) const;
  // The same for all processes, in the same case: watch_processes() once before events come, follow_processes() before
  // each batch of them.
  void watch_processes() const;
  void follow_processes() const;

  const image::Image& image() const { return image_; }
  const ClockOffsets& clocks() const { return clocks_; }

 private:
  using Bytes = std::span<const std::byte>;
  struct Walk;

  const image::Layout* layout(image::TypeId type) const;
  Value decode_layout(const image::Layout& layout, Bytes bytes, Walk& walk) const;
  Value decode_array(const image::Layout& layout, Bytes bytes, Walk& walk) const;
  Value decode_member(const image::LayoutMember& member, Bytes bytes, Walk& walk) const;
  Value decode_stack(const image::Layout& layout, Bytes bytes) const;
  std::string kernel_frame(image::StackMode mode, uint64_t address) const;
  void add_user_frames(image::StackMode mode, uint32_t pid, uint64_t address, bool returns_to,
                       std::vector<StackFrame>& frames) const;
  std::string timestamp_text(Bytes bytes) const;
  std::string cgroup_text(Bytes bytes) const;
  std::string_view text(const image::Layout& layout, Bytes bytes, bool& truncated) const;

  const image::Image& image_;
  symbols::Symbols& symbols_;
  ClockOffsets clocks_;
  bool has_user_addresses_;
  std::unique_ptr<SystemNames> names_;
  std::function<void(std::string_view)> failed_;
};

// The clock's wall time formatted by strftime alone (the `time` action): empty if the result would be empty or longer
// than 63 bytes.
std::string format_wall_time(const std::string& format, int64_t seconds);

}  // namespace sonde::value
