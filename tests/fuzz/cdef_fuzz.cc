// The C unit on any text: it ends, and what it declares can be asked for.
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "cdef/unit.h"
#include "diag/render.h"
#include "kernel/snapshot_view.h"

namespace {

void visit(sonde::types::TypeRef type, int depth) {
  if (!type || depth > 4) return;
  sonde::types::printed(type);
  if (type->element) visit(type->element, depth + 1);
  if (type->c_record)
    for (const sonde::types::CField& field : type->c_record->fields()) visit(field.type, depth + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sonde;
  types::TypeContext types;
  const auto kernel = kernel::snapshot_view(types, SONDE_SNAPSHOTS_DIR "/default");
  SONDE_CHECK(kernel.has_value());
  source::SourceSet sources;
  diag::Diagnostics diagnostics;
  cdef::Unit unit(sources, **kernel, {});
  const std::string text(reinterpret_cast<const char*>(data), size);
  const source::BufferId buffer = sources.add("fuzz.h", text);
  unit.read_header(buffer, diagnostics);
  for (const diag::Diagnostic& diagnostic : diagnostics.all()) diag::render(diagnostic, sources, false);
  // Every word of the text may name something.
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) ++end;
    const std::string_view word(text.data() + at, end - at);
    for (const std::string_view tag : {"struct", "union", "enum", ""}) visit(unit.find_type(tag, word), 0);
    unit.find_enumerator(word);
    unit.define(word);
    unit.define_number(word);
    at = end + 1;
  }
  return 0;
}
