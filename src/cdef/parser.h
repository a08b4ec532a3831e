// Parser of C declarations: what a header or the C section of a script declares at file level. Function bodies and
// initializers are skipped, expressions are evaluated where a declaration needs their value.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cdef/constant.h"
#include "cdef/token.h"
#include "cdef/types.h"
#include "diag/diagnostic.h"

namespace sonde::cdef {

class Parser {
 public:
  // Of declarators in parentheses, records in records and pointers to pointers.
  static constexpr uint32_t kMaxDepth = 64;

  // `tolerant`: buffers whose declarations are skipped in silence when they cannot be read (headers of the system).
  Parser(UnitTypes& types, bool arm, std::function<bool(source::BufferId)> tolerant)
      : types_(types), arm_(arm), tolerant_(std::move(tolerant)) {}

  // Reads all declarations in `tokens`. Errors are reported, and reading goes on behind the declaration.
  void run(const std::vector<Token>& tokens, diag::Diagnostics& diagnostics);
  // Value of a constant expression that is all of `tokens`; empty: it is none.
  std::optional<Constant> value(const std::vector<Token>& tokens);
  // Does an expression mention what only C knows: words of its types, `sizeof` and the like?
  static bool needs_c(const std::vector<Token>& tokens);
  // Is it a word of C that no declaration can make a name?
  static bool is_keyword(const Token& token);

 private:
  struct Attributes {
    uint32_t aligned = 0;
    bool packed = false;
    uint32_t vector = 0;    // bytes of a vector; 0: none
    std::string_view mode;  // "QI"; empty: none
    std::string tag;
  };
  struct Specifiers {
    const CType* type = nullptr;
    bool is_typedef = false;
    Attributes attributes;
  };
  struct Declarator {
    std::string name;
    source::Range range;
    const CType* type = nullptr;
    Attributes attributes;
  };
  // Words of a type like `unsigned long int`, counted.
  struct Words;

  const Token& peek(size_t distance = 0) const;
  bool at_end() const { return at_ >= tokens_->size(); }
  bool accept(std::string_view text);
  bool expect(std::string_view text);
  // Skips `( ... )` and its kin; the cursor stands at the opening one.
  void skip_balanced();
  void recover(size_t first);
  template <diag::Id id, typename... Arguments>
  std::nullptr_t error(source::Range range, const Arguments&... arguments);

  void external();
  bool declaration_tail(const Specifiers& specifiers);
  void static_assertion();
  bool attributes(Attributes& attributes);
  bool attribute(Attributes& attributes);
  bool is_standard_attribute() const;
  const CType* attributed(const CType* type, const Attributes& attributes);
  uint32_t alignment_argument();
  bool specifiers(Specifiers& out);
  bool specifier_word(Specifiers& out, Words& words);
  bool skip_qualifier(Specifiers& out);
  const CType* word_type(const Words& words) const;
  bool begins_type(const Token& token);
  bool declarator(const CType* base, Declarator& out);
  bool direct_declarator(const CType* base, Declarator& out);
  const CType* suffixes(const CType* base);
  const CType* array_suffix(const CType* base);
  const CType* type_name();

  // records.cc
  const CType* record_specifier();
  bool members(Record& record, RecordLayout& layout);
  bool member(Record& record, const Specifiers& specifiers, RecordLayout& layout);
  bool add_member(Record& record, FieldRequest request, const Declarator& from, RecordLayout& layout);
  bool bit_width(FieldRequest& request);
  bool has_member(const Record& record, std::string_view name) const;
  const CType* enum_specifier();
  bool enumerators(Enumeration& enumeration, const CType* fixed);
  void finish_enumeration(Enumeration& enumeration, const CType* fixed, bool packed) const;
  void set_pack(std::string_view text);

  std::optional<Constant> constant();
  bool cast(size_t& at, uint32_t& size, bool& is_unsigned);

  // operands.cc
  std::optional<Constant> name_value(const Token& name);
  std::optional<Constant> with_type(size_t& at, bool& handled);
  std::optional<Constant> offset_of();
  const CType* type_query();
  const CType* expression_type();
  const CType* operand_of_size();
  const CType* operand_type();
  const CType* postfix_type(const CType* type);
  const CType* member_of(const CType* type, std::string_view name);
  const CType* element_of(const CType* type);

  UnitTypes& types_;
  bool arm_;
  std::function<bool(source::BufferId)> tolerant_;
  const std::vector<Token>* tokens_ = nullptr;
  std::map<std::string, const CType*, std::less<>> variables_;  // and functions
  diag::Diagnostics* diagnostics_ = nullptr;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  bool reported_ = false;              // an error since the innermost expression began
  std::vector<uint32_t> packs_ = {0};  // of #pragma pack, innermost last
};

template <diag::Id id, typename... Arguments>
std::nullptr_t Parser::error(source::Range range, const Arguments&... arguments) {
  reported_ = true;
  if (!tolerant_(range.buffer)) diagnostics_->emit<id>(range, arguments...);
  return nullptr;
}

}  // namespace sonde::cdef
