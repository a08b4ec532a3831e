// Listing: the registries do the work, here it is decided what is listed, and the lines go out in one write.
#include "driver/list.h"

#include <unistd.h>

#include <cstdio>

#include "compile/compile.h"
#include "driver/script.h"
#include "probes/listing.h"

namespace sonde::driver {
namespace {

void print_lines(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  std::fwrite(out.data(), 1, out.size(), stdout);
}

void print_warnings(const std::vector<std::string>& warnings, const Options& options, const Console& console) {
  if (options.no_warnings) return;
  for (const std::string& warning : warnings) console.warning(warning);
}

// The probes of a program, resolved as for a run, in order.
int list_program(const Script& script, const Options& options, const Console& console) {
  types::TypeContext types;
  const auto kernel = open_kernel(types, options, console);
  if (!kernel) return 1;
  const kernel::BinaryView binaries(options.debuginfo);
  compile::Options how;
  how.positional = options.positional;
  how.environment = environment();
  how.pid = options.pid;
  how.unsafe = options.unsafe;
  how.include_dirs = options.include_dirs;
  how.includes = options.includes;
  how.import_root = script.root;
  compile::Compilation compilation(*kernel, binaries, how);
  const bool done = compilation.run(script.name, script.text, compile::Stage::sema);
  print_diagnostics(compilation, options, console);
  if (!done) return 1;
  diag::Diagnostics unused;
  probes::ProbeContext context{.kernel = *kernel, .binaries = binaries, .diagnostics = unused};
  for (const sema::Program& program : compilation.typed().programs)
    if (!program.saves_for) print_lines(probes::list_resolved(context, program.probe, options.verbose));
  print_warnings(context.warnings, options, console);
  return 0;
}

}  // namespace

int list_probes(const Options& options, const Console& console) {
  Options as_script = options;
  as_script.file = options.search;
  if (options.program || access(options.search.c_str(), R_OK) == 0) {
    const auto script = read_script(as_script);
    if (script) return list_program(*script, options, console);
    console.error(script.error().text());
    return 1;
  }
  types::TypeContext types;
  const auto kernel = open_kernel(types, options, console);
  if (!kernel) return 1;
  const kernel::BinaryView binaries(options.debuginfo);
  diag::Diagnostics diagnostics;
  probes::ProbeContext context{.kernel = *kernel, .binaries = binaries, .diagnostics = diagnostics};
  context.pid = options.pid;
  const probes::Listing listing = probes::list_probes(context, options.search, options.verbose);
  if (!options.no_warnings)
    for (const std::string& warning : listing.warnings) console.warning(warning);
  print_lines(listing.lines);
  print_warnings(context.warnings, options, console);
  return 0;
}

}  // namespace sonde::driver
