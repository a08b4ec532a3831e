// Nearest rank over buckets.
#include "runtime/value/percentile.h"

#include <algorithm>

namespace sonde::value {
namespace {

struct Wanted {
  const char* name;
  uint32_t permille;
};
constexpr Wanted kWanted[] = {{"p50", 500}, {"p90", 900}, {"p99", 990}, {"p99.9", 999}};

int64_t number(const Integer& bound) {
  // Upper bounds of the last buckets reach beyond what a signed number holds.
  const auto bits = static_cast<int64_t>(bound.bits);
  return bits < 0 && !bound.is_signed ? INT64_MAX : bits;
}

// The value number `rank` (from 1) of the bucket's `count` ones, taken as spread evenly over it.
int64_t place(const Bucket& bucket, uint64_t rank, bool middle) {
  if (!bucket.min) return number(*bucket.max);
  if (!bucket.max) return number(*bucket.min);
  const int64_t low = number(*bucket.min), high = number(*bucket.max);
  const auto width = static_cast<unsigned __int128>(high) - static_cast<unsigned __int128>(low) + 1;
  if (middle) return low + static_cast<int64_t>((width - 1) / 2);
  return low + static_cast<int64_t>((width * rank - 1) / bucket.count);
}

}  // namespace

int64_t percentile(const Histogram& histogram, uint32_t permille, const PercentileOptions& options) {
  unsigned __int128 total = 0;
  for (const Bucket& bucket : histogram.buckets) total += bucket.count;
  if (total == 0) return 0;
  const unsigned __int128 rank = std::max<unsigned __int128>(1, (total * permille + 999) / 1000);
  unsigned __int128 before = 0;
  for (const Bucket& bucket : histogram.buckets) {
    if (bucket.count == 0 || before + bucket.count < rank) {
      before += bucket.count;
      continue;
    }
    const int64_t found = place(bucket, static_cast<uint64_t>(rank - before), options.middle);
    return std::clamp(found, std::min(options.least, options.greatest), options.greatest);
  }
  return 0;
}

Record percentile_record(const Histogram& histogram, const PercentileOptions& options) {
  Record record;
  for (const Wanted& wanted : kWanted) {
    const int64_t value = percentile(histogram, wanted.permille, options);
    record.members.push_back({wanted.name, {Integer{static_cast<uint64_t>(value), true}}});
  }
  return record;
}

}  // namespace sonde::value
