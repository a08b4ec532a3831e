// Storage and programs. What a map is to the kernel is decided here: values without a key live in arrays, which cost no
// lookup, aggregations in per-CPU kinds, everything else in hashes.
#include "plan/plan.h"

#include <algorithm>
#include <cstdio>

#include "base/check.h"
#include "plan/events.h"
#include "plan/walk.h"
#include "types/capability.h"
#include "types/layout.h"

namespace sonde::plan {
namespace {

// What the runtime needs of the configuration.
image::RuntimeConfig runtime_config(const sema::Config& config) {
  image::RuntimeConfig out;
  out.print_maps_on_exit = config.boolean("print_maps_on_exit");
  out.cpp_demangle = config.boolean("cpp_demangle");
  out.lazy_symbolication = config.boolean("lazy_symbolication");
  out.show_debug_info = config.boolean("show_debug_info");
  out.str_trunc_trailer = config.text("str_trunc_trailer");
  out.missing_probes = config.text("missing_probes");
  out.cache_user_symbols = config.text("cache_user_symbols");
  out.license = config.text("license");
  out.max_cat_bytes = config.integer("max_cat_bytes");
  out.max_probes = config.integer("max_probes");
  out.perf_rb_pages = config.integer("perf_rb_pages");
  out.log_size = config.integer("log_size");
  out.max_strlen = config.integer("max_strlen");
  return out;
}

using image::MapDesc;
using image::MapKind;
using types::TypeRef;

constexpr uint32_t kWord = 8;
constexpr uint32_t kArrayKeySize = 4;
// Maps get the memory for all entries when they are made, so that making one cannot fail, as long as that is not more than
// this (for each CPU, where they have a value for each).
constexpr uint64_t kMadeBeforehand = 1 << 20;
// Entries of a map of series in blocks, unless that many keys or blocks of one key are wanted: the kernel makes 16 bytes for
// each beforehand.
constexpr uint64_t kMostBlocks = 1 << 18;
// The kernel's BTF and the linker take longer names, but messages and `bpftool prog` become unreadable.
constexpr size_t kNameLimit = 127;

uint32_t round_up(uint32_t size) { return (size + kWord - 1) / kWord * kWord; }

bool resolved(TypeRef type) { return type && type->kind != types::Kind::none && type->kind != types::Kind::void_type; }

MapKind declared_kind(const std::string& name) {
  if (name == "lruhash") return MapKind::lru_hash;
  if (name == "percpuhash") return MapKind::percpu_hash;
  if (name == "percpulruhash") return MapKind::percpu_lru_hash;
  SONDE_CHECK(name == "hash");
  return MapKind::hash;
}

image::AggDesc aggregate_desc(TypeRef type) {
  const builtins::Builtin* row = builtins::find_builtin(type->aggregate);
  SONDE_CHECK(row && row->aggregate);
  return row->aggregate(type);
}

class Planner {
 public:
  Planner(const sema::TypedProgram& program, const sema::Config& config, const source::SourceSet& sources)
      : program_(program), config_(config), sources_(sources) {}

  Plan run(const Options& options) {
    plan_.image.target = {options.arch, options.portable, options.kernel_release};
    plan_.image.config = runtime_config(config_);
    for (const sema::Map& map : program_.maps) add(&map, user_map(map));
    for (const sema::Program& program : program_.programs) add_program(program);
    for (const sema::Program& program : program_.programs)
      for_each_call(program, [&](const sema::Call& call) {
        if (call.row->action && !prints_to_sequence(program, call)) plan_event(plan_, call, sources_, types_);
      });
    for (const sema::ScriptOption& option : program_.options) {
      const bool text = option.kind == image::ParameterKind::string;
      const auto size = text ? static_cast<uint32_t>(config_.integer("max_strlen")) : uint32_t{sizeof(uint64_t)};
      plan_.image.parameters.push_back({option.kind, option.name, option.description, option.default_text, 0, size});
    }
    add_internal_maps();
    return std::move(plan_);
  }

 private:
  void add(const sema::Map* map, MapDesc desc) {
    plan_.maps[map] = {static_cast<uint32_t>(plan_.image.maps.size())};
    plan_.image.maps.push_back(std::move(desc));
  }

  MapDesc user_map(const sema::Map& map) {
    MapDesc desc;
    desc.name = map.name;
    desc.elf_name = "m_" + map.name.substr(1);
    desc.scalar = map.scalar;
    // A map that is cleared or printed but never written has no value type; it stays empty whatever it could hold.
    const TypeRef value = resolved(map.value) ? map.value : types_.integer(8, true);
    desc.value = types::layout_of(value, plan_.image.types);
    desc.value_size = value->size;
    if (value->kind == types::Kind::aggregate) {
      desc.aggregate = aggregate_desc(value);
      desc.value_size = desc.aggregate->cell_size;
    }
    if (map.scalar) {
      scalar_storage(desc);
    } else {
      keyed_storage(desc, map);
    }
    return desc;
  }

  // A series with many intervals has blocks of them as entries, in scalar maps too.
  static bool in_blocks(const MapDesc& desc) {
    return desc.aggregate && desc.aggregate->intervals > image::kSeriesBlock;
  }

