// Declarations: specifiers, declarators, attributes. Records and enumerations are in records.cc.
#include "cdef/parser.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sonde::cdef {

using diag::Id;

namespace {

// An expression in the type of an expression costs more of the stack than a declarator in another.
constexpr uint32_t kExpressionDepth = 8;
// Beyond this no map and no probe can hold a value, and sizes stay within 32 bits.
constexpr uint64_t kMaxSize = uint64_t{1} << 30;

constexpr std::array<std::string_view, 25> kIgnored = {
    "const",      "volatile",     "restrict", "__const",   "__const__",     "__volatile", "__volatile__",
    "__restrict", "__restrict__", "_Atomic",  "extern",    "static",        "inline",     "__inline",
    "__inline__", "register",     "auto",     "_Noreturn", "_Thread_local", "__thread",   "__extension__",
    "constexpr",  "__user",       "__kernel", "__percpu"};

bool is_one_of(const Token& token, auto& words) {
  return token.kind == TokenKind::identifier && std::ranges::find(words, token.text) != std::end(words);
}

bool is_attribute(const Token& token) { return token.is("__attribute__") || token.is("__attribute"); }

// "__packed__" and "packed" are one attribute.
std::string_view bare(std::string_view name) {
  if (name.size() > 4 && name.starts_with("__") && name.ends_with("__")) return name.substr(2, name.size() - 4);
  return name;
}

}  // namespace

struct Parser::Words {
  int chars = 0, shorts = 0, ints = 0, longs = 0, is_signed = 0, is_unsigned = 0;
  int voids = 0, bools = 0, floats = 0, doubles = 0, int128s = 0, complexes = 0, float128s = 0, float16s = 0;
  bool any() const {
    return chars || shorts || ints || longs || is_signed || is_unsigned || voids || bools || floats || doubles ||
           int128s || complexes || float128s || float16s;
  }
  int* counter(std::string_view word) {
    const std::pair<std::string_view, int*> table[] = {
        {"char", &chars},         {"short", &shorts},          {"int", &ints},
        {"long", &longs},         {"signed", &is_signed},      {"__signed__", &is_signed},
        {"__signed", &is_signed}, {"unsigned", &is_unsigned},  {"void", &voids},
        {"_Bool", &bools},        {"float", &floats},          {"double", &doubles},
        {"__int128", &int128s},   {"__int128_t", &int128s},    {"__uint128_t", &int128s},
        {"_Complex", &complexes}, {"__complex__", &complexes}, {"_Float128", &float128s},
        {"_Float16", &float16s},  {"__float128", &float128s},  {"_Float64x", &float128s},
        {"_Float64", &doubles},   {"_Float32", &floats},       {"_Float32x", &doubles}};
    for (const auto& [name, counter] : table)
      if (name == word) return counter;
    return nullptr;
  }
};

const Token& Parser::peek(size_t distance) const {
  static constexpr Token kEnd;
  return at_ + distance < tokens_->size() ? (*tokens_)[at_ + distance] : kEnd;
}

bool Parser::accept(std::string_view text) {
  if (!peek().is(text)) return false;
  ++at_;
  return true;
}

bool Parser::expect(std::string_view text) {
  if (accept(text)) return true;
  const source::Range last = tokens_->empty() ? source::Range{} : tokens_->back().range;
  const source::Range range = at_end() ? source::Range{last.buffer, last.end, last.end} : peek().range;
  error<Id::c_expected>(range, "'" + std::string(text) + "'");
  return false;
}

void Parser::skip_balanced() {
  int depth = 0;
  do {
    const Token& token = peek();
    if (token.is("(") || token.is("[") || token.is("{")) ++depth;
    if (token.is(")") || token.is("]") || token.is("}")) --depth;
    ++at_;
  } while (depth > 0 && !at_end());
}

