// From syntax tree to typed program. Requires: a tree parsed without errors. Guarantees on success: every rule of
// language.md that can be decided before loading holds.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ast/ast.h"
#include "diag/diagnostic.h"
#include "kernel/binary_view.h"
#include "kernel/kernel_view.h"
#include "probes/provider.h"
#include "sema/config.h"
#include "sema/typed_program.h"
#include "source/source_buffer.h"

namespace sonde::sema {

// The program's arguments as given on the command line (language.md 16).
struct ScriptArguments {
  std::vector<std::string> positional;
};

struct Inputs {
  source::SourceSet& sources;
  const ast::Program& script;                // the root script
  std::vector<const ast::Program*> imports;  // imported scripts, in order of import
  std::vector<const ast::Program*> library;  // embedded stdlib/*.bt
  const Config& config;
  const ScriptArguments& arguments;
  const kernel::KernelView& kernel;
  const kernel::BinaryView& binaries;
  ast::Arena& arena;  // for trees parsed from #define values
  // Splits a raw attach point (quotes, `$N`, label); reports what is wrong with its text and answers nothing then.
  std::function<std::optional<probes::AttachText>(const ast::AttachPoint&, diag::Diagnostics&)> split_attach_point;
  // Value of an object-like `#define`, parsed as an expression; null: no such name. May be empty.
  std::function<const ast::Expr*(std::string_view name, source::Range use, diag::Diagnostics&)> find_define;
  // Types and enumerators of the script's own C section, asked before those of the kernel. May be empty.
  std::function<types::TypeRef(std::string_view tag, std::string_view name)> find_script_type;
  std::function<std::optional<kernel::Enumerator>(std::string_view name)> find_script_enumerator;
  // Whether the parser itself knows the name (`pid`): written bare, no macro replaces it. May be empty.
  std::function<bool(std::string_view name)> is_parser_name;
  // Is this the name of a function-like macro? Scripts cannot call those. May be empty.
  std::function<bool(std::string_view name)> is_function_macro;
  // A function of an imported C file or object; null: no such name. May be empty.
  std::function<const kernel::FunctionProto*(std::string_view name)> find_c_function;
  std::vector<std::string> c_functions;  // their names, for suggestions
  bool portable = false;                 // for other kernels than the one at hand
  bool unsafe = false;
  std::optional<int> pid;   // -p or the child of -c
  bool pid_filter = false;  // -p: wrap kernel probes in a pid test
  bool has_child = false;   // -c
  // Programs run only for tasks in this cgroup or below it; empty: everywhere.
  std::string cgroup;
};

// Null when errors were reported.
std::unique_ptr<TypedProgram> check(const Inputs& inputs, diag::Diagnostics& diagnostics);

}  // namespace sonde::sema
