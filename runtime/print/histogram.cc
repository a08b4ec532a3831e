// Bars of hist and lhist.
#include "runtime/print/histogram.h"

#include <algorithm>

namespace sonde::print {
namespace {

constexpr size_t kHeaderWidth = 16;
constexpr size_t kCountWidth = 8;
constexpr size_t kBarWidth = 52;

}  // namespace

void append_histogram(std::string& out, const value::Histogram& histogram) {
  uint64_t max = 0;
  for (const value::Bucket& bucket : histogram.buckets) max = std::max(max, bucket.count);
  for (const value::Bucket& bucket : histogram.buckets) {
    out += bucket.header;
    if (bucket.header.size() < kHeaderWidth) out.append(kHeaderWidth - bucket.header.size(), ' ');
    const std::string count = std::to_string(bucket.count);
    if (count.size() < kCountWidth) out.append(kCountWidth - count.size(), ' ');
    out += count;
    out += " |";
    // Single precision, because the rounding of the reference is visible in the bars. `div` can make all counts zero.
    const float share = max == 0 ? 0.0F : static_cast<float>(bucket.count) / static_cast<float>(max);
    const auto length = std::min(static_cast<size_t>(share * static_cast<float>(kBarWidth)), kBarWidth);
    out.append(length, '@');
    out.append(kBarWidth - length, ' ');
    out += "|\n";
  }
}

}  // namespace sonde::print
