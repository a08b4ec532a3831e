// Any bytes may be a script: the front end must come back with a tree or a diagnostic that can be rendered, and what it
// accepted it must be able to dump and to split.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "diag/render.h"
#include "parse/attach_spec.h"
#include "parse/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sonde;
  const std::string text(reinterpret_cast<const char*>(data), size);
  source::SourceSet sources;
  diag::Diagnostics diagnostics;
  ast::Arena arena;
  const source::BufferId buffer = sources.add("fuzz", text);
  const ast::Program* program = parse::parse(sources, buffer, arena, diagnostics);
  for (const diag::Diagnostic& diagnostic : diagnostics.all()) {
    SONDE_CHECK(diagnostic.range.begin <= diagnostic.range.end && diagnostic.range.end <= size);
    SONDE_CHECK(!diag::render(diagnostic, sources, true).empty());
  }
  if (diagnostics.ok()) {
    ast::dump(*program);
    const std::vector<std::string> positional{"a:b", "$1@", text.substr(0, 40)};
    for (const ast::Probe* probe : program->probes)
      for (const ast::AttachPoint& point : probe->attach_points)
        parse::split_attach_point(point, positional, diagnostics);
  }
  parse::parse_expression(sources, buffer, arena, diagnostics);
  return 0;
}
