// The seams between C definitions and the checker.
#include "compile/c_section.h"

#include <utility>
#include <vector>

#include "parse/parse.h"

namespace sonde::compile {

using diag::Id;

CSection::CSection(source::SourceSet& sources, ast::Arena& arena, diag::Diagnostics& diagnostics,
                   const kernel::KernelView& kernel, cdef::UnitOptions options)
    : sources_(sources), arena_(arena), diagnostics_(diagnostics), kernel_(kernel), options_(std::move(options)) {}

CSection::~CSection() = default;

cdef::Unit& CSection::unit() {
  if (!unit_) unit_ = std::make_unique<cdef::Unit>(sources_, kernel_, options_);
  return *unit_;
}

bool CSection::read(const ast::Program& program, diag::Diagnostics& diagnostics) {
  if (!options_.includes.empty() && !unit_) unit().read_includes(diagnostics);
  if (!diagnostics.ok() || program.c_items.empty()) return diagnostics.ok();
  std::vector<source::Range> items;
  for (const ast::CItem& item : program.c_items) items.push_back(item.range);
  unit().read(items, sources_.buffer(items.front().buffer).name(), diagnostics);
  return diagnostics.ok();
}

bool CSection::read_header(source::BufferId text, diag::Diagnostics& diagnostics) {
  unit().read_header(text, diagnostics);
  return diagnostics.ok();
}

types::TypeRef CSection::type(std::string_view tag, std::string_view name) {
  return unit_ ? unit_->find_type(tag, name) : nullptr;
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