  static void block_storage(MapDesc& desc, uint64_t entries) {
    const uint64_t blocks = (desc.aggregate->intervals + image::kSeriesBlock - 1) / image::kSeriesBlock;
    desc.block_offset = (desc.key_size + kArrayKeySize - 1) / kArrayKeySize * kArrayKeySize;
    desc.key_size = *desc.block_offset + kArrayKeySize;
    desc.max_entries = static_cast<uint32_t>(std::min(entries * blocks, std::max({entries, blocks, kMostBlocks})));
  }

  static void scalar_storage(MapDesc& desc) {
    if (in_blocks(desc)) {
      desc.kind = MapKind::percpu_hash;
      block_storage(desc, 1);
      desc.on_demand = true;
      return;
    }
    desc.kind = desc.aggregate ? MapKind::percpu_array : MapKind::array;
    desc.key_size = kArrayKeySize;
    desc.max_entries = 1;
    desc.value_size = round_up(desc.value_size);
    if (desc.aggregate) return;
    desc.written_flag_offset = desc.value_size;
    desc.value_size += kWord;
  }

  // The buckets of a histogram are one value: a key costs all of them at once, but an update is one lookup.
  void keyed_storage(MapDesc& desc, const sema::Map& map) {
    const TypeRef key = resolved(map.key) ? map.key : types_.integer(8, true);
    desc.key = types::layout_of(key, plan_.image.types);
    desc.key_size = key->size;
    desc.kind = desc.aggregate ? MapKind::percpu_hash : MapKind::hash;
    if (map.declared_kind) desc.kind = declared_kind(*map.declared_kind);
    const uint64_t entries = map.declared_entries.value_or(config_.integer("max_map_keys"));
    desc.max_entries = static_cast<uint32_t>(std::min<uint64_t>(entries, UINT32_MAX));
    if (in_blocks(desc)) block_storage(desc, desc.max_entries);
    // The kernel makes least-recently-used maps beforehand only.
    const bool may_wait = desc.kind == MapKind::hash || desc.kind == MapKind::percpu_hash;
    desc.on_demand = may_wait && uint64_t{desc.key_size + desc.value_size} * desc.max_entries > kMadeBeforehand;
  }

  void add_internal(const char* name, MapKind kind, uint32_t value_size, uint32_t entries) {
    MapDesc desc;
    desc.name = desc.elf_name = name;
    desc.kind = kind;
    desc.internal = true;
    desc.key_size = kind == MapKind::ring_buffer ? 0 : kArrayKeySize;
    desc.value_size = value_size;
    desc.max_entries = entries;
    plan_.image.maps.push_back(std::move(desc));
  }

  // What counts errors and holds scratch memory is added by lowering, which alone knows whether a program needs it.
  void add_internal_maps() {
    if (plan_.image.events.empty()) return;
    add_internal(image::kRingMap, MapKind::ring_buffer, 0, 0);
    add_internal(image::kLossMap, MapKind::percpu_array, sizeof(image::LossCell),
                 static_cast<uint32_t>(program_.programs.size()));
  }

  // The full name, made a symbol, and a number that keeps equal names apart (probes.md 1).
  std::string symbol_of(const std::string& full_name, size_t number) const {
    std::string symbol;
    for (const char c : full_name) symbol += isalnum(static_cast<unsigned char>(c)) ? c : '_';
    if (symbol.size() > kNameLimit) {
      uint64_t hash = 0xcbf29ce484222325;
      for (const char c : full_name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
      char digits[17];
      std::snprintf(digits, sizeof digits, "%016lx", static_cast<unsigned long>(hash));
      symbol = symbol.substr(0, kNameLimit - 16) + digits;
    }
    return symbol + "_" + std::to_string(number);
  }

  void add_program(const sema::Program& program) {
    const size_t index = plan_.image.programs.size();
    const probes::ResolvedProbe& probe = program.probe;
    image::ProgramDesc desc;
    desc.probe_name = probe.label.empty() ? probe.full_name : probe.label;
    desc.symbol = symbol_of(desc.probe_name, index + 1);
    desc.section = "s_" + desc.symbol;
    desc.provider = probe.provider;
    desc.program_type = probe.program_type;
    desc.expected_attach_type = probe.expected_attach_type;
    desc.sleepable = (probe.capabilities & types::kSleepable) != 0;
    desc.internal = program.saves_for != nullptr;
    desc.attach = probe.attach;
    desc.span = add_span(plan_, sources_, program.range, nullptr);
    plan_.programs[&program] = {static_cast<uint32_t>(index)};
    plan_.image.programs.push_back(std::move(desc));
  }

  const sema::TypedProgram& program_;
  const sema::Config& config_;
  const source::SourceSet& sources_;
  types::TypeContext types_;  // of the layouts that no expression has
  Plan plan_;
};

}  // namespace

Plan make_plan(const sema::TypedProgram& program, const sema::Config& config, const source::SourceSet& sources,
               const Options& options) {
  return Planner(program, config, sources).run(options);
}

}  // namespace sonde::plan
