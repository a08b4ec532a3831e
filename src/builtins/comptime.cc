// What is known before the program runs: facts about types, and the script's named parameters.
#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"

namespace sonde::builtins {
namespace {

using image::ParameterKind;
using Constant = std::optional<std::variant<uint64_t, std::string>>;

// --- predicates ---------------------------------------------------------------------------------------------------------

Constant truth(bool value) { return Constant(uint64_t{value}); }

template <bool (*Holds)(const Argument&)>
Constant fold_predicate(CallView& call) {
  if (unresolved(call.arguments[0])) return std::nullopt;
  return truth(Holds(call.arguments[0]));
}

template <Kind Wanted>
bool has_kind(const Argument& argument) {
  return argument.type && argument.type->kind == Wanted;
}
bool is_integer(const Argument& argument) { return argument.type && argument.type->is_integer(); }
bool is_unsigned(const Argument& argument) {
  return is_integer(argument) && (argument.type->kind == Kind::enumeration || !argument.type->is_signed);
}
bool is_literal(const Argument& argument) { return argument.constant; }
bool is_scalar_map(const Argument& argument) { return argument.map && argument.map->scalar; }

// --- getopt -------------------------------------------------------------------------------------------------------------

struct OptionType {
  ParameterKind kind = ParameterKind::boolean;
  std::string default_text = "false";
};

std::optional<OptionType> option_type(const std::vector<Argument>& arguments) {
  if (arguments.size() < 2) return OptionType{};
  const Argument& usual = arguments[1];
  if (usual.boolean) return OptionType{ParameterKind::boolean, *usual.boolean ? "true" : "false"};
  if (usual.text) return OptionType{ParameterKind::string, *usual.text};
  if (!usual.integer) return std::nullopt;
  if (usual.negative) return OptionType{ParameterKind::signed_integer, std::to_string(signed_literal(usual))};
  return OptionType{ParameterKind::unsigned_integer, std::to_string(*usual.integer)};
}

TypeRef check_getopt(CallView& call) {
  diag::Diagnostics& diagnostics = call.env.diagnostics();
  const std::vector<Argument>& arguments = call.arguments;
  if (arguments.empty() || arguments.size() > 3) {
    diagnostics.emit<diag::Id::getopt_arguments>(call.range);
    return nullptr;
  }
  if (!arguments[0].text) {
    diagnostics.emit<diag::Id::getopt_name>(call.range);
    return nullptr;
  }
  const std::optional<OptionType> option = option_type(arguments);
  if (!option) {
    diagnostics.emit<diag::Id::getopt_default>(call.range);
    return nullptr;
  }
  if (arguments.size() == 3 && !arguments[2].text) {
    diagnostics.emit<diag::Id::getopt_description>(call.range);
    return nullptr;
  }
  const std::string description = arguments.size() == 3 ? *arguments[2].text : std::string();
  call.env.declare_option(call.range, {*arguments[0].text, description, option->kind, option->default_text});
  types::TypeContext& types = call.env.types();
  switch (option->kind) {
    case ParameterKind::boolean: return types.boolean();
    case ParameterKind::signed_integer: return types.integer(8, true);
    case ParameterKind::string: return types.string(static_cast<uint32_t>(std::stoull(call.env.config("max_strlen"))));
    default: return types.integer(8, false);
  }
}

Reg lower_getopt(Codegen& cg) {
  const std::string& name = *cg.described(0).text;
  const TypeRef type = cg.result_type();
  if (type->kind == Kind::boolean) return cg.parameter(ParameterKind::boolean, name);
  if (type->kind == Kind::integer)
    return cg.parameter(type->is_signed ? ParameterKind::signed_integer : ParameterKind::unsigned_integer, name);
  cg.copy(cg.result(), cg.parameter_memory(ParameterKind::string, name, type->size), type->size);
  return {};
}

// --- config -------------------------------------------------------------------------------------------------------------

// A value of the configuration by how it is written: truth, number, or text.
TypeRef config_type(types::TypeContext& types, const std::string& text) {
  if (text == "true" || text == "false") return types.boolean();
  const bool number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  return number ? types.integer(8, false) : types.string(static_cast<uint32_t>(text.size()) + 1);
}

TypeRef check_config(CallView& call) {
  return config_type(call.env.types(), call.env.configured(*call.arguments[0].text));
}

Constant fold_config(CallView& call) {
  const std::string text = call.env.configured(*call.arguments[0].text);
  switch (config_type(call.env.types(), text)->kind) {
    case Kind::boolean: return truth(text == "true");
    case Kind::integer: return Constant(uint64_t{std::stoull(text)});
    default: return Constant(text);
  }
}

constexpr Param kKey[] = {{"key", ParamKind::string_literal}};
constexpr Param kAny[] = {{"value", ParamKind::any}};
constexpr Param kMap[] = {{"map", ParamKind::map}};
constexpr Param kGetoptParams[] = {
    {"name", ParamKind::any, true}, {"default", ParamKind::any, true}, {"description", ParamKind::any, true}};

constexpr Builtin kRows[] = {
    {.name = "__config",
     .params = kKey,
     .summary = "A value of the configuration; for the library's `config`.",
     .example = "begin { print(__config(\"max_strlen\")); }",
     .check = check_config,
     .fold = fold_config},
    {.name = "getopt",
     .params = kGetoptParams,
     .variadic = true,
     .summary = "Value of the script's parameter `--name`, given behind `--`: a boolean, or of the default's type.",
     .example = "begin { printf(\"%d\\n\", getopt(\"limit\", 10, \"entries to show\")); }",
     .check = check_getopt,
     .lower = lower_getopt},
    {.name = "is_array",
     .params = kAny,
     .summary = "Whether a value is an array.",
     .example = "begin { print(is_array(pton(\"1.2.3.4\"))); }",
     .check = bool_result,
     .fold = fold_predicate<has_kind<Kind::array>>},
    {.name = "is_integer",
     .params = kAny,
     .summary = "Whether a value is an integer.",
     .example = "begin { print(is_integer(pid)); }",
     .check = bool_result,
     .fold = fold_predicate<is_integer>},
    {.name = "is_literal",
     .params = kAny,
     .summary = "Whether a value is known while compiling.",
     .example = "begin { print(is_literal(1 + 1)); }",
     .check = bool_result,
     .fold = fold_predicate<is_literal>},
    {.name = "is_ptr",
     .params = kAny,
     .summary = "Whether a value is a pointer.",
     .example = "begin { print(is_ptr(curtask)); }",
     .check = bool_result,
     .fold = fold_predicate<has_kind<Kind::pointer>>},
    {.name = "is_scalar",
     .params = kMap,
     .summary = "Whether a map has no keys.",
     .example = "begin { @a = 1; print(is_scalar(@a)); }",
     .unknown_map = diag::Id::unknown_map,
     .check = bool_result,
     .fold = fold_predicate<is_scalar_map>},
    {.name = "is_str",
     .params = kAny,
     .summary = "Whether a value is a string.",
     .example = "begin { print(is_str(comm)); }",
     .check = bool_result,
     .fold = fold_predicate<has_kind<Kind::string>>},
    {.name = "is_unsigned_integer",
     .params = kAny,
     .summary = "Whether a value is an unsigned integer.",
     .example = "begin { print(is_unsigned_integer(pid)); }",
     .check = bool_result,
     .fold = fold_predicate<is_unsigned>},
};

}  // namespace

std::span<const Builtin> comptime_rows() { return kRows; }

}  // namespace sonde::builtins
