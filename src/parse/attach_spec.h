// Splits the raw text of an attach point (probes.md 2.2, 2.3): quotes, `$N`, `:` and `@`, the label. Knows no provider.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ast/ast.h"
#include "diag/diagnostic.h"

namespace sonde::parse {

struct AttachPart {
  std::string text;     // without quotes, parameters pasted in
  source::Range range;  // where it is written; for pasted text the `$N`
};

struct AttachSpec {
  std::string text;                  // as written
  std::optional<std::string> label;  // user name in front of the first `=`; may be empty
  std::vector<AttachPart> parts;     // never empty; parts[0] is the provider, a written `@` is a part of its own
  source::Range range;
};

// `positional`: the script's parameters, $1 first. Nothing after a reported error.
std::optional<AttachSpec> split_attach_point(const ast::AttachPoint& point, std::span<const std::string> positional,
                                             diag::Diagnostics& diagnostics);

}  // namespace sonde::parse
