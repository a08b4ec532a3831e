// Filling in of catalogue texts and the append-only list.
#include "diag/diagnostic.h"

#include <utility>

#include "base/check.h"

namespace sonde::diag {

std::string fill(std::string_view text, const std::vector<std::string>& arguments) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool placeholder =
        text[i] == '{' && i + 2 < text.size() && text[i + 2] == '}' && text[i + 1] >= '0' && text[i + 1] <= '9';
    if (!placeholder) {
      out += text[i];
      continue;
    }
    const auto index = static_cast<size_t>(text[i + 1] - '0');
    SONDE_CHECK(index < arguments.size());
    out += arguments[index];
    i += 2;
  }
  return out;
}

Diagnostic& Diagnostics::append(Diagnostic diagnostic) {
  if (diagnostic.severity() == Severity::error) ++errors_;
  // The outermost level tells in which file the code that the user has to look at stands.
  const source::Range outermost = diagnostic.expanded_from.empty() ? diagnostic.range : diagnostic.expanded_from.back();
  if (const auto origin = origins_.find(outermost.buffer.value); origin != origins_.end())
    diagnostic.expanded_from.insert(diagnostic.expanded_from.end(), origin->second.begin(), origin->second.end());
  all_.push_back(std::move(diagnostic));
  return all_.back();
}

void Diagnostics::set_origin(source::BufferId buffer, std::vector<source::Range> levels) {
  origins_[buffer.value] = std::move(levels);
}

}  // namespace sonde::diag
