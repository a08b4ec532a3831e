// Emission with macro levels and without repetition.
#include "sema/reporter.h"

namespace sonde::sema {

namespace {

// What hundreds of matches of a pattern have in common is told of the first ones.
constexpr size_t kMostAtOnePlace = 4;

}  // namespace

diag::Diagnostic& Reporter::add(diag::Diagnostic diagnostic, Levels levels) {
  if (levels) diagnostic.expanded_from.insert(diagnostic.expanded_from.end(), levels->begin(), levels->end());
  const bool libraries = diagnostic.severity() == diag::Severity::warning && diagnostic.range.valid() &&
                         library_.contains(diagnostic.range.buffer.value);
  if (!muted_ && !libraries) {
    std::vector<uint32_t> place{static_cast<uint32_t>(diagnostic.id)};
    const auto append = [&](const source::Range& range) {
      place.insert(place.end(), {range.buffer.value, range.begin, range.end});
    };
    append(diagnostic.range);
    for (const source::Range& range : diagnostic.expanded_from) append(range);
    std::set<std::string>& texts = seen_[std::move(place)];
    if (texts.size() < kMostAtOnePlace && texts.insert(diagnostic.text).second)
      return out_.append(std::move(diagnostic));
  }
  spare_ = std::move(diagnostic);
  return spare_;
}

void Reporter::add_all(const diag::Diagnostics& diagnostics, Levels levels) {
  for (const diag::Diagnostic& diagnostic : diagnostics.all()) add(diagnostic, levels);
}

}  // namespace sonde::sema
