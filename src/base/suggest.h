// "Did you mean": names that are close to one that was not found.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::base {

// At most `max` of `candidates`, nearest to `wanted` first, ties in byte order. Nearness is the edit distance with
// insertions, deletions, replacements and swaps of neighbours, upper and lower case being one; only names within about
// a third of the length of `wanted` qualify, and of those only such as are hardly farther than the nearest. Costs some
// 10 ms for 50,000 candidates at most.
std::vector<std::string> nearest(std::string_view wanted, std::span<const std::string> candidates, size_t max = 3);

// "did you mean `a`, `b` or `c`?", each name behind `prefix`; empty without names.
std::string did_you_mean(std::span<const std::string> names, std::string_view prefix = {});

}  // namespace sonde::base
