// The seams between C definitions and the checker.
#include "compile/c_section.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "cdef/headers.h"
#include "cdef/kernel_tree.h"
#include "compile/clang.h"
#include "compile/kernel_header.h"
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
      folders_(options_.include_dirs),
      clang_(kernel.types()),
      ask_clang_(ask_clang) {}

CSection::~CSection() = default;

cdef::Unit& CSection::unit() {
  if (!unit_) unit_ = std::make_unique<cdef::Unit>(sources_, kernel_, options_);
  return *unit_;
}

// Our own reader first: it needs no compiler, and its messages show the script. What it refuses may still be good C.
bool CSection::accept(diag::Diagnostics problems, std::string text, diag::Diagnostics& diagnostics) {
  const size_t errors = diagnostics.errors();
  text_ += text;
  const bool taken = ask_clang_ && (by_clang_ || !problems.ok()) && read_by_clang();
  for (const diag::Diagnostic& problem : problems.all())
    if (!taken || problem.severity() != diag::Severity::error) diagnostics.append(problem);
  return diagnostics.errors() == errors;
}

// clang gets what our preprocessor made, so that both mean the same headers and macros; and the text itself where our
// preprocessor refuses it, whose macros and declarations are then those that clang found.
bool CSection::read_by_clang() {
  std::string text;
  if (unit_->is_preprocessed()) {
    text = unit_->text();
  } else {
    ClangFolders folders{folders_, {}};
    if (unit_->has_kernel_headers()) folders.system = unit_->kernel_tree();
    std::string before = cdef::script_macros(kernel_.has_btf());
    if (unit_->has_kernel_headers()) before += cdef::kernel_tree_preamble();
    const auto output = preprocess(before + text_, folders);
    if (!output || !output->good) return false;
    text.assign(output->output.begin(), output->output.end());
    auto unit = std::make_unique<cdef::Unit>(sources_, kernel_, options_);
    diag::Diagnostics unused;
    unit->read_expanded(text, unused);
    unit_ = std::move(unit);
  }
  const cdef::Borrowed borrowed = unit_->borrowed();
  const auto named = [this](std::string_view tag, std::string_view name) -> types::TypeRef {
    if (name.starts_with(kTypedefTag)) return kernel_.find_type("", name.substr(kTypedefTag.size()));
    if (name.empty() || unit_->declares(tag, name)) return nullptr;
    return kernel_.find_type(tag, name);
  };
  by_clang_ = clang_.read(
      {.c = kernel_header(borrowed) + text,
       .types = unit_->own_types(),
       .borrowed = named,
       .declares = [this](std::string_view tag, std::string_view name) { return unit_->declares(tag, name); }});
  return by_clang_;
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
  if (const std::string folder = std::filesystem::path(name).parent_path(); !folder.empty()) folders_.push_back(folder);
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
  if (by_clang_ && unit_->mentions(name))
    if (const types::TypeRef type = clang_.find(tag, name); type && type->size != 0) return type;
  if (const types::TypeRef type = unit_->find_type(tag, name)) return type;
  if (tag.empty() && unit_->find_enumerator(name)) return nullptr;
  // A declaration of a header that our reader left out.
  if (by_clang_ || !may_be_left_out(name) || kernel_.find_type(tag, name) || !read_by_clang()) return nullptr;
  const types::TypeRef type = clang_.find(tag, name);
  return type && type->size != 0 ? type : nullptr;
}

// Is it a name of the text that clang may know better?
bool CSection::may_be_left_out(std::string_view name) const {
  return ask_clang_ && (by_clang_ || unit_->has_headers()) && unit_->mentions(name);
}

std::optional<kernel::Enumerator> CSection::enumerator(std::string_view name) {
  if (!unit_) return {};
  if (auto found = unit_->find_enumerator(name)) return found;
  if (!may_be_left_out(name) || kernel_.find_enumerator(name) || (!by_clang_ && !read_by_clang())) return {};
  const auto value = clang_.value(name);
  if (!value) return {};
  types::CEnum made{
      .name = {}, .variants = {{std::string(name), value->bits}}, .field_size = 8, .is_signed = value->negative};
  return kernel::Enumerator{kernel_.types().enumeration(kernel_.types().add_enum(std::move(made))), value->bits};
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
  const auto found = unit_->define(name);
  if (!found) {
    const std::string circle = unit_->recursion(name);
    if (!circle.empty() && !enumerator(name)) diagnostics.emit<Id::c_macro_recursion>(use, circle);
    return nullptr;
  }
  // An expression of this language if it is one, else a number of C: `10UL`, `'a'`, `sizeof(int) * 2` with C's types.
  const ast::Expr* value = found->needs_c ? nullptr : parse(name, use, found->text);
  if (!value)
    if (const auto number = c_number(name, *found)) value = parse(name, use, *number);
  if (!value && found->needs_c) value = parse(name, use, found->text);
  if (!value) {
    diagnostics.emit<Id::c_macro_value>(use, found->text);
    return nullptr;
  }
  defines_.emplace(name, value);
  return value;
}

std::optional<std::string> CSection::c_number(std::string_view name, const cdef::Unit::Define& macro) {
  if (auto number = unit_->define_number(name)) return number;
  if (!macro.needs_c || !ask_clang_ || (!by_clang_ && !read_by_clang())) return {};
  const auto value = clang_.value(macro.text);
  if (!value) return {};
  return value->negative ? std::to_string(static_cast<int64_t>(value->bits)) : std::to_string(value->bits);
}

}  // namespace sonde::compile
