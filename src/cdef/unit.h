// The C unit of a program: its own C section, what that includes and what -I and --include add. Works without a compiler
// and without headers installed; types that nobody declares come from BTF when a declaration asks for them.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
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

// What a unit uses without declaring it: types of the C library and the kernel, and enumerators of BTF.
struct Borrowed {
  struct Name {
    std::string tag;  // "struct", "union", "enum"; empty: a typedef
    std::string name;
    types::TypeRef type = nullptr;
  };
  std::vector<Name> types;
  std::vector<std::pair<std::string, uint64_t>> enumerators;
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

  // Value of an object-like macro, fully expanded; empty: no such macro, or nothing in it. A macro that stands for itself
  // (`#define X X` beside an enumerator) is none.
  struct Define {
    std::string text;
    bool needs_c = false;  // mentions what only C knows, such as `sizeof(unsigned long)`
  };
  std::optional<Define> define(std::string_view name);
  // The value of an object-like macro by the rules of C, as an integer literal of the language.
  std::optional<std::string> define_number(std::string_view name);
  // The macros through which an object-like macro leads back to itself, as in `A->B`; empty when it does not.
  std::string recursion(std::string_view name) const;
  bool is_function_macro(std::string_view name) const;

  // --- for a second reader of the same text ---------------------------------------------------------------------------
  // All that was read, preprocessed, as C text.
  std::string text() const;
  // Was all of it preprocessed without errors?
  bool is_preprocessed() const;
  bool mentions(std::string_view name) const;
  // Does the text define it, also where our parser did not take the definition?
  bool declares(std::string_view tag, std::string_view name) const;
  // "struct x", "name_t": the types that the user's files define or, by typedef, use.
  std::set<std::string> own_types() const;
  Borrowed borrowed();
  // Folders of the kernel's source tree, and whether any header was read there.
  const std::vector<std::string>& kernel_tree() const;
  bool has_kernel_headers() const;
  // Reads text that another preprocessor made, with its macros as #define lines. Declarations that our parser does not
  // know are skipped.
  void read_expanded(const std::string& text, diag::Diagnostics& diagnostics);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sonde::cdef
