// Between scanner and parser: gives each token the kind that its context calls for, so that the grammar needs no
// context.
//  - keywords are words only where they mean something (`$if`, `.for` and a field called `let` stay names);
//  - `(` opens a cast, a record, or a group, tuple or call; `(a) - b` is no cast where `a` is a parameter of the macro;
//  - `{` and `if` at the start of a statement end it, elsewhere they are operands;
//  - a `/` before `{` ends a predicate;
//  - a bare name inside sizeof() and its kin is a type;
//  - a map that is followed by `[` is keyed.
// Linear in the number of tokens: each decision looks ahead over one type at most.
#pragma once

#include <string_view>
#include <vector>

#include "parse/scanner.h"

namespace sonde::parse {

// `text` is the text the tokens' offsets refer to.
void filter_tokens(std::string_view text, std::vector<Token>& tokens);

}  // namespace sonde::parse
