// What reaches user space: text, values, messages, commands, and the end of the run.
#include <algorithm>
#include <cstdio>

#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"
#include "builtins/print_options.h"
#include "types/capability.h"

namespace sonde::builtins {
namespace {

constexpr uint32_t kJoinElements = 16;
constexpr uint32_t kJoinSize = 1024;  // bytes per element, incl. NUL

TypeRef format_result(CallView& call) { return check_format(call) ? call.env.types().void_type() : nullptr; }

// --- print --------------------------------------------------------------------------------------------------------------

// Aggregations that are more than a number or stats() show as a whole only.
bool is_histogram(TypeRef type) {
  return type && type->kind == Kind::aggregate && !castable_aggregate(type) && type->aggregate != "stats";
}

bool check_print_map(CallView& call) {
  const Argument& subject = call.arguments[0];
  if (const auto options = print_options(call.arguments); !options) {
    const Argument& wrong = call.arguments[options.error()];
    if (wrong.word)
      call.env.diagnostics().emit<diag::Id::print_order>(call.range, *wrong.word);
    else if (wrong.integer)
      call.env.diagnostics().emit<diag::Id::call_up_to>(call.range, call.row.name, 3, call.arguments.size());
    else
      call.env.diagnostics().emit<diag::Id::call_integer_literal>(call.range, call.row.name, given(wrong));
    return false;
  }
  const TypeRef value = subject.map->value;
  if (call.arguments.size() > 1 && value && value->kind == Kind::aggregate && value->aggregate == "stats")
    call.env.diagnostics().emit<diag::Id::print_stats_arguments>(call.range);
  return true;
}

// The record of a tracepoint: it mixes the kernel's own fields with slots of widened arguments, so only its fields are
// values.
bool is_tracepoint_record(TypeRef type) {
  if (type->kind != Kind::c_record) return false;
  for (const types::CField& field : type->c_record->fields())
    if (field.tag == "common") return true;
  return false;
}

bool check_print_value(CallView& call) {
  const Argument& subject = call.arguments[0];
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  if (call.arguments.size() > 1) {
    diagnostics.emit<diag::Id::print_non_map_arguments>(call.range, call.arguments.size());
    return false;
  }
  if (subject.keyed_read && is_histogram(subject.type)) {
    diagnostics.emit<diag::Id::print_single_key>(call.range, types::printed(subject.type));
    return false;
  }
  if (subject.type->kind == Kind::void_type || subject.type->kind == Kind::none) {
    diagnostics.emit<diag::Id::print_not_printable>(call.range, "none");
    return false;
  }
  // The address of the context means nothing to anybody, and is the kernel's secret.
  const bool context = subject.type->kind == Kind::pointer && subject.type->context;
  if (context || is_tracepoint_record(subject.type)) {
    diagnostics.emit<diag::Id::print_not_printable>(call.range, types::printed(subject.type));
    return false;
  }
  return true;
}

TypeRef check_print(CallView& call) {
  const Argument& subject = call.arguments[0];
  const bool whole_map = subject.map && !subject.keyed_read;
  const bool good = whole_map ? check_print_map(call) : check_print_value(call);
  return good ? call.env.types().void_type() : nullptr;
}

// --- join ---------------------------------------------------------------------------------------------------------------

TypeRef check_join(CallView& call) {
  const Argument& list = call.arguments[0];
  if (!list.type->is_integer() && list.type->kind != Kind::pointer) {
    call.env.diagnostics().emit<diag::Id::join_pointer>(call.range, given(list));
    return nullptr;
  }
  return call.env.types().void_type();
}

void join_fields(types::TypeContext& types, std::vector<TypeRef>& fields) {
  fields.assign(kJoinElements, types.string(kJoinSize));
}

// Copies the strings one by one into the record's fields; an empty field ends the list.
Reg lower_join(Codegen& cg) {
  const types::Space space = space_of(cg, 0);
  const Reg list = cg.argument(0);
  const Mem fields = cg.result();
  const Mem pointer = cg.temporary(8);
  const Mem ended = cg.temporary(8);
  cg.store(ended, 0, 8, cg.constant(0));
  cg.repeat(kJoinElements, [&](Reg index) {
    const Reg at = cg.binary(Op::mul, cg.bound(index, kJoinElements), cg.constant(kJoinSize));
    const Mem field = cg.offset(fields, at);
    cg.store(field, 0, 1, cg.constant(0));
    cg.if_then(cg.compare(Cmp::eq, cg.load(ended, 0, 8, false), cg.constant(0)), [&] {
      const Reg element = cg.binary(Op::add, list, cg.binary(Op::mul, index, cg.constant(8)));
      checked_read(cg, pointer, cg.constant(8), element, space);
      const Reg address = cg.load(pointer, 0, 8, false);
      cg.if_then(cg.compare(Cmp::ne, address, cg.constant(0)),
                 [&] { checked_read_string(cg, field, cg.constant(kJoinSize), address, space); });
      cg.if_then(cg.compare(Cmp::eq, cg.load(field, 0, 1, false), cg.constant(0)),
                 [&] { cg.store(ended, 0, 8, cg.constant(1)); });
    });
  });
  return {};
}

// --- fail ---------------------------------------------------------------------------------------------------------------

std::string number_text(const image::FormatPiece& piece, const Argument& argument) {
  const int64_t number = signed_literal(argument);
  char text[32] = {};
  switch (piece.conversion.front()) {
    case 'd':
    case 'i': return std::to_string(number);
    case 'u': return std::to_string(static_cast<uint64_t>(number));
    case 'x': std::snprintf(text, sizeof text, "%lx", static_cast<unsigned long>(number)); return text;
    case 'X': std::snprintf(text, sizeof text, "%lX", static_cast<unsigned long>(number)); return text;
    case 'o': std::snprintf(text, sizeof text, "%lo", static_cast<unsigned long>(number)); return text;
    case 'p': std::snprintf(text, sizeof text, "0x%lx", static_cast<unsigned long>(number)); return text;
    case 'c': return std::string(1, static_cast<char>(number));
    default: return std::to_string(number);
  }
}

std::string literal_text(const image::FormatPiece& piece, const Argument& argument) {
  if (argument.text) return *argument.text;
  if (argument.boolean) {
    if (piece.conversion == "s") return *argument.boolean ? "true" : "false";
    return *argument.boolean ? "1" : "0";
  }
  return number_text(piece, argument);
}

TypeRef check_fail(CallView& call) {
  if (!check_format(call)) return nullptr;
  for (size_t i = 1; i < call.arguments.size(); ++i) {
    const Argument& argument = call.arguments[i];
    if (argument.text || argument.integer || argument.boolean) continue;
    call.env.diagnostics().emit<diag::Id::fail_literals>(call.range);
    return nullptr;
  }
  std::string text;
  size_t next = 1;
  for (const image::FormatPiece& piece : image::parse_format(*call.arguments[0].text).pieces) {
    text += piece.text;
    if (piece.conversion.empty()) continue;
    std::string value = literal_text(piece, call.arguments[next++]);
    const std::string padding(piece.width > value.size() ? piece.width - value.size() : 0, piece.zero ? '0' : ' ');
    text += piece.left ? value + padding : padding + value;
  }
  call.env.diagnostics().emit<diag::Id::fail_text>(call.range, text);
  return nullptr;
}

constexpr Param kFormatParams[] = {{"format", ParamKind::string_literal}};
constexpr Param kPrintParams[] = {{"value", ParamKind::map_or_any},
                                  {"top", ParamKind::word_or_literal, true},
                                  {"div", ParamKind::word_or_literal, true},
                                  {"sort", ParamKind::word_or_literal, true},
                                  {"direction", ParamKind::word_or_literal, true}};
constexpr Param kJoinParams[] = {{"list", ParamKind::any}, {"separator", ParamKind::string_literal, true}};
constexpr Param kExitParams[] = {{"code", ParamKind::integer, true}};

constexpr Builtin kRows[] = {
    {.name = "__assert_failed",
     .params = kFormatParams,
     .variadic = true,
     .summary = "Reports a failed assertion and ends the run with status 1; for the library's `assert`.",
     .example = "begin { __assert_failed(\"no luck\"); }",
     .returns = true,
     .check = format_result,
     .action = image::Action::assert_failed,
     .format_argument = 0},
    {.name = "cat",
     .params = kFormatParams,
     .variadic = true,
     .summary = "Prints the contents of a file, at most max_cat_bytes of it; its name is formatted as by `printf`.",
     .example = "begin { cat(\"/proc/%d/comm\", pid); exit(); }",
     .check = format_result,
     .action = image::Action::cat,
     .format_argument = 0},
    {.name = "errorf",
     .params = kFormatParams,
     .variadic = true,
     .summary = "Prints a formatted error message with the place of the call to stderr.",
     .example = "begin { errorf(\"bad value %d\", 7); }",
     .check = format_result,
     .action = image::Action::errorf,
     .format_argument = 0},
    {.name = "exit",
     .params = kExitParams,
     .summary = "Leaves the probe and ends the run with an exit status, 0 by default.",
     .example = "interval:s:10 { exit(); }",
     .returns = true,
     .action = image::Action::exit},
    {.name = "fail",
     .params = kFormatParams,
     .variadic = true,
     .summary = "Refuses to compile the script, with a formatted text; all arguments are literals.",
     .example = "begin { if comptime (sizeof(uint64) != 8) { fail(\"need %d bytes\", 8); } }",
     .check = check_fail,
     .format_argument = 0},
    {.name = "join",
     .params = kJoinParams,
     .summary = "Prints the strings of a NULL-terminated array of pointers, at most 16, with a separator between them.",
     .example = "tracepoint:syscalls:sys_enter_execve { join(args.argv, \" \"); }",
     .check = check_join,
     .lower = lower_join,
     .action = image::Action::join,
     .fields = join_fields},
    {.name = "print",
     .params = kPrintParams,
     .summary =
         "Prints a value, or a whole map: all of it or its `top` largest entries, numbers divided by `div`, sorted "
         "by `value` or `key`, `asc` (the usual) or `desc`.",
     .example = "profile:hz:99 { @[comm] = count(); } interval:s:1 { print(@, 5); clear(@); }",
     .check = check_print,
     .action = image::Action::print_value},
    {.name = "printf",
     .params = kFormatParams,
     .variadic = true,
     .summary = "Prints formatted text.",
     .example = "tracepoint:syscalls:sys_enter_openat { printf(\"%-6d %s\\n\", pid, str(args.filename)); }",
     .check = format_result,
     .action = image::Action::printf,
     .format_argument = 0},
    {.name = "system",
     .params = kFormatParams,
     .variadic = true,
     .summary = "Runs a shell command, formatted as by `printf`, and prints its output.",
     .example = "interval:s:1 { system(\"date +%%s\"); }",
     .unsafe = true,
     .check = format_result,
     .action = image::Action::system,
     .format_argument = 0},
    {.name = "warnf",
     .params = kFormatParams,
     .variadic = true,
     .summary = "Prints a formatted warning with the place of the call to stderr.",
     .example = "begin { warnf(\"odd value %d\", 7); }",
     .check = format_result,
     .action = image::Action::warnf,
     .format_argument = 0},
};

}  // namespace

namespace {

// What the kernel can format for an iterator (bpf_seq_printf).
bool fits_sequence(TypeRef type, const std::string& conversion) {
  if (!std::string_view("diuxXcps").contains(conversion.front()) || conversion.size() != 1) return false;
  if (type->kind == Kind::enumeration) return conversion != "s";
  return type->is_integer() || type->kind == Kind::boolean || type->kind == Kind::pointer ||
         (type->kind == Kind::string && conversion == "s");
}

}  // namespace

bool check_format(CallView& call) {
  const size_t first = *call.row.format_argument + 1;
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  const image::FormatString format = image::parse_format(*call.arguments[first - 1].text);
  const size_t given_count = call.arguments.size() - first;
  const size_t wanted = image::argument_count(format);
  if (given_count < wanted) {
    diagnostics.emit<diag::Id::format_too_few>(call.range, given_count, wanted);
    return false;
  }
  if (given_count > wanted) {
    diagnostics.emit<diag::Id::format_too_many>(call.range, given_count, wanted);
    return false;
  }
  const bool to_sequence = call.row.action == image::Action::printf && call.env.capable(types::kSequenceFile);
  size_t next = first;
  bool good = true;
  for (const image::FormatPiece& piece : format.pieces) {
    if (piece.conversion.empty()) continue;
    const TypeRef type = call.arguments[next++].type;
    const std::string& conversion = piece.conversion;
    const bool is_number = type && (type->is_integer() || type->kind == Kind::boolean || type->kind == Kind::pointer);
    if (!type || type->kind == Kind::void_type || type->kind == Kind::none) {
      diagnostics.emit<diag::Id::format_none_type>(call.range, conversion);
      good = false;
    } else if (conversion.size() == 1 && std::string_view("fFeEgGaAn").contains(conversion[0])) {
      diagnostics.emit<diag::Id::format_specifier>(call.range, conversion);
      good = false;
    } else if (conversion[0] == 'r' ? type->kind != Kind::buffer : conversion != "s" && !is_number) {
      diagnostics.emit<diag::Id::format_type>(call.range, types::printed(type), conversion);
      good = false;
    } else if (to_sequence && !fits_sequence(type, conversion)) {
      diagnostics.emit<diag::Id::format_sequence>(call.range, types::printed(type), conversion)
          .hints.push_back("the kernel formats this text; print() and maps take any value");
      good = false;
    }
  }
  return good;
}

std::span<const Builtin> output_rows() { return kRows; }

}  // namespace sonde::builtins
