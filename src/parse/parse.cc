// Wires scanner, item lexer, token filter and generated parser together.
#include "parse/parse.h"

#include "grammar/parser.h"
#include "parse/builder.h"
#include "parse/item_lexer.h"
#include "parse/token_cursor.h"
#include "parse/token_filter.h"

namespace sonde::parse {
namespace {

// Offsets are 32 bits wide and flex counts in int.
constexpr size_t max_text = size_t{1} << 30;

void run(std::vector<Token> tokens, std::string_view text, source::BufferId buffer, Builder& builder) {
  filter_tokens(text, tokens);
  TokenCursor cursor(tokens, buffer);
  grammar::Parser(builder, cursor).parse();
}

// No NUL, which no script has and every other kind of file: flex reads a token anew for each that it holds.
bool is_readable(std::string_view text, source::BufferId buffer, diag::Diagnostics& diagnostics) {
  if (text.size() > max_text) {
    diagnostics.emit<diag::Id::syntax_too_long>({buffer, 0, 0});
    return false;
  }
  const size_t nul = text.find('\0');
  if (nul == std::string_view::npos) return true;
  const auto at = static_cast<uint32_t>(nul);
  diagnostics.emit<diag::Id::syntax_binary>({buffer, at, at + 1});
  return false;
}

}  // namespace

const ast::Program* parse(source::SourceSet& sources, source::BufferId buffer, ast::Arena& arena,
                          diag::Diagnostics& diagnostics) {
  auto* program = arena.make<ast::Program>();
  const std::string_view text = sources.buffer(buffer).text();
  if (!is_readable(text, buffer, diagnostics)) return program;
  Builder builder(sources, arena, *program, diagnostics);
  run(ItemLexer(text, buffer, diagnostics).program(), text, buffer, builder);
  return program;
}

const ast::Expr* parse_expression(source::SourceSet& sources, source::BufferId buffer, ast::Arena& arena,
                                  diag::Diagnostics& diagnostics) {
  const std::string_view text = sources.buffer(buffer).text();
  if (!is_readable(text, buffer, diagnostics)) return nullptr;
  ast::Program unused;
  Builder builder(sources, arena, unused, diagnostics);
  const size_t errors = diagnostics.errors();
  run(ItemLexer(text, buffer, diagnostics).expression(), text, buffer, builder);
  return diagnostics.errors() == errors ? builder.expression() : nullptr;
}

}  // namespace sonde::parse