// To the `;` that ends the declaration at `first`, or the `}` of a function.
void Parser::recover(size_t first) {
  int depth = 0;
  for (at_ = first; !at_end(); ++at_) {
    const Token& token = peek();
    if (token.is("(") || token.is("[") || token.is("{")) ++depth;
    if (token.is(")") || token.is("]") || token.is("}")) --depth;
    if (depth > 0) continue;
    if (token.is(";") || depth < 0) {
      ++at_;
      return;
    }
  }
}

void Parser::run(const std::vector<Token>& tokens, diag::Diagnostics& diagnostics) {
  tokens_ = &tokens;
  diagnostics_ = &diagnostics;
  at_ = 0;
  packs_ = {0};
  while (!at_end()) external();
}

void Parser::external() {
  const size_t first = at_;
  depth_ = 0;
  if (peek().kind == TokenKind::pack) return set_pack((*tokens_)[at_++].text);
  if (accept(";")) return;
  if (peek().is("_Static_assert") || peek().is("static_assert")) return static_assertion();
  if (peek().is("__asm__") || peek().is("asm") || peek().is("__asm")) return recover(first);
  Specifiers specifiers;
  if (this->specifiers(specifiers) && declaration_tail(specifiers)) return;
  recover(first);
}

bool Parser::declaration_tail(const Specifiers& specifiers) {
  while (!peek().is(";")) {
    Declarator declared;
    declared.attributes.tag = specifiers.attributes.tag;
    if (!declarator(specifiers.type, declared)) return false;
    if (specifiers.is_typedef && !declared.name.empty()) {
      const CType* type = attributed(attributed(declared.type, specifiers.attributes), declared.attributes);
      const uint32_t aligned = std::max(declared.attributes.aligned, specifiers.attributes.aligned);
      if (aligned) {
        CType copy = *type;
        copy.align = aligned;
        type = types_.add(std::move(copy));
      }
      types_.add_typedef(declared.name, type);
    }
    if (!specifiers.is_typedef && !declared.name.empty()) variables_[declared.name] = declared.type;
    if (declared.type->kind == CType::Kind::function && peek().is("{")) {
      skip_balanced();
      return true;
    }
    if (accept("=")) {
      while (!at_end() && !peek().is(",") && !peek().is(";")) {
        if (peek().is("{") || peek().is("(") || peek().is("["))
          skip_balanced();
        else
          ++at_;
      }
    }
    if (!accept(",")) break;
  }
  return expect(";");
}

void Parser::static_assertion() {
  const size_t first = at_++;
  if (!peek().is("(")) return recover(first);
  ++at_;
  const source::Range begin = peek().range;
  // What cannot be computed here (sizeof of an expression) is not judged.
  diag::Diagnostics unused;
  diag::Diagnostics* const reported = std::exchange(diagnostics_, &unused);
  const auto value = constant();
  diagnostics_ = reported;
  if (value && !value->truth()) {
    const bool text = peek().is(",") && peek(1).kind == TokenKind::string;
    error<Id::c_static_assert>(begin, text ? ": " + std::string(peek(1).text) : std::string());
  }
  recover(first);
}

uint32_t Parser::alignment_argument() {
  if (!peek().is("(")) return 16;  // what `aligned` alone means on both machines
  ++at_;
  const source::Range range = peek().range;
  const auto value = constant();
  if (!value || !expect(")")) return UINT32_MAX;
  const uint64_t bytes = value->bits;
  if (bytes == 0 || (bytes & (bytes - 1)) != 0 || bytes > (1u << 20)) {
    error<Id::c_alignment>(range);
    return UINT32_MAX;
  }
  return static_cast<uint32_t>(bytes);
}

// One attribute of a list; the cursor stands at its name.
bool Parser::attribute(Attributes& attributes) {
  if (peek().kind != TokenKind::identifier) return true;
  const std::string_view name = bare(peek().text);
  ++at_;
  if (name == "packed") attributes.packed = true;
  if (name == "mode" && peek().is("(")) attributes.mode = bare(peek(1).text);
  if (name == "vector_size") {
    attributes.vector = alignment_argument();
    return attributes.vector != UINT32_MAX;
  }
  if (name == "aligned") {
    const uint32_t bytes = alignment_argument();
    if (bytes == UINT32_MAX) return false;
    attributes.aligned = std::max(attributes.aligned, bytes);
    return true;
  }
  if (name == "btf_type_tag" && peek().is("(") && peek(1).kind == TokenKind::string)
    attributes.tag = peek(1).text.substr(1, peek(1).text.size() - 2);
  if (peek().is("(")) skip_balanced();
  return true;
}

