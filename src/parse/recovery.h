// Brackets around a syntax error: where the innermost open one stands, and where parsing may go on.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "parse/scanner.h"

namespace sonde::parse {

// Index of the innermost bracket, or of the `/` of a predicate, that is open before tokens[at] in the same item.
std::optional<size_t> open_bracket(std::span<const Token> tokens, size_t at);

// The same of the innermost `{`.
std::optional<size_t> open_brace(std::span<const Token> tokens, size_t at);

// Index of the `;` or `}` that ends the statement in which tokens[at] stands, or of the end of the item. Blocks in
// between are passed over, and so is the rest of the parentheses around `at` if they are closed within the block.
size_t statement_end(std::span<const Token> tokens, size_t at);

}  // namespace sonde::parse
