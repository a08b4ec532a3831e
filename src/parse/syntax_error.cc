// The wording of syntax errors: from the tokens that the parser could have gone on with, and the tokens before, to the
// one thing that is missing. The generated parser calls Parser::report_syntax_error.
#include <algorithm>
#include <array>
#include <bitset>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "diag/diagnostic.h"
#include "grammar/parser.h"
#include "parse/builder.h"
#include "parse/recovery.h"
#include "parse/syntax_hint.h"
#include "parse/token_cursor.h"

namespace sonde::parse {
namespace {

using diag::Id;
using enum grammar::Parser::token::token_kind_type;
using Symbol = grammar::Parser::symbol_kind;
using SymbolKind = grammar::Parser::symbol_kind_type;

// Which message fits is asked in the order header, statement, expression, single token: each answers false when the
// error is none of its own.
class SyntaxError {
 public:
  SyntaxError(const grammar::Parser::context& context, const TokenCursor& tokens, source::Range at, const Builder& make)
      : tokens_(tokens), make_(make), at_(at) {
    std::array<SymbolKind, Symbol::YYNTOKENS> symbols{};
    const int count = context.expected_tokens(symbols.data(), Symbol::YYNTOKENS);
    for (int i = 0; i < count; ++i) expected_.set(static_cast<size_t>(symbols[static_cast<size_t>(i)]));
  }

  // The index of the token with which parsing may go on.
  size_t report() {
    const bool lost = next_probe();
    if (!lost && !stray() && !in_header() && !in_statement() && !in_expression()) missing_token();
    add_opening();
    std::string hint = lost ? "" : syntax_hint(script(), tokens_.tokens(), tokens_.at(), said_->id, wanted_);
    if (!hint.empty()) said_->hints.push_back(std::move(hint));
    size_t end = statement_end(tokens_.tokens(), tokens_.at());
    while (lost && tokens_.tokens()[end].kind != ITEM_END && tokens_.tokens()[end].kind != END) ++end;
    return end;
  }

 private:
  template <Id id, typename... Arguments>
  bool say(const Arguments&... arguments) {
    said_ = &make_.diagnostics().emit<id>(at_, arguments...);
    return true;
  }
  bool say_missing(std::string_view token) {
    wanted_ = token;
    return say<Id::syntax_expected_token>(token);
  }
  std::string_view script() const { return make_.sources().buffer(at_.buffer).text(); }
  bool expects(SymbolKind symbol) const { return expected_.test(static_cast<size_t>(symbol)); }
  bool expects_operand() const { return expects(Symbol::S_POSITIONAL); }
  bool after(TokenKind kind, size_t back = 1) const { return tokens_.previous(back) == kind; }
  bool at_end() const { return at_.begin == at_.end; }

  // `}` and `;` between the items.
  bool stray() {
    const TokenKind kind = tokens_.current().kind;
    const bool outside = expects(Symbol::S_ATTACH) && (after(ITEM_END) || tokens_.at() == 0);
    return outside && (kind == RBRACE || kind == SEMICOLON) && say_missing("{");
  }

  // A line that begins like a probe where a statement should end: the block before it was not closed.
  bool next_probe() {
    if (!expects(Symbol::S_SEMICOLON) || !expects(Symbol::S_RBRACE) || !after(IDENT)) return false;
    if (!after(SEMICOLON, 2) && !after(RBRACE, 2) && !after(LBRACE, 2) && !after(STMT_LBRACE, 2)) return false;
    const Token& name = tokens_.tokens()[tokens_.at() - 1];
    std::string word(script().substr(name.begin, name.end - name.begin));
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const bool bare = tokens_.current().kind == LBRACE && (word == "begin" || word == "end");
    if (!bare && tokens_.current().kind != COLON) return false;
    const size_t line = script().find_last_not_of(" \t", name.begin == 0 ? 0 : name.begin - 1);
    if (line != std::string_view::npos && script()[line] != '\n') return false;
    at_ = {at_.buffer, name.begin, name.end};
    return say_missing("}");
  }

  // Shows what was left open.
  void add_opening() {
    const bool predicate = said_->id == Id::syntax_expected_predicate_end;
    const bool closing = wanted_ == "}" || wanted_ == ")" || wanted_ == "]";
    if (!predicate && !closing) return;
    const auto find = wanted_ == "}" ? open_brace : open_bracket;
    const std::optional<size_t> open = find(tokens_.tokens(), tokens_.at());
    if (!open) return;
    const uint32_t begin = tokens_.tokens()[*open].begin;
    const std::string bracket(script().substr(begin, 1));
    const std::string_view partner = predicate ? "/" : wanted_ == "}" ? "{" : wanted_ == ")" ? "(" : "[";
    if (bracket != partner) return;
    said_->labels.push_back(
        {{at_.buffer, begin, begin + 1}, diag::fill(diag::row(Id::label_opened_here).text, {bracket})});
  }