// `[[maybe_unused]]`: none of them changes a layout.
bool Parser::is_standard_attribute() const { return peek().is("[") && peek(1).is("["); }

// The type that the attributes `mode` and `vector_size` make of `type`.
const CType* Parser::attributed(const CType* type, const Attributes& attributes) {
  static constexpr std::pair<std::string_view, uint32_t> kModes[] = {
      {"QI", 1}, {"byte", 1}, {"HI", 2}, {"SI", 4}, {"DI", 8}, {"word", 8}, {"pointer", 8}, {"unwind_word", 8}};
  if (attributes.vector) return types_.opaque(attributes.vector, attributes.vector);
  if (attributes.mode == "TI") return types_.opaque(16, 16);
  if (type->kind == CType::Kind::integer)
    for (const auto& [mode, size] : kModes)
      if (mode == attributes.mode) return types_.integer(size, type->is_signed);
  return type;
}

bool Parser::attributes(Attributes& attributes) {
  for (;;) {
    if (peek().is("__asm__") || peek().is("asm") || peek().is("__asm")) {
      ++at_;
      if (peek().is("(")) skip_balanced();
    } else if (peek().is("_Alignas")) {
      ++at_;
      if (!peek().is("(")) return expect("(");
      const size_t open = at_++;
      uint32_t size = 0, align = 0;
      if (begins_type(peek())) {
        const CType* type = type_name();
        if (!type || !expect(")")) return false;
        types_.measure(type, size, align);
      } else {
        at_ = open;
        align = alignment_argument();
        if (align == UINT32_MAX) return false;
      }
      attributes.aligned = std::max(attributes.aligned, align);
    } else if (is_standard_attribute()) {
      skip_balanced();
    } else if (is_attribute(peek())) {
      ++at_;
      if (!expect("(") || !expect("(")) return false;
      while (!at_end() && !peek().is(")")) {
        if (!attribute(attributes)) return false;
        if (!accept(",") && !peek().is(")")) return expect(")");
      }
      if (!expect(")") || !expect(")")) return false;
    } else {
      return true;
    }
  }
}

bool Parser::begins_type(const Token& token) {
  Words words;
  if (token.kind != TokenKind::identifier) return false;
  if (is_one_of(token, kIgnored) || is_attribute(token) || words.counter(token.text)) return true;
  constexpr std::array<std::string_view, 6> kWords = {"struct", "union", "enum", "typeof", "__typeof__", "__typeof"};
  return is_one_of(token, kWords) || types_.find_typedef(token.text);
}

const CType* Parser::word_type(const Words& words) const {
  const bool is_unsigned = words.is_unsigned != 0;
  if (words.voids) return types_.void_type();
  if (words.bools) return types_.boolean();
  if (words.chars) {
    if (words.is_signed || words.is_unsigned) return types_.integer(1, !is_unsigned);
    return types_.character();
  }
  const uint32_t times = words.complexes ? 2 : 1;
  if (words.float128s || (words.doubles && words.longs)) return types_.opaque(16 * times, 16);
  if (words.float16s) return types_.opaque(2 * times, 2);
  if (words.floats) return types_.opaque(4 * times, 4);
  if (words.doubles || words.complexes) return types_.opaque(8 * times, 8);
  if (words.int128s) return types_.opaque(16, 16);
  if (words.shorts) return types_.integer(2, !is_unsigned);
  return types_.integer(words.longs ? 8 : 4, !is_unsigned);
}

bool Parser::skip_qualifier(Specifiers& out) {
  if (is_attribute(peek()) || peek().is("_Alignas")) return attributes(out.attributes);
  ++at_;
  return true;
}

