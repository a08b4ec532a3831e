// Advice for syntax errors: what newcomers from C and other languages write, and how it is written here.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "diag/diagnostic.h"
#include "parse/scanner.h"

namespace sonde::parse {

// A hint for the error `id` at tokens[at], or nothing. `wanted`: the missing token of syntax_expected_token. `text`: the
// whole source.
std::string syntax_hint(std::string_view text, std::span<const Token> tokens, size_t at, diag::Id id,
                        std::string_view wanted);

}  // namespace sonde::parse
