// "did you mean" hints on diagnostics.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/suggest.h"

namespace sonde::sema {

// Appends one hint with the candidates closest to `wanted`, if any are close.
inline void add_suggestions(std::vector<std::string>& hints, std::string_view wanted,
                            const std::vector<std::string>& candidates) {
  std::string text;
  for (const std::string& name : base::nearest(wanted, candidates)) text += (text.empty() ? "`" : ", `") + name + "`";
  if (!text.empty()) hints.push_back("did you mean " + text + "?");
}

}  // namespace sonde::sema
