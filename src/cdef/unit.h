// The C unit of a program: its own C section, what that includes and what -I and --include add. Works without a compiler
// and without headers installed; types that nobody declares come from BTF when a declaration asks for them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cdef/headers.h"
#include "diag/diagnostic.h"
#include "kernel/kernel_view.h"
#include "source/source_buffer.h"
#include "types/type.h"

namespace sonde::cdef {

struct UnitOptions {
  std::vector<std::string> include_dirs;  // -I, in order
  std::vector<std::string> includes;      // --include, in order
};

class Unit {
 public:
  // All must outlive the unit; what it declares lives in the kernel view's type context.
  Unit(source::SourceSet& sources, const kernel::KernelView& kernel, UnitOptions options);
  ~Unit();

  // Reads the headers of --include. Errors have no range but that of a line made up for them.
  void read_includes(diag::Diagnostics& diagnostics);
  // Reads the C items of a script, in order, as one file. Quoted includes begin in the folder of the file `name`, then in
  // the working directory.
  void read(const std::vector<source::Range>& items, const std::string& name, diag::Diagnostics& diagnostics);
  // Reads a whole header, as for `import "x.h"`; `text` is a buffer of the source set.
  void read_header(source::BufferId text, diag::Diagnostics& diagnostics);

  // A type that the unit declares, or one of the C language's basic names; null: ask the kernel.
  types::TypeRef find_type(std::string_view tag, std::string_view name);
  std::optional<kernel::Enumerator> find_enumerator(std::string_view name);

  // Whether it read any header.
  bool has_headers() const;

  // Value of an object-like macro, fully expanded, as text; empty: no such macro, or nothing in it. A macro that stands for
  // itself (`#define X X` beside an enumerator) is none.
  std::optional<std::string> define(std::string_view name);
  // The value of an object-like macro by the rules of C, as an integer literal of the language.
  std::optional<std::string> define_number(std::string_view name);
  bool is_function_macro(std::string_view name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sonde::cdef
