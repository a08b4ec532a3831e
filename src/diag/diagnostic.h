// Diagnostics as data: what the user's program got wrong. Passes append; the driver renders (diag/render.h). Nothing here
// prints.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "source/location.h"

namespace sonde::diag {

enum class Severity : uint8_t { error, warning, note };

// One enumerator per row of catalog.def.
enum class Id : uint16_t {
#define SONDE_DIAG(id, severity, text) id,
#include "diag/catalog.def"
#undef SONDE_DIAG
};

struct CatalogRow {
  std::string_view name;
  Severity severity;
  std::string_view text;
};

// The row of an id. constexpr, so that emissions can check their argument count while compiling.
constexpr CatalogRow row(Id id) {
  constexpr CatalogRow rows[] = {
#define SONDE_DIAG(id, severity, text) {#id, Severity::severity, text},
#include "diag/catalog.def"
#undef SONDE_DIAG
  };
  return rows[static_cast<size_t>(id)];
}

// Number of arguments that a text needs: one more than its highest `{N}`.
constexpr size_t placeholders(std::string_view text) {
  size_t count = 0;
  for (size_t i = 0; i + 2 < text.size(); ++i)
    if (text[i] == '{' && text[i + 1] >= '0' && text[i + 1] <= '9' && text[i + 2] == '}')
      count = std::max<size_t>(count, static_cast<size_t>(text[i + 1] - '0') + 1);
  return count;
}

// A related place with its own text (a note row, already expanded).
struct Label {
  source::Range range;
  std::string text;
};

struct Diagnostic {
  Id id;
  source::Range range;                       // invalid: a message without location
  std::string text;                          // the row's text with its arguments filled in
  std::vector<Label> labels;                 // further complete blocks with the same severity
  std::vector<std::string> hints;            // `HINT: ...` lines
  std::vector<source::Range> expanded_from;  // macro or import levels, innermost first
  Severity severity() const { return row(id).severity; }
};

inline std::string argument_text(std::string_view text) { return std::string(text); }
inline std::string argument_text(std::integral auto number) { return std::to_string(number); }

// Replaces `{N}` by the N-th argument.
std::string fill(std::string_view text, const std::vector<std::string>& arguments);

// Append-only list of one compilation. Passes return; the driver asks ok() between them.
class Diagnostics {
 public:
  // Appends row `id` at `range`. The count of arguments must match the row's placeholders (checked while compiling).
  // The returned reference serves to add labels and hints and is valid until the next emission.
  template <Id id, typename... Arguments>
  Diagnostic& emit(source::Range range, const Arguments&... arguments) {
    static_assert(placeholders(row(id).text) == sizeof...(Arguments), "arguments do not match the catalogue row");
    return append({id, range, fill(row(id).text, {argument_text(arguments)...}), {}, {}, {}});
  }
  Diagnostic& append(Diagnostic diagnostic);
  // What is reported about `buffer` from now on was expanded from `levels` (the statements that imported it, innermost
  // first).
  void set_origin(source::BufferId buffer, std::vector<source::Range> levels);

  bool ok() const { return errors_ == 0; }
  size_t errors() const { return errors_; }
  const std::vector<Diagnostic>& all() const { return all_; }

 private:
  std::vector<Diagnostic> all_;
  std::map<uint32_t, std::vector<source::Range>> origins_;
  size_t errors_ = 0;
};

}  // namespace sonde::diag
