// Dumps one stage of the compiler for the goldens: sonde-golden STAGE FILE [--snapshot FOLDER].
// Stages: parse, sema, plan, ir, image print the stage's form; diag prints the diagnostics, whatever became of the program.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "compile/compile.h"
#include "diag/render.h"
#include "kernel/live_view.h"
#include "kernel/snapshot_view.h"

namespace {

using sonde::compile::Compilation;
using sonde::compile::Stage;

struct StageRow {
  std::string_view name;
  Stage last;
  std::string (*dump)(const Compilation& compilation);
};

const StageRow kStages[] = {
    {"parse", Stage::parse, [](const Compilation& c) { return sonde::ast::dump(c.tree()); }},
    {"sema", Stage::sema, [](const Compilation& c) { return sonde::sema::dump(c.typed()); }},
    {"plan", Stage::plan, [](const Compilation& c) { return sonde::image::dump(c.image()); }},
    {"ir", Stage::lower, [](const Compilation& c) { return c.ir_before(); }},
    {"image", Stage::lower, [](const Compilation& c) { return sonde::image::dump(c.image()); }},
    {"diag", Stage::plan, nullptr},
};

std::string rendered(const Compilation& compilation) {
  std::string out;
  for (const auto& diagnostic : compilation.diagnostics().all())
    out += sonde::diag::render(diagnostic, compilation.sources(), false);
  if (!compilation.failure().empty()) out += compilation.failure() + "\n";
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && !(argc == 5 && std::string_view(argv[3]) == "--snapshot")) {
    std::fputs("usage: sonde-golden STAGE FILE [--snapshot FOLDER]\n", stderr);
    return 2;
  }
  const StageRow* stage = nullptr;
  for (const StageRow& row : kStages)
    if (row.name == argv[1]) stage = &row;
  std::ifstream in(argv[2], std::ios::binary);
  if (!stage || !in) {
    std::fprintf(stderr, "sonde-golden: no such %s\n", stage ? "file" : "stage");
    return 2;
  }
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  sonde::types::TypeContext types;
  auto kernel = sonde::kernel::snapshot_view(types, argc == 5 ? argv[4] : "");
  if (!kernel && stage->last != Stage::parse) {
    std::fprintf(stderr, "sonde-golden: %s\n", kernel.error().text().c_str());
    return 2;
  }
  const sonde::kernel::BinaryView binaries;
  auto offline = kernel ? nullptr : sonde::kernel::live_view(types);  // parsing asks it nothing
  Compilation compilation(kernel ? **kernel : *offline, binaries, {.want_ir = stage->name == "ir"});
  const bool done = compilation.run(argv[2], text, stage->last);
  if (!stage->dump) {
    std::fputs(rendered(compilation).c_str(), stdout);
    return 0;
  }
  if (!done) {
    std::fputs(rendered(compilation).c_str(), stderr);
    return 1;
  }
  std::fputs(stage->dump(compilation).c_str(), stdout);
  return 0;
}
