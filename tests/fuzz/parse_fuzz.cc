// The parser on any input: it ends, it does not touch memory it does not own, and a script without errors has a tree
// that the formatter can print.
#include <cstddef>
#include <cstdint>
#include <string>

#include "ast/ast.h"
#include "base/check.h"
#include "diag/diagnostic.h"
#include "parse/parse.h"
#include "source/source_buffer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sonde;
  source::SourceSet sources;
  ast::Arena arena;
  diag::Diagnostics diagnostics;
  const source::BufferId buffer = sources.add("fuzz", std::string(reinterpret_cast<const char*>(data), size));
  const ast::Program* tree = parse::parse(sources, buffer, arena, diagnostics);
  SONDE_CHECK(tree || !diagnostics.ok());
  if (tree && diagnostics.ok()) ast::dump(*tree);
  return 0;
}
