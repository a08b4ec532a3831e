// Reports over whole maps beside print(): tables and percentiles; and how print() itself is told to sort.
#include "builtins/check.h"
#include "builtins/families.h"
#include "builtins/print_options.h"

namespace sonde::builtins {
namespace {

// --- table --------------------------------------------------------------------------------------------------------------

TypeRef check_table(CallView& call) {
  const Argument* typed = nullptr;  // the first map whose key type is known
  for (const Argument& argument : call.arguments) {
    if (argument.map->scalar) {
      call.env.diagnostics().emit<diag::Id::call_keyed_map>(call.range, call.row.name);
      return nullptr;
    }
    const TypeRef key = argument.map->key;
    if (!key || key->kind == Kind::none) continue;
    if (!typed) typed = &argument;
    if (types::promote(call.env.types(), typed->map->key, key)) continue;
    call.env.diagnostics().emit<diag::Id::table_keys>(call.range, typed->map->name, types::printed(typed->map->key),
                                                      argument.map->name, types::printed(key));
    return nullptr;
  }
  return call.env.types().void_type();
}

// --- percentiles --------------------------------------------------------------------------------------------------------

TypeRef check_percentiles(CallView& call) {
  constexpr std::string_view kWithBuckets[] = {"hist", "lhist", "llquantize", "quantiles"};
  const TypeRef value = call.arguments[0].map->value;
  const bool known = value && value->kind != Kind::none;
  if (known &&
      (value->kind != Kind::aggregate || std::ranges::find(kWithBuckets, value->aggregate) == std::end(kWithBuckets))) {
    call.env.diagnostics().emit<diag::Id::percentiles_map>(call.range, types::printed(value));
    return nullptr;
  }
  return call.env.types().void_type();
}

constexpr Param kTableParams[] = {
    {"map", ParamKind::map},        {"map2", ParamKind::map, true}, {"map3", ParamKind::map, true},
    {"map4", ParamKind::map, true}, {"map5", ParamKind::map, true}, {"map6", ParamKind::map, true},
    {"map7", ParamKind::map, true}, {"map8", ParamKind::map, true},
};
constexpr Param kMapParams[] = {{"map", ParamKind::map}};

constexpr Builtin kRows[] = {
    {.name = "percentiles",
     .params = kMapParams,
     .summary =
         "Prints the 50th, 90th, 99th and 99.9th percentile of a map of hist(), lhist(), llquantize() or quantiles(): "
         "values of nearest rank, as if each bucket's values were spread evenly over it.",
     .example = "tracepoint:syscalls:sys_exit_read { @ = hist(args.ret); } interval:s:1 { percentiles(@); }",
     .check = check_percentiles,
     .action = image::Action::percentiles},
    {.name = "table",
     .params = kTableParams,
     .summary =
         "Prints maps whose keys have one type as one table: a row per key, a column per map, in the order of the "
         "first one.",
     .example = "tracepoint:syscalls:sys_exit_read { @reads[comm] = count(); @bytes[comm] = sum(args.ret); } "
                "interval:s:1 { table(@reads, @bytes); }",
     .check = check_table,
     .action = image::Action::print_table},
};

}  // namespace

std::expected<PrintOptions, size_t> print_options(const std::vector<Argument>& arguments) {
  PrintOptions options;
  size_t numbers = 0;
  for (size_t i = 1; i < arguments.size(); ++i) {
    const Argument& argument = arguments[i];
    if (argument.integer && numbers < 2) {
      (numbers++ == 0 ? options.top : options.div) = signed_literal(argument);
    } else if (argument.word == "value") {
      options.order = image::MapOrder::by_value;
    } else if (argument.word == "key") {
      options.order = image::MapOrder::by_key;
    } else if (argument.word == "desc") {
      options.descending = true;
    } else if (argument.word != "asc") {
      return std::unexpected(i);
    }
  }
  return options;
}

std::span<const Builtin> report_rows() { return kRows; }

}  // namespace sonde::builtins
