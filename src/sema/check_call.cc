// Calls of builtin rows: arity and kinds from the row, worded as stdlib.md 1.3 wants, then the row's own hooks.
#include <linux/bpf.h>

#include <algorithm>

#include "kernel/elf_symbols.h"
#include "sema/typing.h"

namespace sonde::sema {

using bound::as;
using builtins::Argument;
using builtins::ParamKind;
using diag::Id;
using types::Kind;

namespace {

// Of calls that take any number of them.
constexpr size_t kMostArguments = 128;

}  // namespace

ParamKind param_kind(const builtins::Builtin& row, size_t index) {
  return index < row.params.size() ? row.params[index].kind : ParamKind::any;
}

// What hooks may ask about the probe and the compilation. Their diagnostics are collected apart, because only sema knows
// whether this round speaks aloud and which macro the call came out of.
class Typing::CallEnvironment : public builtins::CallEnvironment {
 public:
  CallEnvironment(Typing& typing, const bound::Call& call) : typing_(typing), call_(call) {}

  types::TypeContext& types() override { return typing_.types_; }
  diag::Diagnostics& diagnostics() override { return diagnostics_; }
  std::string provider() const override { return probe().provider; }
  std::string probetype() const override { return probe().probetype; }
  std::string probe_name() const override { return probe().full_name; }
  bool capable(uint32_t capability) const override { return (probe().capabilities & capability) == capability; }
  types::Space space() const override { return probe().space; }
  std::string config(std::string_view key) const override {
    // Unstable features are free to use inside the library.
    if (call_.from_library && key.starts_with("unstable_")) return "enable";
    return typing_.inputs_.config.text(key);
  }
  std::string configured(std::string_view key) const override { return typing_.inputs_.config.text(key); }
  bool unsafe_allowed() const override { return typing_.inputs_.unsafe; }
  Result<uint64_t> symbol_address(std::string_view name) override {
    return refuses_machine() ? 0 : typing_.inputs_.kernel.symbol_address(name);
  }
  Result<uint64_t> cgroup_id(std::string_view path) override {
    return refuses_machine() ? 0 : typing_.inputs_.kernel.cgroup_id(path);
  }
  types::TypeRef kernel_type(std::string_view tag, std::string_view name) override {
    return typing_.names_.find(tag, name);
  }
  uint32_t possible_cpus() const override { return typing_.inputs_.kernel.possible_cpus(); }
  bool has_feature(std::string_view name) const override { return typing_.inputs_.kernel.has_feature(name); }
  bool has_kernel_function(std::string_view name) const override {
    return typing_.inputs_.kernel.find_function("vmlinux", name).has_value();
  }
  bool calls_kernel_functions() const override {
    const uint32_t type = probe().program_type;
    const bool iterator = tracing() == image::TracingKind::iterator;
    return type == BPF_PROG_TYPE_TRACEPOINT || type == BPF_PROG_TYPE_PERF_EVENT ||
           (type == BPF_PROG_TYPE_TRACING && !iterator);
  }
  std::optional<image::TracingKind> tracing() const override {
    const auto* attach = std::get_if<image::TracingAttach>(&probe().attach);
    return attach ? std::optional(attach->kind) : std::nullopt;
  }
  std::string probe_binary() const override {
    const auto* attach = std::get_if<image::UprobeAttach>(&probe().attach);
    return attach ? attach->path : std::string();
  }
  Result<builtins::UserSymbol> user_symbol(std::string_view name) override;
  void declare_option(source::Range range, const builtins::ScriptOption& option) override;

 private:
  // What is a number of this machine would be a wrong one where a portable program runs.
  bool refuses_machine() {
    if (typing_.inputs_.portable) diagnostics_.emit<Id::portable_unsupported>(call_.range, call_.row->name);
    return typing_.inputs_.portable;
  }
  const probes::ResolvedProbe& probe() const { return typing_.program_->probe; }

