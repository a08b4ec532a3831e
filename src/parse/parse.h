// From source text to syntax tree: scanner, item lexer, token filter and generated parser in one call.
#pragma once

#include "ast/ast.h"
#include "diag/diagnostic.h"
#include "source/source_buffer.h"

namespace sonde::parse {

// Parses the text of `buffer` as a program (language.md 2). After syntax errors, which are reported, the tree is
// partial: items with errors are missing. Never null. Linear in the length of the text; trees deeper than 1000 nodes
// are refused.
const ast::Program* parse(source::SourceSet& sources, source::BufferId buffer, ast::Arena& arena,
                          diag::Diagnostics& diagnostics);

// Parses the whole text of `buffer` as one expression, as for the value of a #define. Null after a reported error.
const ast::Expr* parse_expression(source::SourceSet& sources, source::BufferId buffer, ast::Arena& arena,
                                  diag::Diagnostics& diagnostics);

}  // namespace sonde::parse
