// Parts, letters and numbers of strings that are in the program's memory. The library's macros (stdlib/strings.bt) read
// strings behind pointers first.
#include <algorithm>
#include <cstring>

#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"

namespace sonde::builtins {
namespace {

bool stored_text(CallView& call, size_t index) {
  const Argument& argument = call.arguments[index];
  if (unresolved(argument)) return true;
  const TypeRef type = argument.type;
  if (type && type->kind == Kind::string) return true;
  const bool bytes =
      type && type->kind == Kind::array && type->element->kind == Kind::integer && type->element->size == 1;
  if (bytes) return true;
  call.env.diagnostics().emit<diag::Id::text_like>(call.range);
  return false;
}

TypeRef same_string(CallView& call) {
  if (!stored_text(call, 0)) return nullptr;
  return call.env.types().string(std::max(1u, call.arguments[0].type->size));
}

Reg byte_at(Codegen& cg, Mem text, Reg index, uint32_t size) {
  return cg.load(cg.offset(text, cg.bound(index, size)), 0, 1, false);
}

Reg within(Codegen& cg, Reg byte, uint64_t low, uint64_t high) {
  return cg.binary(Op::bit_and, cg.compare(Cmp::uge, byte, cg.constant(low)),
                   cg.compare(Cmp::ule, byte, cg.constant(high)));
}

// --- tables ---------------------------------------------------------------------------------------------------------------

// What a byte is mapped to is looked up, not decided: one load in place of branches.
template <typename Entry>
std::string byte_table(Entry entry) {
  std::string bytes(256 * sizeof(uint64_t), '\0');
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const uint64_t value = entry(static_cast<unsigned char>(byte));
    std::memcpy(bytes.data() + byte * sizeof(value), &value, sizeof(value));
  }
  return bytes;
}

// The entry of a byte, which is below 256 by its load.
Reg look_up(Codegen& cg, Mem table, Reg byte) {
  return cg.load(cg.offset(table, cg.binary(Op::mul, byte, cg.constant(8))), 0, 8, false);
}

// A copy with zeros behind its end, however full the original is; its length.
Reg terminated(Codegen& cg, Mem copy, uint32_t size) {
  cg.zero(copy, 0, size + 8);
  return copy_text(cg, copy, cg.argument_memory(0), size);
}

Reg is_end(Codegen& cg, Reg byte) { return cg.compare(Cmp::eq, byte, cg.constant(0)); }

// --- toupper, tolower -----------------------------------------------------------------------------------------------------

void map_letters(Codegen& cg, char first, int distance) {
  const Mem to = cg.result();
  cg.zero(to, 0, cg.result_type()->size);
  const uint32_t size = std::min(cg.result_type()->size, cg.argument_type(0)->size);
  if (size == 0) return;
  const Mem table = cg.string_constant(byte_table([&](unsigned char byte) {
    return static_cast<uint64_t>(byte >= first && byte < first + 26 ? byte + distance : byte);
  }));
  cg.walk(size, {cg.argument_memory(0), to}, [&](Reg index, Codegen::Given given) {
    const Reg at = cg.bound(index, size);
    const Reg byte = cg.load(cg.offset(std::get<Mem>(given[0]), at), 0, 1, false);
    cg.store(cg.offset(std::get<Mem>(given[1]), at), 0, 1, look_up(cg, table, byte));
    return is_end(cg, byte);
  });
}

Reg lower_toupper(Codegen& cg) {
  map_letters(cg, 'a', 'A' - 'a');
  return {};
}
Reg lower_tolower(Codegen& cg) {
  map_letters(cg, 'A', 'a' - 'A');
  return {};
}

// --- substr, basename -----------------------------------------------------------------------------------------------------

TypeRef check_substr(CallView& call) {
  if (!stored_text(call, 0)) return nullptr;
  const uint32_t whole = std::max(1u, call.arguments[0].type->size);
  if (call.arguments.size() < 3) return call.env.types().string(whole);
  const Argument& length = call.arguments[2];
  if (!length.integer) return call.env.types().string(whole);
  if (length.negative) {
    call.env.diagnostics().emit<diag::Id::substr_literal>(call.range);
    return nullptr;
  }
  return call.env.types().string(static_cast<uint32_t>(std::min<uint64_t>(whole, *length.integer + 1)));
}

// A string of no bytes has no parts: clears the result and tells so.
bool nothing_to_part(Codegen& cg) {
  if (cg.argument_type(0)->size != 0) return false;
  cg.zero(cg.result(), 0, cg.result_type()->size);
  return true;
}

// Reads from `start` on, at most `most` bytes with the NUL, if `start` lies within the text, whose length is known.
void copy_part(Codegen& cg, Mem text, uint32_t text_size, Reg length, Reg start, Reg most) {
  const uint32_t size = cg.result_type()->size;
  cg.zero(cg.result(), 0, size);
  cg.if_then(cg.compare(Cmp::ult, start, length), [&] {
    const Mem from = cg.offset(text, cg.bound(start, text_size));
    cg.probe_read_string(cg.result(), cg.bound(most, size + 1), cg.address(from), types::Space::kernel);
  });
}

Reg lower_substr(Codegen& cg) {
  if (nothing_to_part(cg)) return {};
  const uint32_t size = cg.argument_type(0)->size;
  const Mem copy = cg.temporary(size + 8);
  const Reg length = terminated(cg, copy, size);
  const Reg most = cg.argument_count() < 3 ? cg.constant(cg.result_type()->size)
                                           : cg.binary(Op::add, cg.argument(2), cg.constant(1));
  copy_part(cg, copy, size, length, cg.argument(1), most);
  return {};
}

// Behind the last slash.
Reg lower_basename(Codegen& cg) {
  if (nothing_to_part(cg)) return {};
  const uint32_t size = cg.argument_type(0)->size;
  const Mem copy = cg.temporary(size + 8);
  const Reg length = terminated(cg, copy, size);
  const Mem start = cg.untracked(8);
  cg.store(start, 0, 8, cg.constant(0));
  cg.walk(size, {copy, start}, [&](Reg index, Codegen::Given given) {
    const Reg at = cg.bound(index, size);
    const Reg byte = cg.load(cg.offset(std::get<Mem>(given[0]), at), 0, 1, false);
    cg.if_then(cg.compare(Cmp::eq, byte, cg.constant('/')),
               [&] { cg.store(std::get<Mem>(given[1]), 0, 8, cg.binary(Op::add, at, cg.constant(1))); });
    return is_end(cg, byte);
  });
  copy_part(cg, copy, size, length, cg.load(start, 0, 8, false), cg.constant(cg.result_type()->size));
  return {};
}

// --- strchr ---------------------------------------------------------------------------------------------------------------

TypeRef check_strchr(CallView& call) { return stored_text(call, 0) ? call.env.types().integer(4, true) : nullptr; }

// A one-letter string, or the number of a byte.
Reg lower_strchr(Codegen& cg) {
  const uint32_t size = cg.argument_type(0)->size;
  const TypeRef wanted_type = cg.argument_type(1);
  const Reg wanted = wanted_type->is_scalar() ? cg.binary(Op::bit_and, cg.argument(1), cg.constant(0xff))
                                              : cg.load(cg.argument_memory(1), 0, 1, false);
  if (size == 0) return cg.constant(static_cast<uint64_t>(-1));
  const Mem found = cg.untracked(8);
  cg.store(found, 0, 8, cg.constant(~uint64_t{0}));
  cg.walk(size, {cg.argument_memory(0), wanted, found}, [&](Reg index, Codegen::Given given) {
    const Reg at = cg.bound(index, size);
    const Reg byte = cg.load(cg.offset(std::get<Mem>(given[0]), at), 0, 1, false);
    const Reg end = is_end(cg, byte);
    const Reg hit = cg.compare(Cmp::eq, byte, std::get<Reg>(given[1]));
    cg.if_then(cg.compare(Cmp::ugt, hit, end), [&] { cg.store(std::get<Mem>(given[2]), 0, 8, at); });
    return cg.binary(Op::bit_or, hit, end);
  });
  return cg.load(found, 0, 8, true);
}

// --- strtoint -------------------------------------------------------------------------------------------------------------

TypeRef check_strtoint(CallView& call) {
  if (!stored_text(call, 0)) return nullptr;
  if (call.arguments.size() == 2) {
    const Argument& base = call.arguments[1];
    if (!base.integer || base.negative || *base.integer < 2 || *base.integer > 36) {
      call.env.diagnostics().emit<diag::Id::strtoint_base>(call.range);
      return nullptr;
    }
  }
  return call.env.types().integer(8, true);
}

// Blanks, a sign, digits; what follows is left alone. More than 24 characters are no number that fits, unless binary.
Reg lower_strtoint(Codegen& cg) {
  const uint64_t base = cg.argument_count() == 2 ? *cg.described(1).integer : 10;
  const uint32_t size = std::min(cg.argument_type(0)->size, base == 2 ? 72u : 32u);
  if (size == 0) return cg.constant(0);
  const Mem state = cg.untracked(24);
  constexpr uint32_t kValue = 0, kNegative = 8, kInDigits = 16;
  cg.zero(state, 0, 24);
  cg.walk(size, {cg.argument_memory(0), state}, [&](Reg index, Codegen::Given given) {
    const Mem so_far = std::get<Mem>(given[1]);
    const Reg byte = byte_at(cg, std::get<Mem>(given[0]), index, size);
    const Reg lower = cg.binary(Op::bit_or, byte, cg.constant(0x20));
    Reg digit = cg.select(within(cg, byte, '0', '9'), cg.binary(Op::sub, byte, cg.constant('0')), cg.constant(99));
    digit = cg.select(within(cg, lower, 'a', 'z'), cg.binary(Op::sub, lower, cg.constant('a' - 10)), digit);
    const Reg good = cg.compare(Cmp::ult, digit, cg.constant(base));
    const Reg old = cg.load(so_far, kValue, 8, false);
    const Reg next = cg.binary(Op::add, cg.binary(Op::mul, old, cg.constant(base)), digit);
    const Reg before = cg.compare(Cmp::eq, cg.load(so_far, kInDigits, 8, false), cg.constant(0));
    const Reg blank = cg.binary(Op::bit_or, cg.compare(Cmp::eq, byte, cg.constant(' ')), within(cg, byte, '\t', '\r'));
    const Reg minus = cg.compare(Cmp::eq, byte, cg.constant('-'));
    const Reg sign = cg.binary(Op::bit_or, minus, cg.compare(Cmp::eq, byte, cg.constant('+')));
    // A sign must be followed by a digit: it opens the digits.
    const Reg skipped = cg.binary(Op::bit_and, before, cg.binary(Op::bit_or, blank, sign));
    cg.store(so_far, kValue, 8, cg.select(good, next, old));
    cg.store(so_far, kNegative, 8,
             cg.binary(Op::bit_or, cg.load(so_far, kNegative, 8, false), cg.binary(Op::bit_and, before, minus)));
    cg.store(so_far, kInDigits, 8, cg.binary(Op::bit_or, good, sign));
    return cg.compare(Cmp::eq, cg.binary(Op::bit_or, good, skipped), cg.constant(0));
  });
  const Reg value = cg.load(state, kValue, 8, false);
  const Reg negative = cg.load(state, kNegative, 8, false);
  return cg.select(negative, cg.binary(Op::sub, cg.constant(0), value), value);
}

// --- strmatch -------------------------------------------------------------------------------------------------------------

constexpr size_t kMostTokens = 63;  // bits of the state, one to spare for the end

// The pattern as an automaton: state i has matched i tokens; a star in front of token i lets state i stay.
struct Pattern {
  std::string tokens;  // letters and `?`
  uint64_t stays = 0;  // bit i: a star in front of token i, or at the end
};

Pattern parse_pattern(const std::string& text) {
  Pattern pattern;
  for (const char c : text) {
    if (c != '*')
      pattern.tokens += c;
    else if (pattern.tokens.size() <= kMostTokens)
      pattern.stays |= uint64_t{1} << pattern.tokens.size();
  }
  return pattern;
}

TypeRef check_strmatch(CallView& call) {
  if (!stored_text(call, 0)) return nullptr;
  const size_t tokens = parse_pattern(*call.arguments[1].text).tokens.size();
  if (tokens > kMostTokens) {
    call.env.diagnostics().emit<diag::Id::strmatch_pattern>(call.range, tokens);
    return nullptr;
  }
  return bool_result(call);
}

// All places the pattern can have reached, as one bit each, so that no star needs a second look at a character.
Reg lower_strmatch(Codegen& cg) {
  const Pattern pattern = parse_pattern(*cg.described(1).text);
  const uint32_t size = cg.argument_type(0)->size;
  const uint64_t accept = uint64_t{1} << pattern.tokens.size();
  const Mem state = cg.untracked(8);  // the places reached
  cg.store(state, 0, 8, cg.constant(1));
  if (size > 0) {
    const Mem moves = cg.string_constant(byte_table([&](unsigned char byte) {
      uint64_t places = 0;
      for (size_t i = 0; i < pattern.tokens.size(); ++i)
        if (pattern.tokens[i] == '?' || static_cast<unsigned char>(pattern.tokens[i]) == byte)
          places |= uint64_t{1} << i;
      return places;
    }));
    cg.walk(size, {cg.argument_memory(0), state}, [&](Reg index, Codegen::Given given) {
      const Mem so_far = std::get<Mem>(given[1]);
      const Reg byte = byte_at(cg, std::get<Mem>(given[0]), index, size);
      const Reg end = is_end(cg, byte);
      cg.if_then(cg.compare(Cmp::eq, end, cg.constant(0)), [&] {
        const Reg reached = cg.load(so_far, 0, 8, false);
        const Reg moved = cg.binary(Op::shl, cg.binary(Op::bit_and, reached, look_up(cg, moves, byte)), cg.constant(1));
        const Reg stayed = cg.binary(Op::bit_and, reached, cg.constant(pattern.stays));
        cg.store(so_far, 0, 8, cg.binary(Op::bit_or, moved, stayed));
      });
      return end;
    });
  }
  const Reg end = cg.binary(Op::bit_and, cg.load(state, 0, 8, false), cg.constant(accept));
  return cg.compare(Cmp::ne, end, cg.constant(0));
}

constexpr Param kText[] = {{"text", ParamKind::any}};
constexpr Param kSubstrParams[] = {
    {"text", ParamKind::any}, {"start", ParamKind::integer}, {"length", ParamKind::integer, true}};
constexpr Param kStrchrParams[] = {{"text", ParamKind::any}, {"character", ParamKind::any}};
constexpr Param kStrtointParams[] = {{"text", ParamKind::any}, {"base", ParamKind::any, true}};
constexpr Param kStrmatchParams[] = {{"text", ParamKind::any}, {"pattern", ParamKind::string_literal}};

constexpr Builtin kRows[] = {
    {.name = "__basename",
     .params = kText,
     .summary = "What follows the last slash of a string that is no pointer; for the library's `basename`.",
     .example = "begin { print(__basename(\"/usr/bin/env\")); }",
     .check = same_string,
     .lower = lower_basename},
    {.name = "__strchr",
     .params = kStrchrParams,
     .summary = "Index of a character in a string that is no pointer; for the library's `strchr`.",
     .example = "begin { print(__strchr(\"a=b\", \"=\")); }",
     .check = check_strchr,
     .lower = lower_strchr},
    {.name = "__strmatch",
     .params = kStrmatchParams,
     .summary = "Whether a string that is no pointer matches a pattern; for the library's `strmatch`.",
     .example = "begin { print(__strmatch(comm, \"son*\")); }",
     .check = check_strmatch,
     .lower = lower_strmatch},
    {.name = "__strtoint",
     .params = kStrtointParams,
     .summary = "The number at the front of a string that is no pointer; for the library's `strtoint`.",
     .example = "begin { print(__strtoint(\"42\")); }",
     .check = check_strtoint,
     .lower = lower_strtoint},
    {.name = "__substr",
     .params = kSubstrParams,
     .summary = "Part of a string that is no pointer; for the library's `substr`.",
     .example = "begin { print(__substr(comm, 1, 3)); }",
     .check = check_substr,
     .lower = lower_substr},
    {.name = "__tolower",
     .params = kText,
     .summary = "A string that is no pointer, in lower case; for the library's `tolower`.",
     .example = "begin { print(__tolower(\"ABC\")); }",
     .check = same_string,
     .lower = lower_tolower},
    {.name = "__toupper",
     .params = kText,
     .summary = "A string that is no pointer, in upper case; for the library's `toupper`.",
     .example = "begin { print(__toupper(comm)); }",
     .check = same_string,
     .lower = lower_toupper},
};

}  // namespace

std::span<const Builtin> search_rows() { return kRows; }

}  // namespace sonde::builtins
