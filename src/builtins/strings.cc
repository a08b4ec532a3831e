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

TypeRef check_length(CallView& call) { return check_stored_text(call, call.arguments[0]) ? uint64_result(call) : nullptr; }

// Copies the string at `text` to `to` (both `size` bytes) and gives its length. The kernel's own string read finds the end;
// it puts a NUL in the last byte, so one that was cut there is told by the original.
Reg copy_text(Codegen& cg, Mem to, Mem text, uint32_t size) {
  const Reg copied = cg.probe_read_string(to, cg.constant(size), cg.address(text), types::Space::kernel);
  const Reg good = cg.select(cg.compare(Cmp::sgt, copied, cg.constant(0)), copied, cg.constant(1));
  const Reg full = cg.compare(Cmp::ne, cg.load(text, size - 1, 1, false), cg.constant(0));
  const Reg cut = cg.binary(Op::bit_and, full, cg.compare(Cmp::eq, good, cg.constant(size)));
  return cg.binary(Op::add, cg.binary(Op::sub, good, cg.constant(1)), cut);
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
  Reg length = cg.constant(0);
  if (left > 0) {
    // The copy's own NUL in the last byte is overwritten by the second string; the original byte may be needed there.
    const Mem text = cg.argument_memory(0);
    length = copy_text(cg, both, text, left);
    cg.store(both, left - 1, 1, cg.load(text, left - 1, 1, false));
  }
  if (right > 0) {
    const Mem behind = cg.offset(both, cg.bound(length, kConcatSize));
    const Mem text = cg.argument_memory(1);
    copy_text(cg, behind, text, right);
    cg.store(behind, right - 1, 1, cg.load(text, right - 1, 1, false));
  }
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

Reg lower_memcmp(Codegen& cg) {
  const Mem left = bytes_of(cg, 0), right = bytes_of(cg, 1);
  const Argument& length = cg.described(2);
  uint64_t count = std::min(cg.argument_type(0)->size, cg.argument_type(1)->size);
  if (length.integer && !length.negative) count = std::min(count, *length.integer);
  if (count == 0) return cg.constant(0);
  const Mem result = cg.temporary(8);
  cg.store(result, 0, 8, cg.constant(0));
  const Reg wanted = cg.argument(2);
  cg.repeat(static_cast<uint32_t>(count), [&](Reg index) {
    const Reg undecided = cg.compare(Cmp::eq, cg.load(result, 0, 8, false), cg.constant(0));
    cg.if_then(cg.binary(Op::bit_and, undecided, cg.compare(Cmp::ult, index, wanted)), [&] {
      const Reg at = cg.bound(index, static_cast<uint32_t>(count));
      const Reg l = cg.load(cg.offset(left, at), 0, 1, true);
      const Reg r = cg.load(cg.offset(right, at), 0, 1, true);
      cg.store(result, 0, 8, cg.binary(Op::sub, l, r));
    });
  });
  return cg.load(result, 0, 8, true);
}

// --- search -------------------------------------------------------------------------------------------------------------

TypeRef check_search(CallView& call) {
  if (!check_stored_text(call, call.arguments[0]) || !check_stored_text(call, call.arguments[1])) return nullptr;
  return call.env.types().integer(4, true);
}

// 1 if `needle` stands at byte `start` of the haystack. It ends at its NUL or at its capacity.
Reg matches(Codegen& cg, Mem haystack, uint32_t haystack_size, Mem needle, uint32_t needle_size, Reg start) {
  const Mem state = cg.temporary(8);  // 1 while all bytes agree, 0 after one that does not, 2 behind the needle's end
  cg.store(state, 0, 8, cg.constant(1));
  cg.repeat(needle_size, [&](Reg index) {
    cg.if_then(cg.compare(Cmp::eq, cg.load(state, 0, 8, false), cg.constant(1)), [&] {
      const Reg wanted = cg.load(cg.offset(needle, cg.bound(index, needle_size)), 0, 1, false);
      const Reg position = cg.binary(Op::add, start, index);
      const Reg seen = cg.load(cg.offset(haystack, cg.bound(position, haystack_size)), 0, 1, false);
      const Reg inside = cg.compare(Cmp::ult, position, cg.constant(haystack_size));
      const Reg agrees = cg.binary(Op::bit_and, inside, cg.compare(Cmp::eq, seen, wanted));
      const Reg ended = cg.compare(Cmp::eq, wanted, cg.constant(0));
      cg.store(state, 0, 8, cg.select(ended, cg.constant(2), agrees));
    });
  });
  return cg.compare(Cmp::ne, cg.load(state, 0, 8, false), cg.constant(0));
}

Reg lower_search(Codegen& cg) {
  const uint32_t haystack_size = cg.argument_type(0)->size;
  uint32_t needle_size = cg.argument_type(1)->size;
  // A literal's length is known, its NUL need not be looked at.
  if (cg.described(1).text) needle_size = static_cast<uint32_t>(cg.described(1).text->size());
  if (needle_size == 0) return cg.constant(0);
  if (haystack_size == 0) return cg.constant(static_cast<uint64_t>(-1));
  const Mem haystack = cg.argument_memory(0), needle = cg.argument_memory(1);
  const Mem found = cg.temporary(8);
  cg.store(found, 0, 8, cg.constant(static_cast<uint64_t>(-1)));
  cg.repeat(haystack_size, [&](Reg start) {
    cg.if_then(cg.compare(Cmp::slt, cg.load(found, 0, 8, true), cg.constant(0)), [&] {
      const Reg here = matches(cg, haystack, haystack_size, needle, needle_size, start);
      cg.if_then(here, [&] { cg.store(found, 0, 8, start); });
    });
  });
  return cg.load(found, 0, 8, true);
}

constexpr Param kText[] = {{"text", ParamKind::any}};
constexpr Param kTwoTexts[] = {{"a", ParamKind::any}, {"b", ParamKind::any}};
constexpr Param kMemcmpParams[] = {{"a", ParamKind::any}, {"b", ParamKind::any}, {"n", ParamKind::integer}};

constexpr Builtin kRows[] = {
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
    {.name = "__strstr",
     .params = kTwoTexts,
     .summary = "Searches a string that is no pointer; for the library's `strstr`.",
     .example = "begin { print(__strstr(comm, \"n\")); }",
     .check = check_search,
     .lower = lower_search},
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
