// Merged cells of aggregations become values, by the view of their descriptor (stdlib.md 12, output.md 7).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "image/map_desc.h"
#include "runtime/value/value.h"

namespace sonde::value {

// Series are read by runtime/maps/series.h instead: here they are empty.
// `fields`: the merged u64 fields in the order of `desc.fields`, repeated fields one after another. min and max without any
// value are given as 0. Missing fields count as 0.
Value aggregate_value(const image::AggDesc& desc, std::span<const uint64_t> fields);

// Percentiles of a merged histogram (views log2, linear, bounded, quantiles) as a record .p50, .p90, .p99, .p99.9, for
// views with ranges interpolated within the bucket; null if it holds nothing, or for other views.
Value percentiles(const image::AggDesc& desc, std::span<const uint64_t> fields);

// The JSON record type of a map.
MapForm form_of(const image::MapDesc& desc);

// print()'s `div`: divides integers, inside tuples, records and arrays too, the average of stats, and the counts of hist
// (not lhist). Series, strings, bools and enums stay. 0 acts as 1.
void divide(Value& value, int64_t div);

// hist: index of the bucket that holds `n`, for 2^bits buckets per power of two (bits 0 to 5).
uint32_t bucket_of(int64_t n, uint32_t bits);
// Number of buckets of hist, the negative one included.
uint32_t bucket_count(uint32_t bits);
// Bucket `index` of hist (without count).
Bucket log2_bucket(uint32_t index, uint32_t bits);

// lhist likewise.
uint32_t linear_bucket_of(int64_t n, uint64_t min, uint64_t max, uint64_t step);
uint32_t linear_bucket_count(uint64_t min, uint64_t max, uint64_t step);
Bucket linear_bucket(uint32_t index, uint64_t min, uint64_t max, uint64_t step);

}  // namespace sonde::value
