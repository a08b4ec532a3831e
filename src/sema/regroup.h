// `(t) - x` inside a macro is an operation when the argument `t` is a value and a cast when it is a type; the parser, which
// cannot know, reads the operation.
#pragma once

#include <functional>

#include "ast/ast.h"

namespace sonde::sema {

// `chain` as it reads when the parameters that `is_type` accepts are types: the same tree if none of them stands alone in
// parentheses in front of a `-`, `*` or `&`, else a new one in the arena.
const ast::Expr* with_casts(const ast::Binary& chain, const std::function<bool(const ast::Identifier&)>& is_type,
                            ast::Arena& arena);

}  // namespace sonde::sema
