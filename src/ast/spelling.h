// How operators, jumps and types are written in source: for dumps, messages and the formatter.
#pragma once

#include <string>
#include <string_view>

#include "ast/ast.h"

namespace sonde::ast {

std::string_view spelling(BinaryOp op);
std::string_view spelling(UnaryOp op);
std::string_view spelling(JumpKind jump);
// "struct foo*[4]"; "typeof(...)" stands for any typeof.
std::string spelling(const Type& type);

}  // namespace sonde::ast
