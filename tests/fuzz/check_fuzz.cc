// The checker on any input that parses: it ends, accepts or reports, and what it accepts can be planned and dumped.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "compile/compile.h"
#include "diag/render.h"
#include "kernel/binary_view.h"
#include "kernel/snapshot_view.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sonde;
  types::TypeContext types;
  const auto kernel = kernel::snapshot_view(types, SONDE_SNAPSHOTS_DIR "/default");
  SONDE_CHECK(kernel.has_value());
  const kernel::BinaryView binaries;
  compile::Options options;
  options.positional = {"42", "text"};
  options.ask_clang = false;
  compile::Compilation compilation(**kernel, binaries, options);
  const std::string text(reinterpret_cast<const char*>(data), size);
  const bool good = compilation.run("fuzz", text, compile::Stage::plan);
  SONDE_CHECK(good || !compilation.diagnostics().ok() || !compilation.failure().empty());
  for (const diag::Diagnostic& diagnostic : compilation.diagnostics().all()) {
    diag::render(diagnostic, compilation.sources(), false);
  }
  if (good) {
    sema::dump(compilation.typed());
    image::dump(compilation.image());
  }
  return 0;
}
