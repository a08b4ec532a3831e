// Edit distance with an upper bound, so that most of a long list of candidates is dismissed by its length or its first rows.
#include "base/suggest.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace sonde::base {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// Optimal string alignment distance of two lower-case texts; anything above `limit` comes back as limit + 1.
size_t distance(std::string_view a, std::string_view b, size_t limit) {
  const size_t far = limit + 1;
  if (a.size() > b.size() + limit || b.size() > a.size() + limit) return far;
  // Three rows: this one, the one above, and the one above that for swaps.
  std::vector<size_t> above2(b.size() + 1, 0), above(b.size() + 1, 0), row(b.size() + 1, 0);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    size_t least = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], above2[j - 2] + 1);
      least = std::min(least, row[j]);
    }
    if (least > limit) return far;
    std::swap(above2, above);
    std::swap(above, row);
  }
  return std::min(above[b.size()], far);
}

// How many times each letter occurs, folded into 32 counters: two texts that differ in k counts are at least k/2 apart.
std::array<uint8_t, 32> letters(std::string_view text) {
  std::array<uint8_t, 32> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(lower(c)) & 31];
  return counts;
}

size_t least_distance(const std::array<uint8_t, 32>& a, const std::array<uint8_t, 32>& b) {
  size_t difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference += static_cast<size_t>(a[i] > b[i] ? a[i] - b[i] : b[i] - a[i]);
  return (difference + 1) / 2;
}

}  // namespace

std::vector<std::string> nearest(std::string_view wanted, std::span<const std::string> candidates, size_t max) {
  // Any two names of one letter are near; only its case may be wrong. Of two letters, one more may be missing. A sigil is no
  // letter.
  const size_t written = wanted.size() - (wanted.starts_with('$') || wanted.starts_with('@') ? 1 : 0);
  const size_t limit = written < 2 ? 0 : std::max<size_t>(1, wanted.size() / 3);
  std::string folded(wanted);
  std::transform(folded.begin(), folded.end(), folded.begin(), lower);
  const auto wanted_letters = letters(folded);
  std::vector<std::pair<size_t, const std::string*>> hits;
  std::string other;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > wanted.size() + limit || wanted.size() > candidate.size() + limit) continue;
    if (least_distance(wanted_letters, letters(candidate)) > limit) continue;
    other.resize(candidate.size());
    std::transform(candidate.begin(), candidate.end(), other.begin(), lower);
    const size_t steps = distance(folded, other, limit);
    if (written == 2 && steps > 0 && candidate.size() <= wanted.size()) continue;
    if (steps <= limit) hits.emplace_back(steps, &candidate);
  }
  const auto nearer = [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : *a.second < *b.second;
  };
  std::sort(hits.begin(), hits.end(), nearer);
  std::vector<std::string> names;
  for (const auto& [steps, name] : hits) {
    // Next to a close one, a distant one only distracts.
    if (steps > hits.front().first + 1) break;
    if (names.size() < max && (names.empty() || names.back() != *name)) names.push_back(*name);
  }
  return names;
}

std::string did_you_mean(std::span<const std::string> names, std::string_view prefix) {
  if (names.empty()) return {};
  std::string text = "did you mean ";
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text.append("`").append(prefix).append(names[i]).append("`");
  }
  return text + "?";
}

}  // namespace sonde::base
