// Clock values and wall time as text.
#include <ctime>

#include "runtime/value/decode.h"

namespace sonde::value {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
// `time` results longer than this count as failed (stdlib.md 5.5).
constexpr size_t kMaxTimeText = 63;
// More than any strftime format of a script can give.
constexpr size_t kMaxTimestampText = 4096;

int64_t now(clockid_t clock) {
  timespec time = {};
  ::clock_gettime(clock, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

// strftime without its ambiguity: a leading character tells an empty result from one that did not fit.
std::string strftime_text(const std::string& format, int64_t seconds, size_t limit) {
  const time_t time = seconds;
  tm local = {};
  if (!::localtime_r(&time, &local)) return {};
  std::string text(limit + 2, '\0');
  const std::string marked = "=" + format;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  const size_t length = std::strftime(text.data(), text.size(), marked.c_str(), &local);
#pragma GCC diagnostic pop
  return length == 0 ? std::string() : text.substr(1, length - 1);
}

// `format` with each %f (but not the one of %%f) replaced by the microseconds.
std::string expand_microseconds(std::string_view format, int64_t nanoseconds) {
  std::string digits = std::to_string(nanoseconds / 1000);
  digits.insert(0, 6 - digits.size(), '0');
  std::string expanded;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '%' && i + 1 < format.size()) {
      const char conversion = format[++i];
      if (conversion == 'f') {
        expanded += digits;
      } else {
        expanded += '%';
        expanded += conversion;
      }
    } else {
      expanded += format[i];
    }
  }
  return expanded;
}

}  // namespace

ClockOffsets measure_clock_offsets() {
  return {.boot = now(CLOCK_REALTIME) - now(CLOCK_BOOTTIME), .monotonic = now(CLOCK_REALTIME) - now(CLOCK_MONOTONIC)};
}

std::string Decoder::format_time(std::string_view format, image::Clock clock, uint64_t nanoseconds) const {
  auto wall = nanoseconds;
  switch (clock) {
    case image::Clock::boot: wall += static_cast<uint64_t>(clocks_.boot); break;
    case image::Clock::monotonic: wall += static_cast<uint64_t>(clocks_.monotonic); break;
    case image::Clock::tai:
    case image::Clock::sw_tai: break;
  }
  const auto time = static_cast<int64_t>(wall);
  int64_t seconds = time / kSecond;
  int64_t rest = time % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --seconds;
  }
  std::string text = strftime_text(expand_microseconds(format, rest), seconds, kMaxTimestampText);
  if (!text.empty()) return text;
  if (failed_) failed_("strftime returned 0");
  return "(?)";
}

std::string format_wall_time(const std::string& format, int64_t seconds) {
  return strftime_text(format, seconds, kMaxTimeText);
}

}  // namespace sonde::value
