// Percentiles of a histogram whose buckets are all that is known of its values.
#pragma once

#include <cstdint>

#include "runtime/value/value.h"

namespace sonde::value {

struct PercentileOptions {
  bool middle = false;                              // the middle of the bucket instead of a place by rank within it
  int64_t least = INT64_MIN, greatest = INT64_MAX;  // known extremes: no percentile lies beyond
};

// The value below which `permille` of 1000 values lie: of nearest rank, so that it is a value that was really seen give or
// take its bucket. A bucket without lower (upper) end stands for its other end. 0 for an empty histogram.
int64_t percentile(const Histogram& histogram, uint32_t permille, const PercentileOptions& options);

// .p50, .p90, .p99 and .p99.9 of a histogram.
Record percentile_record(const Histogram& histogram, const PercentileOptions& options);

}  // namespace sonde::value
