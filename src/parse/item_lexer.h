// Cuts a program into top-level items and reads each with the scanner mode it needs: raw attach points, whole C
// definitions, code. Every item is followed by ITEM_END, where the parser resumes after an error; the list ends in END.
#pragma once

#include <string_view>
#include <vector>

#include "diag/diagnostic.h"
#include "parse/scanner.h"
#include "source/location.h"

namespace sonde::parse {

class ItemLexer {
 public:
  // `text` is the text of `buffer`. Only malformed C definitions are reported here; all else is the parser's business.
  ItemLexer(std::string_view text, source::BufferId buffer, diag::Diagnostics& diagnostics);

  std::vector<Token> program();
  // One expression between EXPRESSION_START and END.
  std::vector<Token> expression();

 private:
  void attach_points();
  void code(bool in_predicate);
  void c_definition(Token keyword);
  bool c_attributes(uint32_t& end);
  // Consumes up to the bracket that matches the one just read. Returns false at the end of the text.
  bool skip_balanced(Token& last);
  void push(Token token) { tokens_.push_back(token); }
  void end_item();
  std::string_view text(Token token) const { return text_.substr(token.begin, token.end - token.begin); }
  source::Range range(Token token) const;

  std::string_view text_;
  source::BufferId buffer_;
  diag::Diagnostics& diagnostics_;
  Scanner scanner_;
  std::vector<Token> tokens_;
};

}  // namespace sonde::parse
