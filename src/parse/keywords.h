// Names that the grammar gives a meaning. Keywords are contextual: where one counts is decided in token_filter.cc.
#pragma once

#include <string_view>

namespace sonde::parse {

// The identifiers that are builtins for the parser itself (`pid`, `arg0`, ...): never a cast type, never the first
// field of a record, never a macro parameter. All other builtin names are ordinary identifiers here.
bool is_builtin_name(std::string_view name);

}  // namespace sonde::parse
