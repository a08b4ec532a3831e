// Imports of the root script and of what it imports (language.md 14): finds the files, refuses those that others may
// write, and parses scripts. What to do with C files is decided later.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ast/ast.h"
#include "base/result.h"
#include "diag/diagnostic.h"
#include "kernel/bpf_object.h"
#include "source/source_buffer.h"

namespace sonde::compile {

enum class CImportKind : uint8_t { header, source, object };

// An imported `.h`, `.bpf.c` or `.bpf.o`.
struct CImport {
  CImportKind kind;
  std::string path;     // to open it
  std::string name;     // as the script names it
  source::Range range;  // the import statement
};

struct Imports {
  std::vector<const ast::Program*> scripts;  // in the order in which their begin and end probes run
  std::vector<CImport> c_files;              // in the order of their statements
};

// The bytes of a file.
Result<std::string> read_import(const std::string& path);

// The objects of the imported C files, and the functions that scripts may call in them.
class CObjects {
 public:
  explicit CObjects(types::TypeContext& types) : types_(types) {}

  // Compiles sources, reads objects. Problems are reported. `folders`: where headers are looked for, after those of the
  // imported headers.
  void load(const std::vector<CImport>& files, std::vector<std::string> folders, diag::Diagnostics& diagnostics);

  const kernel::FunctionProto* find(std::string_view name) const;
  std::vector<std::string> names() const;
  // Name and ELF bytes of each, in order of import.
  std::vector<std::pair<std::string, std::span<const char>>> elf() const;

 private:
  struct Object {
    std::string name;
    std::unique_ptr<kernel::BpfObject> object;
  };
  void add(const CImport& file, std::vector<char> elf, diag::Diagnostics& diagnostics);

  types::TypeContext& types_;
  std::vector<Object> objects_;
  std::map<std::string, const kernel::FunctionProto*, std::less<>> functions_;
};

class ImportLoader {
 public:
  // Relative paths start at `root`, the folder of the root script; empty: the working directory.
  ImportLoader(std::string root, source::SourceSet& sources, ast::Arena& arena, diag::Diagnostics& diagnostics)
      : root_(std::move(root)), sources_(sources), arena_(arena), diagnostics_(diagnostics) {}

  // Everything that `program` imports, directly or not. Problems are reported.
  // With `blocks` also the import statements inside blocks, of C files only.
  Imports load(const ast::Program& program, bool blocks);

 private:
  struct Place {  // where an import is asked for
    source::Range range;
    std::vector<source::Range> levels;  // the imports around it, innermost first
  };

  void imports_of(const ast::Program& program, const std::vector<source::Range>& levels);
  void import(const std::string& path, const Place& place);
  void block_imports(const ast::Program& program);
  void block_import(const ast::ImportStmt& statement);
  std::optional<std::string> safe_path(const std::string& path, const Place& place);
  void directory(const std::string& path, const std::string& name, const Place& place);
  void file(const std::string& path, const std::string& name, const Place& place);
  void script(const std::string& path, const std::string& name, const Place& place);
  template <diag::Id id, typename... Arguments>
  diag::Diagnostic& report(const Place& place, const Arguments&... arguments);

  std::string root_;
  source::SourceSet& sources_;
  ast::Arena& arena_;
  diag::Diagnostics& diagnostics_;
  std::set<std::string> done_;  // path strings
  Imports imports_;
};

}  // namespace sonde::compile
