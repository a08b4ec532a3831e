// Finding imported files. A file that others may write could make a privileged process load foreign code, so it is not
// even read.
#include "compile/imports.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "base/suggest.h"
#include "parse/parse.h"
#include "sema/ast_walk.h"

namespace sonde::compile {
namespace {

using diag::Id;

// Built-in packages. The standard library is part of every program, so that importing it adds nothing.
constexpr std::string_view kPackages[] = {"stdlib"};

enum class Kind : uint8_t { script, header, source, object };

struct Suffix {
  std::string_view text;
  Kind kind;
};
constexpr Suffix kSuffixes[] = {
    {".bt", Kind::script}, {".h", Kind::header}, {".bpf.c", Kind::source}, {".bpf.o", Kind::object}};

std::optional<Kind> kind_of(std::string_view name) {
  for (const Suffix& suffix : kSuffixes)
    if (name.ends_with(suffix.text)) return suffix.kind;
  return {};
}

// The folder that directly contains `path`.
std::string parent_of(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  const size_t slash = end == std::string::npos ? end : path.rfind('/', end);
  if (slash == std::string::npos) return end == std::string::npos ? "/" : ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool others_may_write(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && (info.st_mode & S_IWOTH) != 0;
}

std::string in_root(const std::string& root, const std::string& path) {
  return path.starts_with('/') || root.empty() ? path : root + "/" + path;
}

bool is_directory(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool exists(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0;
}

std::vector<std::string> entries(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<std::string> read_import(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (!file) return base::fail_errno("open " + path);
  std::string text;
  char buffer[65536];
  for (size_t got; (got = std::fread(buffer, 1, sizeof buffer, file.get())) > 0;) text.append(buffer, got);
  if (std::ferror(file.get())) return base::fail_errno("read " + path);
  return text;
}

template <Id id, typename... Arguments>
diag::Diagnostic& ImportLoader::report(const Place& place, const Arguments&... arguments) {
  return diagnostics_.emit<id>(place.range, arguments...);
}

Imports ImportLoader::load(const ast::Program& program, bool blocks) {
  imports_of(program, {});
  if (blocks) {
    block_imports(program);
    for (const ast::Program* imported : imports_.scripts) block_imports(*imported);
  }
  return std::move(imports_);
}

void ImportLoader::imports_of(const ast::Program& program, const std::vector<source::Range>& levels) {
  for (const ast::RootImport& import : program.imports) this->import(import.path, {import.range, levels});
}

std::optional<std::string> ImportLoader::safe_path(const std::string& path, const Place& place) {
  const std::string found = in_root(root_, path);
  if (path.empty() || !exists(found)) return {};
  if (!others_may_write(found) && !others_may_write(parent_of(found))) return found;
  report<Id::import_unsafe_skipped>(place, found);
  return {};
}

void ImportLoader::import(const std::string& path, const Place& place) {
  if (!done_.insert(path).second) return;
  if (const auto found = safe_path(path, place))
    return is_directory(*found) ? directory(*found, path, place) : file(*found, path, place);
  if (std::ranges::find(kPackages, path) != std::ranges::end(kPackages)) return;
  diag::Diagnostic& diagnostic = report<Id::import_not_found>(place);
  diagnostic.hints.push_back("checked: " + in_root(root_, path));
  std::string similar;
  const std::vector<std::string> packages(std::begin(kPackages), std::end(kPackages));
  for (const std::string& name : base::nearest(path, packages)) similar += (similar.empty() ? "" : ", ") + name;
  if (!similar.empty()) diagnostic.hints.push_back("similar to builtins: " + similar);
}

void ImportLoader::block_imports(const ast::Program& program) {
  sema::AstVisitor visitor;
  visitor.stmt = [this](const ast::Stmt& stmt, size_t) {
    if (const auto* statement = ast::stmt_cast<ast::ImportStmt>(&stmt)) block_import(*statement);
  };
  for (const ast::Probe* probe : program.probes) sema::walk(probe->body, visitor);
  for (const ast::Macro* macro : program.macros) sema::walk(macro->body, visitor);
}

void ImportLoader::block_import(const ast::ImportStmt& statement) {
  const Place place{statement.range, {}};
  const std::string& path = statement.path;
  const bool header = path.ends_with(".h"), object = path.ends_with(".o");
  if (!header && !object && !path.ends_with(".c")) {
    report<Id::block_import_kind>(place);
    return;
  }
  if (!done_.insert(path).second) return;
  const auto found = safe_path(path, place);
  if (!found) {
    report<Id::import_not_found>(place).hints.push_back("checked: " + in_root(root_, path));
    return;
  }
  const CImportKind kind = header ? CImportKind::header : object ? CImportKind::object : CImportKind::source;
  imports_.c_files.push_back({kind, *found, path, statement.range});
}

void ImportLoader::directory(const std::string& path, const std::string& name, const Place& place) {
  for (const std::string& entry : entries(path)) {
    const std::string inside = path + "/" + entry;
    const std::string shown = (name.ends_with('/') ? name : name + "/") + entry;
    if (!kind_of(entry) || is_directory(inside) || !done_.insert(shown).second) continue;
    if (others_may_write(inside))
      report<Id::import_unsafe_directory>(place, inside);
    else
      file(inside, shown, place);
  }
}

void ImportLoader::file(const std::string& path, const std::string& name, const Place& place) {
  const std::optional<Kind> kind = kind_of(path);
  if (!kind) {
    report<Id::import_unknown_type>(place, name);
    return;
  }
  switch (*kind) {
    case Kind::script: return script(path, name, place);
    case Kind::header: imports_.c_files.push_back({CImportKind::header, path, name, place.range}); return;
    case Kind::source: imports_.c_files.push_back({CImportKind::source, path, name, place.range}); return;
    case Kind::object: imports_.c_files.push_back({CImportKind::object, path, name, place.range}); return;
  }
}

void ImportLoader::script(const std::string& path, const std::string& name, const Place& place) {
  Result<std::string> text = read_import(path);
  if (!text) {
    report<Id::import_unreadable>(place, name, std::strerror(text.error().code));
    return;
  }
  if (!text->empty() && text->back() != '\n') *text += '\n';
  const source::BufferId buffer = sources_.add(name, *text);
  std::vector<source::Range> levels = {place.range};
  levels.insert(levels.end(), place.levels.begin(), place.levels.end());
  diagnostics_.set_origin(buffer, levels);
  const ast::Program* program = parse::parse(sources_, buffer, arena_, diagnostics_);
  if (!program->config.empty()) diagnostics_.emit<Id::import_config>(*program->config_range);
  imports_of(*program, levels);
  imports_.scripts.push_back(program);
}

}  // namespace sonde::compile
