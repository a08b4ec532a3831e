// Measuring, joining and searching strings that are already in the program's memory. The library's macros of the same names
// (stdlib/base.bt) read strings behind pointers first.
#include <algorithm>

#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"

namespace sonde::builtins {
namespace {

using Constant = std::optional<std::variant<uint64_t, std::string>>;

constexpr uint32_t kConcatSize = 1024;

bool char_like(TypeRef type) { return type->kind == Kind::integer && type->size == 1; }

// Strings, and arrays of or pointers to bytes.
bool check_text(CallView& call, const Argument& argument) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  const TypeRef type = argument.type;
  if (type && (type->kind == Kind::string || unresolved(argument))) return true;
  if (type && type->kind == Kind::array) {
    if (char_like(type->element)) return true;
    diagnostics.emit<diag::Id::text_like_array>(call.range);
  } else if (type && type->kind == Kind::pointer) {
    if (char_like(type->element)) return true;
    diagnostics.emit<diag::Id::text_like_pointer>(call.range);
  } else {
    diagnostics.emit<diag::Id::text_like>(call.range);
  }
  return false;
}

// The same in memory: macros have replaced pointers by what they point to.
bool check_stored_text(CallView& call, const Argument& argument) {
  if (!check_text(call, argument)) return false;
  if (unresolved(argument) || argument.type->kind != Kind::pointer) return true;
  call.env.diagnostics().emit<diag::Id::text_like>(call.range);
  return false;
}

TypeRef check_assert(CallView& call) {
  return check_text(call, call.arguments[0]) ? call.env.types().void_type() : nullptr;
}

Constant fold_max_strlen(CallView& call) { return Constant(uint64_t{std::stoull(call.env.config("max_strlen"))}); }

// --- length -------------------------------------------------------------------------------------------------------------

TypeRef check_length(CallView& call) {
  return check_stored_text(call, call.arguments[0]) ? uint64_result(call) : nullptr;
}

Reg lower_length(Codegen& cg) {
  const uint32_t size = cg.argument_type(0)->size;
  if (size == 0) return cg.constant(0);
  return copy_text(cg, cg.temporary(size), cg.argument_memory(0), size);
}

// --- concatenation ------------------------------------------------------------------------------------------------------

TypeRef check_concat(CallView& call) {
  if (!check_stored_text(call, call.arguments[0]) || !check_stored_text(call, call.arguments[1])) return nullptr;
  return call.env.types().string(kConcatSize);
}

// Two strings one behind the other in memory that has room for both at their longest, since the verifier cannot know that
// the second one's room shrinks with the first one's length.
Reg lower_concat(Codegen& cg) {
  const uint32_t left = std::min(cg.argument_type(0)->size, kConcatSize);
  const uint32_t right = std::min(cg.argument_type(1)->size, kConcatSize);
  const Mem both = cg.temporary(2 * kConcatSize);
  cg.zero(both, 0, 2 * kConcatSize);
  const Reg length = left > 0 ? copy_text(cg, both, cg.argument_memory(0), left) : cg.constant(0);
  if (right > 0) copy_text(cg, cg.offset(both, cg.bound(length, kConcatSize)), cg.argument_memory(1), right);
  cg.store(both, kConcatSize - 1, 1, cg.constant(0));
  cg.copy(cg.result(), both, kConcatSize);
  return {};
}

// --- memcmp -------------------------------------------------------------------------------------------------------------

TypeRef check_memcmp(CallView& call) { return call.env.types().integer(4, true); }

// Where the bytes of an argument lie.
Mem bytes_of(Codegen& cg, size_t index) {
  if (!cg.argument_type(index)->is_scalar()) return cg.argument_memory(index);
  const Mem copy = cg.temporary(8);
  cg.store(copy, 0, 8, cg.argument(index));
  return copy;
}

// Two strings that end at the same place are equal from there on, whatever lies behind.
Reg lower_memcmp(Codegen& cg) {
  const Mem left = bytes_of(cg, 0), right = bytes_of(cg, 1);
  const Argument& length = cg.described(2);
  uint64_t count = std::min(cg.argument_type(0)->size, cg.argument_type(1)->size);
  if (length.integer && !length.negative) count = std::min(count, *length.integer);
  if (count == 0) return cg.constant(0);
  const bool strings = cg.argument_type(0)->kind == Kind::string && cg.argument_type(1)->kind == Kind::string;
  const Reg wanted = cg.argument(2);
  const Mem state = cg.untracked(8);
  cg.store(state, 0, 8, cg.constant(0));
  cg.walk(static_cast<uint32_t>(count), {left, right, wanted, state}, [&](Reg index, Codegen::Given given) {
    const Reg at = cg.bound(index, static_cast<uint32_t>(count));
    const Reg l = cg.load(cg.offset(std::get<Mem>(given[0]), at), 0, 1, true);
    const Reg r = cg.load(cg.offset(std::get<Mem>(given[1]), at), 0, 1, true);
    const Reg inside = cg.compare(Cmp::ult, index, std::get<Reg>(given[2]));
    cg.if_then(inside, [&] { cg.store(std::get<Mem>(given[3]), 0, 8, cg.binary(Op::sub, l, r)); });
    Reg done = cg.binary(Op::bit_or, cg.compare(Cmp::ne, l, r), cg.compare(Cmp::eq, inside, cg.constant(0)));
    if (strings) done = cg.binary(Op::bit_or, done, cg.compare(Cmp::eq, l, cg.constant(0)));
    return done;
  });
  return cg.load(state, 0, 8, true);
}

// --- search -------------------------------------------------------------------------------------------------------------

TypeRef check_matches(CallView& call) {
  if (!check_stored_text(call, call.arguments[0]) || !check_stored_text(call, call.arguments[1])) return nullptr;
  return bool_result(call);
}

// Compares byte by byte from a place in front of the haystack's NUL; the needle ends at its NUL or at its capacity.
Reg lower_matches(Codegen& cg) {
  const uint32_t haystack_size = cg.argument_type(0)->size;
  const uint32_t needle_size = cg.argument_type(1)->size;
  if (needle_size == 0) return cg.constant(1);
  if (haystack_size == 0) return cg.constant(0);
  const Mem state = cg.untracked(8);
  cg.store(state, 0, 8, cg.constant(1));
  cg.walk(needle_size, {cg.argument_memory(0), cg.argument_memory(1), cg.argument(2), state},
          [&](Reg index, Codegen::Given given) {
            const Mem haystack = std::get<Mem>(given[0]), needle = std::get<Mem>(given[1]);
            const Reg wanted = cg.load(cg.offset(needle, cg.bound(index, needle_size)), 0, 1, false);
            const Reg position = cg.binary(Op::add, std::get<Reg>(given[2]), index);
            const Reg seen = cg.load(cg.offset(haystack, cg.bound(position, haystack_size)), 0, 1, false);
            const Reg inside = cg.compare(Cmp::ult, position, cg.constant(haystack_size));
            const Reg agrees = cg.binary(Op::bit_and, inside, cg.compare(Cmp::eq, seen, wanted));
            const Reg ended = cg.compare(Cmp::eq, wanted, cg.constant(0));
            cg.store(std::get<Mem>(given[3]), 0, 8, cg.binary(Op::bit_or, agrees, ended));
            return cg.binary(Op::bit_or, ended, cg.compare(Cmp::eq, agrees, cg.constant(0)));
          });
  return cg.load(state, 0, 8, false);
}

constexpr Param kText[] = {{"text", ParamKind::any}};
constexpr Param kTwoTexts[] = {{"a", ParamKind::any}, {"b", ParamKind::any}};
constexpr Param kMatchesParams[] = {
    {"haystack", ParamKind::any}, {"needle", ParamKind::any}, {"start", ParamKind::integer}};
constexpr Param kMemcmpParams[] = {{"a", ParamKind::any}, {"b", ParamKind::any}, {"n", ParamKind::integer}};

constexpr Builtin kRows[] = {
    {.name = "__matches_at",
     .params = kMatchesParams,
     .summary =
         "Whether a string stands at a position of another one, none of them a pointer; for the library's `strstr`.",
     .example = "begin { print(__matches_at(comm, \"n\", 2)); }",
     .check = check_matches,
     .lower = lower_matches},
    {.name = "__str_concat",
     .params = kTwoTexts,
     .summary = "Joins two strings that are no pointers; for the library's `str_concat`.",
     .example = "begin { print(__str_concat(comm, \"!\")); }",
     .check = check_concat,
     .lower = lower_concat},
    {.name = "__strlen",
     .params = kText,
     .summary = "Length of a string that is no pointer; for the library's `strlen`.",
     .example = "begin { print(__strlen(comm)); }",
     .check = check_length,
     .lower = lower_length},
    {.name = "assert_str",
     .params = kText,
     .summary = "Refuses to compile the script if the value is no string, array of bytes or pointer to bytes.",
     .example = "begin { assert_str(comm); }",
     .check = check_assert,
     .lower = [](Codegen&) { return Reg{}; }},
    {.name = "default_str_length",
     .kind = RowKind::value,
     .summary = "The configured max_strlen.",
     .example = "begin { print(default_str_length); }",
     .check = uint64_result,
     .fold = fold_max_strlen},
    {.name = "memcmp",
     .params = kMemcmpParams,
     .summary = "Difference of the first differing byte among the first n bytes of two values, or 0.",
     .example = "begin { print(memcmp(\"abc\", \"abd\", 3)); }",
     .check = check_memcmp,
     .lower = lower_memcmp},
};

}  // namespace

std::span<const Builtin> string_rows() { return kRows; }

}  // namespace sonde::builtins
