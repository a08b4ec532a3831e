// The formatter: a program in its canonical layout (cli.md 9).
#pragma once

#include <string>
#include <string_view>

#include "ast/ast.h"

namespace sonde::ast {

// `program` was parsed without errors from `text`, from which comments, blank lines and what is copied verbatim (C
// definitions, attach points, a `#!` line) come. Formatting the result again changes nothing.
std::string format(const Program& program, std::string_view text);

}  // namespace sonde::ast
