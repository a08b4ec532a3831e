// What the C definitions of a program mean to its checker. Nothing is read for programs without any.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ast/ast.h"
#include "cdef/unit.h"
#include "compile/clang_types.h"
#include "diag/diagnostic.h"
#include "kernel/kernel_view.h"
#include "source/source_buffer.h"

namespace sonde::compile {

class CSection {
 public:
  // All must outlive this object. `ask_clang`: where it is installed, it may take what our own reader refuses.
  CSection(source::SourceSet& sources, ast::Arena& arena, diag::Diagnostics& diagnostics,
           const kernel::KernelView& kernel, cdef::UnitOptions options, bool ask_clang);
  ~CSection();

  // Reads --include, once, and the C items of `program`. False when errors were reported.
  bool read(const ast::Program& program, diag::Diagnostics& diagnostics);
  // Reads a header as for `import "x.h"`.
  bool read_header(source::BufferId text, diag::Diagnostics& diagnostics);

  // The seams of sema::Inputs.
  types::TypeRef type(std::string_view tag, std::string_view name);
  std::optional<kernel::Enumerator> enumerator(std::string_view name);
  const ast::Expr* define(std::string_view name, source::Range use, diag::Diagnostics& diagnostics);
  bool is_function_macro(std::string_view name) const;

 private:
  cdef::Unit& unit();
  bool accept(diag::Diagnostics problems, std::string text, diag::Diagnostics& diagnostics);
  bool read_by_clang();
  bool may_be_left_out(std::string_view name) const;
  std::optional<std::string> c_number(std::string_view name, const cdef::Unit::Define& macro);
  const ast::Expr* parse(std::string_view name, source::Range use, std::string text);

  source::SourceSet& sources_;
  ast::Arena& arena_;
  diag::Diagnostics& diagnostics_;
  const kernel::KernelView& kernel_;
  cdef::UnitOptions options_;
  std::unique_ptr<cdef::Unit> unit_;
  std::string text_;                  // all C of the program, as it was written
  std::vector<std::string> folders_;  // where clang looks for headers
  ClangTypes clang_;
  bool ask_clang_;
  bool by_clang_ = false;  // clang took the text; our own reader refused it, or left out what the script asks for
  std::map<std::string, const ast::Expr*, std::less<>> defines_;
};

}  // namespace sonde::compile
