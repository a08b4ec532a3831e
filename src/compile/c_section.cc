// The seams between C definitions and the checker.
#include "compile/c_section.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "parse/parse.h"

namespace sonde::compile {

using diag::Id;

CSection::CSection(source::SourceSet& sources, ast::Arena& arena, diag::Diagnostics& diagnostics,
                   const kernel::KernelView& kernel, cdef::UnitOptions options, bool ask_clang)
    : sources_(sources),
      arena_(arena),
      diagnostics_(diagnostics),
      kernel_(kernel),
      options_(std::move(options)),
      clang_(kernel.types(), options_.include_dirs),
      ask_clang_(ask_clang) {}

CSection::~CSection() = default;

cdef::Unit& CSection::unit() {
  if (!unit_) unit_ = std::make_unique<cdef::Unit>(sources_, kernel_, options_);
  return *unit_;
}

// Our own reader first: it needs no compiler, and its messages show the script. What it refuses may still be good C.
bool CSection::accept(diag::Diagnostics problems, std::string text, diag::Diagnostics& diagnostics) {
  text_ += text;
  const bool taken = ask_clang_ && (by_clang_ || !problems.ok()) && clang_.read(text_);
  by_clang_ |= taken;
  for (const diag::Diagnostic& problem : problems.all())
    if (!taken || problem.severity() != diag::Severity::error) diagnostics.append(problem);
  return diagnostics.ok();
}

bool CSection::read(const ast::Program& program, diag::Diagnostics& diagnostics) {
  if (!options_.includes.empty() && !unit_) {
    diag::Diagnostics problems;
    unit().read_includes(problems);
    std::string text;
    for (const std::string& name : options_.includes) text += "#include \"" + name + "\"\n";
    if (!accept(std::move(problems), std::move(text), diagnostics)) return false;
  }
  if (program.c_items.empty()) return true;
  std::vector<source::Range> items;
  std::string text;
  for (const ast::CItem& item : program.c_items) {
    items.push_back(item.range);
    const std::string_view written = sources_.text(item.range);
    text += std::string(written) + (written.starts_with('#') || written.ends_with(';') ? "\n" : ";\n");
  }
  const std::string& name = sources_.buffer(items.front().buffer).name();
  if (const std::string folder = std::filesystem::path(name).parent_path(); !folder.empty()) clang_.add_folder(folder);
  diag::Diagnostics problems;
  unit().read(items, name, problems);
  return accept(std::move(problems), std::move(text), diagnostics);
}

bool CSection::read_header(source::BufferId buffer, diag::Diagnostics& diagnostics) {
  diag::Diagnostics problems;
  unit().read_header(buffer, problems);
  return accept(std::move(problems), "#include \"" + sources_.buffer(buffer).name() + "\"\n", diagnostics);
}

types::TypeRef CSection::type(std::string_view tag, std::string_view name) {
  if (!unit_) return nullptr;
  if (by_clang_)
    if (const types::TypeRef type = clang_.find(tag, name); type && type->size != 0) return type;
  if (const types::TypeRef type = unit_->find_type(tag, name)) return type;
  // A declaration of a header that our reader left out.
  if (by_clang_ || !ask_clang_ || !unit_->has_headers() || kernel_.find_type(tag, name) || !clang_.read(text_))
    return nullptr;
  by_clang_ = true;
  const types::TypeRef type = clang_.find(tag, name);
  return type && type->size != 0 ? type : nullptr;
}

std::optional<kernel::Enumerator> CSection::enumerator(std::string_view name) {
  return unit_ ? unit_->find_enumerator(name) : std::nullopt;
}

bool CSection::is_function_macro(std::string_view name) const { return unit_ && unit_->is_function_macro(name); }

const ast::Expr* CSection::parse(std::string_view name, source::Range use, std::string text) {
  const source::BufferId buffer = sources_.add(std::string(name), std::move(text));
  // Later uses have the same tree and so the same origin.
  diagnostics_.set_origin(buffer, {use});
  diag::Diagnostics problems;
  return parse::parse_expression(sources_, buffer, arena_, problems);
}

const ast::Expr* CSection::define(std::string_view name, source::Range use, diag::Diagnostics& diagnostics) {
  if (!unit_) return nullptr;
  if (const auto known = defines_.find(name); known != defines_.end()) return known->second;
  const auto text = unit_->define(name);
  if (!text) return nullptr;
  // An expression of this language if it is one, else a number of C: `10UL`, `'a'`, `sizeof(int) * 2` with C's types.
  const ast::Expr* value = parse(name, use, *text);
  if (!value)
    if (const auto number = unit_->define_number(name)) value = parse(name, use, *number);
  if (!value) {
    diagnostics.emit<Id::c_macro_value>(use, name, *text);
    return nullptr;
  }
  defines_.emplace(name, value);
  return value;
}

}  // namespace sonde::compile
