// Whole maps and their entries.
#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"

namespace sonde::builtins {
namespace {

TypeRef check_whole(CallView& call) { return call.env.types().void_type(); }

TypeRef check_delete(CallView& call) {
  const bool scalar = call.arguments[0].map->scalar;
  if (call.arguments.size() == 1 && !scalar) {
    call.env.diagnostics().emit<diag::Id::call_single_scalar_map>(call.range, call.row.name);
    return nullptr;
  }
  if (call.arguments.size() == 2 && scalar) {
    call.env.diagnostics().emit<diag::Id::call_two_keyed_map>(call.range, call.row.name);
    return nullptr;
  }
  return bool_result(call);
}

TypeRef check_keyed(CallView& call) {
  if (call.arguments[0].map->scalar) {
    call.env.diagnostics().emit<diag::Id::call_keyed_map>(call.range, call.row.name);
    return nullptr;
  }
  return bool_result(call);
}

TypeRef check_len(CallView& call) {
  const Argument& subject = call.arguments[0];
  if (subject.map && !subject.keyed_read) {
    if (subject.map->scalar) {
      call.env.diagnostics().emit<diag::Id::call_keyed_map>(call.range, call.row.name);
      return nullptr;
    }
  } else if (!unresolved(subject) && !subject.type->is_stack()) {
    call.env.diagnostics().emit<diag::Id::len_argument>(call.range);
    return nullptr;
  }
  return call.env.types().integer(8, true);
}

Reg lower_delete(Codegen& cg) {
  return cg.map_delete(0, cg.argument_count() == 2 ? std::optional<size_t>(1) : std::nullopt);
}

Reg lower_len(Codegen& cg) {
  const Argument& subject = cg.described(0);
  if (subject.map && !subject.keyed_read) return cg.map_length(0);
  // Stacks carry their number of frames in front of them, user stacks behind pid and program.
  const uint32_t at = cg.argument_type(0)->kind == Kind::user_stack ? 8 : 0;
  return cg.load(cg.argument_memory(0), at, 8, false);
}

constexpr Param kMapParams[] = {{"map", ParamKind::map}};
constexpr Param kDeleteParams[] = {{"map", ParamKind::map}, {"key", ParamKind::map_key, true}};
constexpr Param kKeyParams[] = {{"map", ParamKind::map}, {"key", ParamKind::map_key}};
constexpr Param kFindParams[] = {{"map", ParamKind::map}, {"key", ParamKind::map_key}, {"var", ParamKind::variable}};
constexpr Param kLenParams[] = {{"value", ParamKind::map_or_any}};

constexpr Builtin kRows[] = {
    {.name = "clear",
     .params = kMapParams,
     .summary = "Removes all entries of a map.",
     .example = "profile:hz:99 { @[comm] = count(); } interval:s:1 { print(@); clear(@); }",
     .check = check_whole,
     .action = image::Action::clear_map},
    {.name = "delete",
     .params = kDeleteParams,
     .summary = "Removes one entry of a map, or the value of a map without keys; true if there was one.",
     .example = "tracepoint:syscalls:sys_enter_read { @start[tid] = nsecs; } "
                "tracepoint:syscalls:sys_exit_read { _ = delete(@start, tid); }",
     .check = check_delete,
     .lower = lower_delete},
    {.name = "find",
     .params = kFindParams,
     .summary = "Copies the value of a key to a variable if the map has the key; true if it has.",
     .example = "begin { @a[1] = 5; let $v; if (find(@a, 1, $v)) { print($v); } }",
     .check = check_keyed,
     .lower = [](Codegen& cg) { return cg.map_find(0, 1, 2); }},
    {.name = "has_key",
     .params = kKeyParams,
     .summary = "Whether a map has a key.",
     .example = "tracepoint:syscalls:sys_enter_read { @start[tid] = nsecs; } "
                "tracepoint:syscalls:sys_exit_read /has_key(@start, tid)/ { @ = count(); }",
     .check = check_keyed,
     .lower = [](Codegen& cg) { return cg.map_has(0, 1); }},
    {.name = "len",
     .params = kLenParams,
     .summary = "Number of entries of a map, or of frames of a stack.",
     .example = "profile:hz:99 { @[comm] = count(); } interval:s:1 { print(len(@)); }",
     .check = check_len,
     .lower = lower_len},
    {.name = "zero",
     .params = kMapParams,
     .summary = "Sets all values of a map to zero and keeps its keys.",
     .example = "profile:hz:99 { @[comm] = count(); } interval:s:1 { print(@); zero(@); }",
     .check = check_whole,
     .action = image::Action::zero_map},
};

}  // namespace

std::span<const Builtin> map_rows() { return kRows; }

}  // namespace sonde::builtins