// Reads the word at the cursor into `out` or `words`; false after an error, or when it is no specifier: then nothing moved.
bool Parser::specifier_word(Specifiers& out, Words& words) {
  const Token& token = peek();
  if (token.is("struct") || token.is("union")) {
    out.type = record_specifier();
  } else if (token.is("enum")) {
    out.type = enum_specifier();
  } else if (token.is("typeof") || token.is("__typeof__") || token.is("__typeof")) {
    out.type = type_query();
  } else {
    out.type = types_.find_typedef(token.text);
    if (!out.type) {
      error<Id::c_type_unknown>(token.range, token.text);
      return false;
    }
    ++at_;
  }
  return out.type != nullptr && !words.any();
}

bool Parser::specifiers(Specifiers& out) {
  Words words;
  const source::Range first = peek().range;
  while (!at_end()) {
    const Token& token = peek();
    if (is_standard_attribute()) {
      skip_balanced();
      continue;
    }
    if (token.kind != TokenKind::identifier) break;
    if (is_one_of(token, kIgnored) || is_attribute(token) || token.is("_Alignas")) {
      if (!skip_qualifier(out)) return false;
    } else if (token.is("typedef")) {
      out.is_typedef = true;
      ++at_;
    } else if (int* counter = words.counter(token.text)) {
      if (out.type) break;
      ++*counter;
      words.is_unsigned += token.is("__uint128_t");
      ++at_;
    } else if (out.type || words.any()) {
      break;  // the declared name
    } else if (!specifier_word(out, words)) {
      return false;
    }
  }
  if (!out.type && words.any()) out.type = word_type(words);
  if (out.type) return true;
  if (at_end()) return false;
  error<Id::c_expected>(peek().range.valid() ? peek().range : first, "a type");
  return false;
}

bool Parser::declarator(const CType* base, Declarator& out) {
  if (++depth_ > kMaxDepth) {
    error<Id::c_unsupported>(peek().range, "a declaration nested this deeply");
    return false;
  }
  std::string tag;
  if (!attributes(out.attributes)) return false;
  std::swap(tag, out.attributes.tag);
  while (peek().is("*") || peek().is("^") || is_one_of(peek(), kIgnored)) {
    if (accept("*"))
      base = types_.pointer(base, std::exchange(tag, {}));
    else
      ++at_;
    if (!attributes(out.attributes)) return false;
  }
  const bool good = direct_declarator(base, out) && attributes(out.attributes);
  --depth_;
  // Everything that walks a type goes as deep as it is.
  if (good && out.type->depth > kMaxDepth) {
    error<Id::c_unsupported>(out.range.valid() ? out.range : peek().range, "a type nested this deeply");
    return false;
  }
  return good;
}

bool Parser::direct_declarator(const CType* base, Declarator& out) {
  const Token& next = peek(1);
  const bool nested = peek().is("(") && (next.is("*") || next.is("^") || next.is("(") || is_attribute(next) ||
                                         (next.kind == TokenKind::identifier && !begins_type(next)));
  if (nested) {
    // What stands behind the parentheses belongs to the type that the inner declarator starts from.
    const size_t inner = at_ + 1;
    skip_balanced();
    const CType* type = suffixes(base);
    if (!type) return false;
    const size_t behind = std::exchange(at_, inner);
    if (!declarator(type, out) || !expect(")")) return false;
    at_ = behind;
    return true;
  }
  if (peek().kind == TokenKind::identifier && !is_attribute(peek())) {
    out.name = peek().text;
    out.range = peek().range;
    ++at_;
  }
  out.type = suffixes(base);
  return out.type != nullptr;
}

const CType* Parser::suffixes(const CType* base) {
  if (peek().is("(")) {
    skip_balanced();
    return types_.function();
  }
  return peek().is("[") && !is_standard_attribute() ? array_suffix(base) : base;
}