  Typing& typing_;
  const bound::Call& call_;
  diag::Diagnostics diagnostics_;
};

Result<builtins::UserSymbol> Typing::CallEnvironment::user_symbol(std::string_view name) {
  const auto* attach = std::get_if<image::UprobeAttach>(&probe().attach);
  if (!attach || attach->sites.empty()) return base::fail("no user probe");
  const auto symbol = kernel::find_elf_symbol(attach->path, name);
  if (!symbol) return std::unexpected(symbol.error());
  const image::UprobeSite& site = attach->sites.front();
  const auto probed = kernel::elf_address_of_offset(attach->path, site.file_offset);
  if (!probed) return std::unexpected(probed.error());
  return builtins::UserSymbol{symbol->address, symbol->size, *probed};
}

void Typing::CallEnvironment::declare_option(source::Range range, const builtins::ScriptOption& option) {
  if (!typing_.final_) return;
  for (const builtins::ScriptOption& known : typing_.tree_.options) {
    if (known.name != option.name) continue;
    if (known.kind != option.kind || known.default_text != option.default_text)
      diagnostics_.emit<Id::option_other_default>(range, option.name, known.default_text);
    else if (known.description != option.description)
      diagnostics_.emit<Id::option_other_description>(range, option.name);
    return;
  }
  typing_.tree_.options.push_back(option);
}

Argument Typing::describe(const bound::Expr& argument, ParamKind kind) {
  Argument out;
  out.range = argument.range;
  if (argument.kind == bound::Kind::word) {
    out.word = static_cast<const bound::Word&>(argument).text;
    return out;
  }
  const auto describe_map = [&](const bound::Map& map) {
    builtins::MapArgument described;
    described.name = map.name;
    described.scalar = map.shape != bound::Map::Shape::keyed;
    described.key = map.key.type ? map.key.type : types_.none();
    described.value = map.value.type ? map.value.type : types_.none();
    out.map = described;
  };
  if (argument.kind == bound::Kind::map_whole) {
    describe_map(*static_cast<const bound::MapWhole&>(argument).map);
    return out;
  }
  out.type = argument.type ? argument.type : types_.none();
  if (argument.kind == bound::Kind::map_access && (kind == ParamKind::any || kind == ParamKind::map_or_any)) {
    describe_map(*static_cast<const bound::MapAccess&>(argument).map);
    out.keyed_read = true;
  }
  out.constant = argument.literal.has_value() || literal_tuple(argument) != nullptr;
  if (const auto& literal = argument.literal) {
    if (literal->kind == bound::Literal::Kind::text) out.text = literal->text;
    if (literal->kind == bound::Literal::Kind::boolean) out.boolean = literal->bits != 0;
    if (literal->kind == bound::Literal::Kind::integer) {
      out.integer = literal->bits;
      out.negative = literal->negative;
      if (literal->spelled) out.text = literal->text;  // a script parameter: both readings are possible
    }
  }
  return out;
}

bool Typing::check_arity(bound::Call& call) {
  const builtins::Builtin& row = *call.row;
  size_t least = 0;
  for (const builtins::Param& param : row.params) least += param.optional ? 0 : 1;
  const size_t most = row.variadic ? kMostArguments : row.params.size(), given = call.arguments.size();
  if (given >= least && given <= most) return true;
  if (row.kind == builtins::RowKind::value && most == 0) {
    // Written like a macro without parameters, and refused like one.
    report<Id::macro_no_match>(call, row.name).hints.push_back("`" + std::string(row.name) + "` takes no arguments");
  } else if (least == most && !row.variadic) {
    if (most == 0)
      report<Id::call_no_arguments>(call, row.name, given);
    else if (most == 1)
      report<Id::call_one_argument>(call, row.name, given);
    else
      report<Id::call_exact_arguments>(call, row.name, most, given);
  } else if (given < least) {
    if (least == 1)
      report<Id::call_at_least_one>(call, row.name, given);
    else
      report<Id::call_at_least>(call, row.name, least, given);
  } else {
    if (most == 1)
      report<Id::call_up_to_one>(call, row.name, given);
    else
      report<Id::call_up_to>(call, row.name, most, given);
  }
  return false;
}

bool Typing::check_availability(bound::Call& call) {
  const builtins::Builtin& row = *call.row;
  const probes::ResolvedProbe& probe = program_->probe;
  if (row.refusal && (probe.capabilities & row.needs) != row.needs) {
    const std::string text = diag::fill(diag::row(*row.refusal).text, {std::string(row.name), probe.provider});
    reporter_.add({*row.refusal, call.range, text, {}, {}, {}}, call.levels);
    return false;
  }
  if (row.unsafe && !inputs_.unsafe) {
    report<Id::call_unsafe>(call, row.name).hints.push_back("the option --unsafe allows it");
    return false;
  }
  if (row.returns && call.in_for) {
    report<Id::jump_not_allowed>(call, "return", "for-loop");
    return false;
  }
  if (row.kind == builtins::RowKind::aggregate && !call.assigned_to_map) {
    report<Id::aggregate_misplaced>(call, row.name);
    return false;
  }
  return true;
}

bool Typing::wrong_argument(bound::Call& call, TypeRef given, std::string_view wanted) {
  // Aggregations of one number word it differently.
  const bool number = call.row->kind == builtins::RowKind::aggregate && call.row->params.size() == 1;
  report<Id::call_argument_type>(call, call.row->name, number ? "integer" : wanted,
                                 number ? types::printed(given) : types::base_name(given));
  return false;
}

bool Typing::check_argument(bound::Call& call, size_t index) {
  const ParamKind kind = param_kind(*call.row, index);
  bound::Expr& argument = *call.arguments[index];
  const std::string_view name = call.row->name;
  const bool whole = argument.kind == bound::Kind::map_whole;
  if (argument.kind == bound::Kind::word) return true;
  if (argument.kind == bound::Kind::unknown) return false;
  if (whole) {
    const bound::Map& map = *static_cast<bound::MapWhole&>(argument).map;
    if (map.value.type) return true;
    undefined_map(argument.range, argument.levels, map, call.row->unknown_map);
    return false;
  }
  if (kind == ParamKind::map) {
    // `delete(@a[1], @b[2])` of old scripts.
    if (param_kind(*call.row, 1) == ParamKind::map_key)
      report<Id::macro_no_match>(call, name);
    else
      report<Id::call_map_argument>(call, name);
    return false;
  }
  const TypeRef type = argument.type;
  if (!type) return false;
  if (type->guessed) return kind != ParamKind::string_literal && kind != ParamKind::integer_literal;
  const auto& literal = argument.literal;
  const bool text = literal && (literal->kind == bound::Literal::Kind::text || literal->spelled);
  const bool integer = literal && literal->kind == bound::Literal::Kind::integer;
  switch (kind) {
    case ParamKind::string_literal:
      if (text) return true;
      report<Id::call_string_literal>(call, name, types::base_name(type));
      return false;
    case ParamKind::integer_literal:
      if (integer) return true;
      report<Id::call_integer_literal>(call, name, types::base_name(type));
      return false;
    case ParamKind::integer:
      return type->is_integer() || is_castable_aggregate(type) ? true : wrong_argument(call, type, "int");
    case ParamKind::string: return type->kind == Kind::string ? true : wrong_argument(call, type, "string");
    case ParamKind::pointer_or_integer:
      return type->is_integer() || type->kind == Kind::pointer ? true : wrong_argument(call, type, "int or pointer");
    case ParamKind::word:
      // The row words it: what it expects is a closed set that only it knows.
    case ParamKind::word_or_literal:
    case ParamKind::place:
    case ParamKind::any:
    case ParamKind::map_or_any:
    case ParamKind::map:
    case ParamKind::map_key:
    case ParamKind::variable: return true;
  }
  return true;
}

// What has no value is no argument. Rows that say so in their own words did.
bool Typing::check_values(bound::Call& call) {
  for (const bound::Expr* argument : call.arguments) {
    if (!argument->type || (argument->type->kind != Kind::none && argument->type->kind != Kind::void_type)) continue;
    if (argument->kind == bound::Kind::map_whole || argument->kind == bound::Kind::word) continue;
    return wrong_argument(call, argument->type, "value");
  }
  return true;
}

// find(@m, k, $v): variable and values of the map are one type, since the row copies from one to the other.
void Typing::join_slots(bound::Call& call) {
  auto* whole = call.arguments.empty() ? nullptr : as<bound::MapWhole>(call.arguments.front());
  if (!whole || param_kind(*call.row, 0) != ParamKind::map) return;
  bound::Map& map = *whole->map;
  for (size_t i = 1; i < call.arguments.size(); ++i) {
    auto* address = as<bound::AddressOf>(call.arguments[i]);
    if (!address || param_kind(*call.row, i) != ParamKind::variable) continue;
    bound::Slot& slot = address->variable->slot;
    if (final_) {
      if (map.value.type && slot.type && settled(types_, map.value.type) != settled(types_, slot.type))
        report<Id::variable_type_mismatch>(call, address->variable->name, types::printed(map.value.type),
                                           types::printed(slot.type));
      continue;
    }
    if (map.value.type) merge(slot, map.value.type);
    if (slot.type && map.value.type) merge(map.value, slot.type);
  }
}

TypeRef Typing::call(bound::Call& call) {
  const builtins::Builtin& row = *call.row;
  // The key of a map_key argument belongs to the map in front of it.
  bool pending = false;
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    bound::Expr* argument = call.arguments[i];
    auto* whole = i > 0 ? as<bound::MapWhole>(call.arguments[i - 1]) : nullptr;
    if (whole && param_kind(row, i) == ParamKind::map_key && whole->map->shape == bound::Map::Shape::keyed) {
      map_key(*whole->map, *argument, false);
    } else {
      member_follows_ = param_kind(row, i) == ParamKind::place;
      expr(argument);
    }
    const bool by_reference = argument->kind == bound::Kind::map_whole || argument->kind == bound::Kind::address_of;
    pending |= !by_reference && !argument->type;
  }
  join_slots(call);
  if (final_) {
    if (!check_arity(call) || !check_availability(call)) return nullptr;
    bool good = true;
    for (size_t i = 0; i < call.arguments.size(); ++i) good &= check_argument(call, i);
    if (!good || pending) return nullptr;
  } else {
    size_t least = 0;
    for (const builtins::Param& param : row.params) least += param.optional ? 0 : 1;
    const bool arity = call.arguments.size() >= least && (row.variadic || call.arguments.size() <= row.params.size());
    if (pending || !arity) return nullptr;
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      // A map without values yet does not matter to most rows; literals and words must be what the hook relies on.
      if (call.arguments[i]->kind != bound::Kind::map_whole && !check_argument(call, i)) return nullptr;
      if (call.arguments[i]->kind != bound::Kind::map_whole && param_kind(row, i) == ParamKind::map) return nullptr;
    }
  }
  std::vector<Argument> arguments;
  for (size_t i = 0; i < call.arguments.size(); ++i)
    arguments.push_back(describe(*call.arguments[i], param_kind(row, i)));
  CallEnvironment environment(*this, call);
  builtins::CallView view{row, call.range, arguments, environment};
  TypeRef type = row.check ? row.check(view) : types_.void_type();
  if (final_ && environment.diagnostics().all().empty() && !check_values(call)) return nullptr;
  if (type && row.fold) {
    if (const auto value = row.fold(view)) {
      call.literal.emplace();
      if (const auto* bits = std::get_if<uint64_t>(&*value)) {
        call.literal->bits = *bits;
        if (type->kind == Kind::boolean) call.literal->kind = bound::Literal::Kind::boolean;
        call.literal->negative = type->kind == Kind::integer && type->is_signed && static_cast<int64_t>(*bits) < 0;
      } else {
        call.literal->kind = bound::Literal::Kind::text;
        call.literal->text = std::get<std::string>(*value);
      }
    }
  }
  reporter_.add_all(environment.diagnostics(), call.levels);
  return type;
}

}  // namespace sonde::sema
