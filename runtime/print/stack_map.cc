// Keys with stacks in them become paths of frames.
#include "runtime/print/stack_map.h"

#include <algorithm>

#include "runtime/value/format.h"

namespace sonde::print {
namespace {

bool all_of(std::string_view text, std::string_view set) {
  return !text.empty() && text.find_first_not_of(set) == std::string_view::npos;
}

// "        leaf+12" and "\t5600f24ee159 leaf+0 (/opt/prog)" are `leaf`.
std::string frame_name(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const size_t space = line.find(' ');
  if (space != std::string_view::npos && all_of(line.substr(0, space), "0123456789abcdef"))
    line.remove_prefix(space + 1);
  if (const size_t file = line.rfind(" ("); file != std::string_view::npos && line.ends_with(')'))
    line = line.substr(0, file);
  // "@FILE:LINE"; a version of a symbol follows an `@` too.
  if (const size_t at = line.rfind('@'), colon = line.rfind(':'); at != std::string_view::npos &&
                                                                  colon != std::string_view::npos && at < colon &&
                                                                  all_of(line.substr(colon + 1), "0123456789"))
    line = line.substr(0, at);
  if (const size_t plus = line.rfind('+');
      plus != std::string_view::npos && plus > 0 && all_of(line.substr(plus + 1), "0123456789"))
    line = line.substr(0, plus);
  return std::string(line);
}

uint64_t weight_of(const value::Value& value) {
  if (const auto* number = std::get_if<value::Integer>(&value.data))
    return number->is_signed && static_cast<int64_t>(number->bits) < 0 ? 0 : number->bits;
  if (const auto* stats = std::get_if<value::Stats>(&value.data)) return stats->total.bits;
  uint64_t total = 0;
  if (const auto* histogram = std::get_if<value::Histogram>(&value.data))
    for (const value::Bucket& bucket : histogram->buckets) total += bucket.count;
  return total;
}

void collect(const value::Value& key, std::vector<std::string>& labels, std::vector<const value::Stack*>& stacks) {
  if (const auto* stack = std::get_if<value::Stack>(&key.data)) {
    stacks.push_back(stack);
  } else if (const auto* tuple = std::get_if<value::Tuple>(&key.data)) {
    for (const value::Value& element : tuple->elements) collect(element, labels, stacks);
  } else {
    value::append_key(labels.emplace_back(), key);
  }
}

}  // namespace

std::vector<WeightedStack> weighted_stacks(const value::MapValue& map) {
  std::vector<WeightedStack> result;
  for (const value::MapEntry& entry : map.entries) {
    std::vector<const value::Stack*> stacks;
    WeightedStack made;
    collect(entry.key, made.frames, stacks);
    made.weight = weight_of(entry.value);
    if (stacks.empty() || made.weight == 0) continue;
    std::ranges::stable_sort(stacks, {}, [](const value::Stack* stack) { return !stack->user; });
    for (const value::Stack* stack : stacks)
      for (auto frame = stack->frames.rbegin(); frame != stack->frames.rend(); ++frame)
        made.frames.push_back(frame_name(frame->line));
    if (!made.frames.empty()) result.push_back(std::move(made));
  }
  return result;
}

}  // namespace sonde::print