const CType* Parser::array_suffix(const CType* base) {
  if (++depth_ > kMaxDepth) return error<Id::c_unsupported>(peek().range, "an array of this many dimensions");
  const source::Range open = peek().range;
  ++at_;
  std::optional<uint32_t> count;
  if (!peek().is("]")) {
    const source::Range range = peek().range;
    const auto value = constant();
    if (!value) return nullptr;
    if (value->negative() || value->bits > kMaxSize) return error<Id::c_array_size>(range);
    count = static_cast<uint32_t>(value->bits);
  }
  if (!expect("]")) return nullptr;
  const CType* element = suffixes(base);
  --depth_;
  if (!element) return nullptr;
  uint32_t size = 0, align = 1;
  if (!types_.measure(element, size, align)) return error<Id::c_array_element>(open, UnitTypes::spelled(element));
  if (uint64_t{size} * count.value_or(0) > kMaxSize) return error<Id::c_array_size>(open);
  return types_.array(element, count);
}

const CType* Parser::type_name() {
  Specifiers specifiers;
  Declarator declared;
  if (!this->specifiers(specifiers) || !declarator(specifiers.type, declared)) return nullptr;
  return declared.type;
}

bool Parser::needs_c(const std::vector<Token>& tokens) {
  constexpr std::array<std::string_view, 7> kOperators = {"sizeof",   "_Alignof", "__alignof__",       "alignof",
                                                          "offsetof", "typeof",   "__builtin_offsetof"};
  return std::ranges::any_of(tokens, [&](const Token& token) {
    Words words;
    return token.kind == TokenKind::identifier && (words.counter(token.text) || is_one_of(token, kOperators));
  });
}

bool Parser::is_keyword(const Token& token) {
  constexpr std::array<std::string_view, 24> kWords = {
      "struct", "union",  "enum", "typedef", "typeof", "__typeof__", "__typeof", "sizeof",
      "if",     "else",   "for",  "while",   "do",     "switch",     "case",     "default",
      "break",  "return", "goto", "asm",     "__asm",  "__asm__",    "bool",     "__builtin_va_list"};
  Words words;
  return is_one_of(token, kWords) || is_one_of(token, kIgnored) || is_attribute(token) || words.counter(token.text);
}

std::optional<Constant> Parser::constant() {
  ConstantHooks hooks;
  hooks.name = [this](const Token& name) { return name_value(name); };
  hooks.with_type = [this](size_t&, bool& handled) { return with_type(at_, handled); };
  hooks.cast = [this](size_t&, uint32_t& size, bool& is_unsigned) { return cast(at_, size, is_unsigned); };
  ConstantParser parser(*tokens_, at_, hooks);
  if (depth_ > kMaxDepth) {
    error<Id::c_unsupported>(peek().range, "an expression nested this deeply");
    return {};
  }
  depth_ += kExpressionDepth;
  reported_ = false;
  const auto value = parser.parse();
  depth_ -= kExpressionDepth;
  // What is wrong with a type in the expression has been told already.
  if (!value && !reported_) error<Id::c_syntax>(parser.error().range, parser.error().what);
  return value;
}

std::optional<Constant> Parser::value(const std::vector<Token>& tokens) {
  diag::Diagnostics unused;
  diagnostics_ = &unused;
  tokens_ = &tokens;
  at_ = 0;
  depth_ = 0;
  const auto result = constant();
  if (result && at_ == tokens.size()) return result;
  return {};
}

bool Parser::cast(size_t&, uint32_t& size, bool& is_unsigned) {
  if (!begins_type(peek(1))) return false;
  const size_t first = at_++;
  const CType* type = type_name();
  const bool good = type && peek().is(")") &&
                    (type->kind == CType::Kind::integer || type->kind == CType::Kind::boolean ||
                     type->kind == CType::Kind::enumeration || type->kind == CType::Kind::pointer);
  if (!good) {
    at_ = first;
    return false;
  }
  ++at_;
  uint32_t align = 1;
  types_.measure(type, size, align);
  is_unsigned = type->kind != CType::Kind::integer || !type->is_signed;
  return true;
}

}  // namespace sonde::cdef