  bool in_header() {
    if (expects(Symbol::S_ATTACH)) return say<Id::syntax_expected_attach_point>();
    if (expects(Symbol::S_PRED_END)) return say<Id::syntax_expected_predicate_end>();
    if (after(ROOT_LET)) return say<Id::syntax_root_let>();
    if (after(ASSIGN) && after(MAP, 2) && after(ROOT_LET, 3)) return say<Id::syntax_expected_map_kind>();
    if (expects(Symbol::S_INT) && !expects(Symbol::S_STRING) && after(LPAREN))
      return say<Id::syntax_expected_map_entries>();
    if (after(MACRO)) return say<Id::syntax_expected_macro_name>();
    if (after(FN)) return say<Id::syntax_expected_function_name>();
    if (expects(Symbol::S_IDENT) && expects(Symbol::S_MAP) && !expects_operand())
      return say<Id::syntax_expected_macro_param>();
    if (after(ROOT_IMPORT) || after(IMPORT)) return say<Id::syntax_expected_import_path>();
    if (after(ROOT_IMPORT, 2) || after(IMPORT, 2)) return say<Id::syntax_expected_import_end>();
    return false;
  }

  bool in_statement() {
    if (after(LET)) return say<Id::syntax_expected_let_variable>();
    if (after(ELSE)) return say<Id::syntax_expected_else_branch>();
    if (expects(Symbol::S_VARIABLE) && !expects_operand()) {
      if (after(FOR) || after(FOR, 2)) return say<Id::syntax_expected_loop_variable>();
      return say<Id::syntax_expected_function_param>();
    }
    if (expects(Symbol::S_RANGE) && !expects(Symbol::S_RPAREN) && !expects(Symbol::S_LBRACE))
      return say<Id::syntax_expected_loop_source>();
    return false;
  }

  bool in_expression() {
    if (expects_operand()) {
      // At the end of the text the block that was left open matters more than the statement that could follow.
      if (at_end() && expects(Symbol::S_RBRACE)) return say_missing("}");
      return say<Id::syntax_expected_expression>();
    }
    if (after(DOT)) return say<Id::syntax_expected_field>(".");
    if (after(ARROW)) return say<Id::syntax_expected_field>("->");
    if (expects(Symbol::S_TYPE_NAME)) return say<Id::syntax_expected_type>();
    if (expects(Symbol::S_STRING)) return say<Id::syntax_expected_config_value>();
    if (expects(Symbol::S_IDENT)) {
      const bool config_key = expects(Symbol::S_RBRACE);
      if (config_key && !at_end()) return say<Id::syntax_expected_config_key>();
      if (!config_key) return say<Id::syntax_expected_identifier>();
    }
    return false;
  }

  // In this order: what ends the innermost construct comes before what could go on with it.
  void missing_token() {
    constexpr std::array<std::pair<SymbolKind, std::string_view>, 10> texts{{{Symbol::S_SEMICOLON, ";"},
                                                                             {Symbol::S_RBRACE, "}"},
                                                                             {Symbol::S_RPAREN, ")"},
                                                                             {Symbol::S_RBRACKET, "]"},
                                                                             {Symbol::S_LBRACE, "{"},
                                                                             {Symbol::S_ASSIGN, "="},
                                                                             {Symbol::S_LPAREN, "("},
                                                                             {Symbol::S_COLON, ":"},
                                                                             {Symbol::S_COMMA, ","},
                                                                             {Symbol::S_PRED_END, "/"}}};
    for (const auto& [symbol, text] : texts) {
      if (!expects(symbol)) continue;
      say_missing(text);
      return;
    }
    say<Id::syntax_unexpected_input>();
  }

  const TokenCursor& tokens_;
  const Builder& make_;
  source::Range at_;
  diag::Diagnostic* said_ = nullptr;
  std::string_view wanted_;  // the token that is said to be missing
  std::bitset<Symbol::YYNTOKENS> expected_;
};

// Words, numbers and `$`/`@` names are underlined whole, other tokens by their first byte.
source::Range offending(source::Range range, std::string_view text) {
  if (text.empty()) return range;
  const auto first = static_cast<unsigned char>(text[0]);
  const bool whole = std::isalnum(first) || first == '_' || first == '$' || first == '@';
  return {range.buffer, range.begin, whole ? range.end : range.begin + 1};
}

}  // namespace
}  // namespace sonde::parse

namespace sonde::grammar {

using diag::Id;

void Parser::report_syntax_error(const context& state) const {
  const source::Range range = state.location();
  const std::string text = make.text(range);
  const auto length = static_cast<uint32_t>(text.size());
  switch (tokens.current().kind) {
    case token::BAD_STRING: {
      const auto line = static_cast<uint32_t>(std::min<size_t>(text.find('\n'), length));
      make.diagnostics().emit<Id::syntax_unterminated_string>({range.buffer, range.begin, range.begin + line});
      return;
    }
    case token::BAD_DOLLAR: {  // the name is missing behind the `$`
      const bool at_end = range.end == make.sources().buffer(range.buffer).text().size();
      make.diagnostics().emit<Id::syntax_expected_name_after_dollar>({range.buffer, range.end, range.end + !at_end});
      return;
    }
    default: break;
  }
  tokens.resume(parse::SyntaxError(state, tokens, parse::offending(range, text), make).report());
}

// Only memory exhaustion comes here: syntax errors have their own report.
void Parser::error(const location_type& range, const std::string&) {
  make.diagnostics().emit<Id::syntax_too_deep>(range);
}

}  // namespace sonde::grammar
