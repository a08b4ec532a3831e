// Strings and buffers. What lies behind a string's NUL is undefined in arguments; in results it must be zero if
// cg.padded_result() says so.
#include <algorithm>

#include "base/check.h"
#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"

namespace sonde::builtins {
namespace {

using Constant = std::optional<std::variant<uint64_t, std::string>>;

constexpr uint32_t kLengthField = 4;  // of a buffer, in front of its bytes

uint64_t max_strlen(CallView& call) { return std::stoull(call.env.config("max_strlen")); }

bool check_not_negative(CallView& call, const Argument& length) {
  if (!length.integer || !length.negative) return true;
  call.env.diagnostics().emit<diag::Id::builtin_negative_length>(call.range, call.row.name, signed_literal(length));
  return false;
}

// --- str ----------------------------------------------------------------------------------------------------------------

// The text of a literal first argument, cut to a literal length.
Constant fold_str(CallView& call) {
  const Argument& source = call.arguments[0];
  if (!source.text && !source.integer) return std::nullopt;
  std::string text = source.text       ? *source.text
                     : source.negative ? std::to_string(signed_literal(source))
                                       : std::to_string(*source.integer);
  if (call.arguments.size() == 2) {
    if (!call.arguments[1].integer) return std::nullopt;
    text.resize(std::min<uint64_t>(text.size(), *call.arguments[1].integer));
  }
  return text;
}

uint32_t str_capacity(CallView& call, uint64_t longest) {
  if (call.arguments.size() < 2 || !call.arguments[1].integer) return static_cast<uint32_t>(longest);
  const uint64_t length = *call.arguments[1].integer;
  if (length >= longest) {
    call.env.diagnostics().emit<diag::Id::str_length_shortened>(call.range, length, longest);
    return static_cast<uint32_t>(longest);
  }
  return static_cast<uint32_t>(length + 1);
}

TypeRef check_str(CallView& call) {
  const Argument& source = call.arguments[0];
  types::TypeContext& types = call.env.types();
  if (call.arguments.size() == 2 && !check_not_negative(call, call.arguments[1])) return nullptr;
  if (const Constant text = fold_str(call)) return types.string(static_cast<uint32_t>(std::get<1>(*text).size() + 1));
  const TypeRef type = source.type;
  if (!unresolved(source) && type->kind != Kind::string && type->kind != Kind::pointer && !integer_like(type)) {
    call.env.diagnostics().emit<diag::Id::str_argument>(call.range, types::printed(type));
    return nullptr;
  }
  if (type->kind == Kind::string) return types.string(std::min(type->size, str_capacity(call, type->size)));
  return types.string(str_capacity(call, max_strlen(call)));
}

// What stands in `to` should a read fail; all of it where the rest of the place is compared too.
void make_empty(Codegen& cg, Mem to, uint32_t size) {
  if (cg.padded_result()) {
    cg.zero(to, 0, size);
  } else {
    cg.store(to, 0, 1, cg.constant(0));
  }
}

// A string that is already here, or its first characters.
void copy_string(Codegen& cg) {
  const uint32_t size = cg.result_type()->size;
  const Mem to = cg.result();
  make_empty(cg, to, size);
  const Mem from = cg.argument_memory(0);
  const bool whole = cg.argument_count() == 1 || (cg.described(1).integer && *cg.described(1).integer >= size);
  if (whole) {
    copy_text(cg, to, from, size);
    return;
  }
  // So many characters and the NUL.
  const Reg length = cg.binary(Op::add, cg.argument(1), cg.constant(1));
  cg.probe_read_string(to, cg.bound(length, size + 1), cg.address(from), types::Space::kernel);
}

// The helper always ends with a NUL, so a text that needs the whole capacity lacks its last character: fetch that one, and
// the missing NUL is what marks the text as cut.
void complete_last_byte(Codegen& cg, Mem to, uint32_t size, Reg address, Reg copied, types::Space space) {
  cg.if_then(cg.compare(Cmp::eq, copied, cg.constant(size)), [&] {
    const Reg last = cg.binary(Op::add, address, cg.constant(size - 1));
    cg.probe_read(cg.offset(to, size - 1), cg.constant(1), last, space);
  });
}

Reg lower_str(Codegen& cg) {
  if (cg.argument_type(0)->kind == Kind::string) {
    copy_string(cg);
    return {};
  }
  const types::Space space = space_of(cg, 0);
  const uint32_t size = cg.result_type()->size;
  const Mem to = cg.result();
  make_empty(cg, to, size);
  const Reg address = cg.argument(0);
  if (cg.argument_count() == 1) {
    const Reg copied = checked_read_string(cg, to, cg.constant(size), address, space);
    complete_last_byte(cg, to, size, address, copied, space);
    return {};
  }
  if (const std::optional<uint64_t> length = cg.described(1).integer) {
    if (*length == 0) return {};
    const uint64_t read = std::min<uint64_t>(*length, size);
    const Reg copied = checked_read_string(cg, to, cg.constant(read), address, space);
    if (*length > size) complete_last_byte(cg, to, size, address, copied, space);
    return {};
  }
  const Reg length = cg.argument(1);
  cg.if_then(cg.compare(Cmp::ne, length, cg.constant(0)), [&] {
    const Reg read = cg.bound(length, size + 1);
    checked_read_string(cg, to, read, address, space);
  });
  return {};
}

// --- buf ----------------------------------------------------------------------------------------------------------------

bool in_memory(TypeRef type) { return type->kind == Kind::array || type->kind == Kind::string; }

TypeRef check_buf(CallView& call) {
  const Argument& data = call.arguments[0];
  types::TypeContext& types = call.env.types();
  if (unresolved(data)) return types.buffer(0);
  const TypeRef type = data.type;
  if (!in_memory(type) && type->kind != Kind::pointer && !integer_like(type)) {
    call.env.diagnostics().emit<diag::Id::buf_argument>(call.range, types::printed(type));
    return nullptr;
  }
  if (call.arguments.size() == 1) {
    if (type->kind == Kind::array) return types.buffer(type->size);
    call.env.diagnostics().emit<diag::Id::buf_length>(call.range, types::base_name(type));
    return nullptr;
  }
  const Argument& length = call.arguments[1];
  if (!check_not_negative(call, length)) return nullptr;
  const uint64_t longest = max_strlen(call);
  return types.buffer(static_cast<uint32_t>(length.integer ? std::min(*length.integer, longest) : longest));
}

// buffer: u32 length, bytes.
Reg lower_buf(Codegen& cg) {
  const Mem to = cg.result();
  const Mem bytes = cg.offset(to, kLengthField);
  const uint32_t capacity = cg.result_type()->size - kLengthField;
  const TypeRef type = cg.argument_type(0);
  const bool variable = cg.argument_count() == 2 && !cg.described(1).integer;
  // bound() stops below its limit, so `capacity` itself stays possible.
  const Reg length = variable ? cg.bound(cg.argument(1), capacity + 1) : cg.constant(capacity);
  cg.store(to, 0, kLengthField, length);
  if (cg.padded_result()) cg.zero(bytes, 0, capacity);
  if (capacity == 0) return {};
  if (!in_memory(type)) {
    checked_read(cg, bytes, length, cg.argument(0), space_of(cg, 0));
    return {};
  }
  const uint32_t available = std::min(capacity, type->size);
  if (!cg.padded_result() && available < capacity) cg.zero(bytes, available, capacity - available);
  // Behind the end of a string there may be anything, unless it is a literal.
  if (type->kind == Kind::string && !cg.described(0).text && available > 0) {
    if (!cg.padded_result()) cg.zero(bytes, 0, available);
    copy_text(cg, bytes, cg.argument_memory(0), available);
  } else {
    cg.copy(bytes, cg.argument_memory(0), available);
  }
  return {};
}

// --- strncmp ------------------------------------------------------------------------------------------------------------

TypeRef check_strncmp(CallView& call) {
  if (!call.arguments[2].integer || call.arguments[2].negative) {
    call.env.diagnostics().emit<diag::Id::strncmp_literal>(call.range);
    return nullptr;
  }
  return uint64_result(call);
}

// Bits in which `size` bytes (at most 8) at `at` differ, from the widest loads that fit.
Reg difference(Codegen& cg, Mem left, Mem right, uint32_t at, uint32_t size) {
  Reg all = cg.constant(0);
  for (uint32_t width = 8; size > 0; width /= 2) {
    for (; size >= width; size -= width, at += width) {
      const Reg bits = cg.binary(Op::bit_xor, cg.load(left, at, width, false), cg.load(right, at, width, false));
      all = cg.binary(Op::bit_or, all, bits);
    }
  }
  return all;
}

constexpr uint32_t kUnrolledBytes = 64;

// With a literal, the bytes up to and with its NUL decide, whatever lies behind: any other end of the other string shows as
// a difference there.
Reg compare_literal(Codegen& cg, size_t literal, uint64_t wanted) {
  const size_t other = 1 - literal;
  const uint64_t deciding = std::min<uint64_t>(wanted, cg.described(literal).text->size() + 1);
  const uint32_t size = cg.argument_type(other)->size;
  // Cut at its capacity, where the literal goes on or ends: with all bytes equal the literal is the longer one, unless it
  // ends exactly there.
  const auto common = static_cast<uint32_t>(std::min<uint64_t>(deciding, size));
  const bool longer = deciding > size && cg.described(literal).text->size() > size;
  const Mem left = cg.argument_memory(literal), right = cg.argument_memory(other);
  return cg.binary(Op::bit_or, difference(cg, left, right, 0, common), cg.constant(longer ? 1 : 0));
}

// Byte by byte until both end.
Reg compare_strings(Codegen& cg, uint64_t wanted) {
  const Mem left = cg.argument_memory(0), right = cg.argument_memory(1);
  const uint32_t left_size = cg.argument_type(0)->size, right_size = cg.argument_type(1)->size;
  const auto common = static_cast<uint32_t>(std::min<uint64_t>(wanted, std::min(left_size, right_size)));
  const Mem state = cg.untracked(8);  // 0: equal so far, 1: different, 2: both ended
  cg.store(state, 0, 8, cg.constant(0));
  cg.walk(common, {left, right, state}, [&](Reg index, Codegen::Given given) {
    const Reg at = cg.bound(index, common);
    const Reg l = cg.load(cg.offset(std::get<Mem>(given[0]), at), 0, 1, false);
    const Reg r = cg.load(cg.offset(std::get<Mem>(given[1]), at), 0, 1, false);
    const Reg ended = cg.select(cg.compare(Cmp::eq, l, cg.constant(0)), cg.constant(2), cg.constant(0));
    const Reg decided = cg.select(cg.compare(Cmp::ne, l, r), cg.constant(1), ended);
    cg.store(std::get<Mem>(given[2]), 0, 8, decided);
    return decided;
  });
  const Reg end = cg.load(state, 0, 8, false);
  Reg differs = cg.compare(Cmp::eq, end, cg.constant(1));
  if (wanted > common && left_size != right_size) {
    // The shorter capacity agreed throughout: the longer string must end there.
    const Reg next = cg.load(left_size > right_size ? left : right, common, 1, false);
    const Reg goes_on =
        cg.binary(Op::bit_and, cg.compare(Cmp::eq, end, cg.constant(0)), cg.compare(Cmp::ne, next, cg.constant(0)));
    differs = cg.binary(Op::bit_or, differs, goes_on);
  }
  return differs;
}

Reg lower_strncmp(Codegen& cg) {
  const uint64_t wanted = *cg.described(2).integer;
  if (wanted == 0) return cg.constant(0);
  for (size_t i = 0; i < 2; ++i) {
    const std::optional<std::string>& text = cg.described(i).text;
    if (!text || std::min<uint64_t>(wanted, text->size() + 1) > kUnrolledBytes) continue;
    return cg.compare(Cmp::ne, compare_literal(cg, i, wanted), cg.constant(0));
  }
  return compare_strings(cg, wanted);
}

constexpr Param kStrParams[] = {{"address", ParamKind::any}, {"length", ParamKind::integer, true}};
constexpr Param kBufParams[] = {{"data", ParamKind::any}, {"length", ParamKind::integer, true}};
constexpr Param kStrncmpParams[] = {{"a", ParamKind::string}, {"b", ParamKind::string}, {"n", ParamKind::any}};

constexpr Builtin kRows[] = {
    {.name = "buf",
     .params = kBufParams,
     .summary = "Copies bytes: `length` of them from an address, or an array.",
     .example = "tracepoint:syscalls:sys_enter_write { printf(\"%rh\\n\", buf(args.buf, 8)); }",
     .check = check_buf,
     .lower = lower_buf},
    {.name = "str",
     .params = kStrParams,
     .summary = "Reads a string at an address, at most `length` - 1 characters of it (max_strlen by default).",
     .example = "tracepoint:syscalls:sys_enter_openat { @[str(args.filename)] = count(); }",
     .check = check_str,
     .fold = fold_str,
     .lower = lower_str},
    {.name = "strncmp",
     .params = kStrncmpParams,
     .summary = "0 if the first n bytes of two strings are equal, else 1.",
     .example = "tracepoint:syscalls:sys_enter_openat /strncmp(comm, \"system\", 6) == 0/ { @[comm] = count(); }",
     .check = check_strncmp,
     .lower = lower_strncmp},
};

}  // namespace

std::span<const Builtin> text_rows() { return kRows; }

}  // namespace sonde::builtins
