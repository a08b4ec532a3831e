// The pass list of sema. Each pass takes the finished work of those before it. Errors of one pass do not end the list: what
// they leave unknown stays silent, and the rest of the program is checked, so that one run tells all that is wrong.
#include "sema/sema.h"

#include "sema/binder.h"
#include "sema/build.h"
#include "sema/expand_probes.h"
#include "sema/infer.h"
#include "sema/macros.h"
#include "sema/reporter.h"
#include "sema/type_names.h"
#include "sema/typing.h"

namespace sonde::sema {
namespace {

using diag::Id;

// All scripts in the order in which their probes run: imports come before the importer.
std::vector<const ast::Program*> scripts_of(const Inputs& inputs) {
  std::vector<const ast::Program*> scripts = inputs.imports;
  scripts.push_back(&inputs.script);
  return scripts;
}

void collect_macros(const Inputs& inputs, MacroTable& macros, Reporter& reporter) {
  for (const ast::Program* program : inputs.library) macros.add(*program, true, reporter);
  for (const ast::Program* program : scripts_of(inputs)) {
    macros.add(*program, false, reporter);
    for (const ast::Function* function : program->functions)
      reporter.emit<Id::function_reserved>(function->name_range, nullptr, function->name);
  }
}

// A key and a value are one piece of memory to the kernel; aggregates are small.
void check_map_size(const bound::Map& map, Reporter& reporter) {
  if (map.declared_entries.value_or(0) > kMostMapEntries)
    reporter.emit<Id::map_entries_limit>(map.declared_kind_range, nullptr, map.name, *map.declared_entries,
                                         kMostMapEntries);
  if (!map.value.type) return;
  const uint64_t key = map.key.type && map.shape == bound::Map::Shape::keyed ? map.key.type->size : 0;
  const uint64_t bytes = key + map.value.type->size;
  if (bytes > kMostEntryBytes)
    reporter.emit<Id::map_entry_limit>(map.first_use, nullptr, map.name, bytes, kMostEntryBytes);
}

// Rules about whole maps, once all types stand.
void check_maps(const bound::Tree& tree, Reporter& reporter) {
  for (const bound::Map& map : tree.maps) {
    check_map_size(map, reporter);
    if (!map.declared_kind) continue;
    if (!map.value.type) {
      if (reporter.ok()) reporter.emit<Id::unused_map>(map.declared_kind_range, nullptr, map.name);
      continue;
    }
    const bool aggregate = map.value.type->kind == types::Kind::aggregate;
    const bool per_cpu = map.declared_kind->starts_with("percpu");
    if (aggregate != per_cpu)
      reporter.emit<Id::map_kind_mismatch>(map.declared_kind_range, nullptr, *map.declared_kind,
                                           aggregate ? "percpuhash" : "hash");
  }
}

// Programs at a return that read `args` get a companion at the entry.
void add_entry_programs(TypedProgram& typed) {
  const size_t written = typed.programs.size();
  for (size_t i = 0; i < written; ++i) {
    const Program& program = typed.programs[i];
    if (!program.probe.entry_attach) continue;
    Program& entry = typed.programs.emplace_back();
    entry.saves_for = &program;
    entry.range = entry.body.range = program.range;
    entry.probe = program.probe;
    entry.probe.attach = *program.probe.entry_attach;
    entry.probe.entry_attach.reset();
    entry.probe.arg_source = probes::ArgSource::registers;
  }
}

}  // namespace

std::unique_ptr<TypedProgram> check(const Inputs& inputs, diag::Diagnostics& diagnostics) {
  Reporter reporter(diagnostics);
  bound::Tree tree;

  MacroTable macros;
  collect_macros(inputs, macros, reporter);
  if (!reporter.ok()) return nullptr;

  // Every attach point is resolved; from here on there is one tree per program.
  std::vector<const ast::Probe*> refused;
  for (const ast::Program* script : scripts_of(inputs)) expand_probes(inputs, *script, macros, tree, refused, reporter);

  const TypeNames names(inputs);
  Binder binder(inputs, macros, names, tree, reporter);
  for (const ast::Program* script : scripts_of(inputs)) binder.declare_maps(*script);
  for (const ast::Probe* probe : refused) binder.skip_probe(*probe);
  for (bound::Program& program : tree.programs) binder.bind_program(program);
  if (binder.gave_up()) return nullptr;

  // Names mean something, or were reported; no macro is left.
  Inference inference(tree, binder, reporter, inputs.kernel.types());
  Typing typing(inputs, names, tree, reporter, [&](bound::Slot& slot) { inference.slot_changed(slot); });
  inference.run(typing);
  if (binder.gave_up()) return nullptr;

  // Types stand still: now the rules that need them.
  for (bound::Program& program : tree.programs) typing.check(program);
  check_maps(tree, reporter);
  if (!reporter.ok()) return nullptr;

  std::unique_ptr<TypedProgram> typed = build(tree, typing, inputs.kernel.types());
  if (typed) add_entry_programs(*typed);
  return typed;
}

}  // namespace sonde::sema
