// Puts header search, preprocessor and parser together.
#include "cdef/unit.h"

#include <filesystem>
#include <utility>

#include "cdef/parser.h"
#include "cdef/preprocessor.h"
#include "cdef/types.h"

namespace sonde::cdef {
namespace {

// Chars are unsigned on arm64 Linux.
bool is_arm(const kernel::KernelView& kernel) { return kernel.arch() == "aarch64"; }

source::Range whole(const source::SourceSet& sources, source::BufferId buffer) {
  return {buffer, 0, static_cast<uint32_t>(sources.buffer(buffer).text().size())};
}

}  // namespace

struct Unit::State {
  State(source::SourceSet& set, const kernel::KernelView& view, UnitOptions given)
      : sources(set),
        kernel(view),
        options(std::move(given)),
        headers(options.include_dirs, view.arch(), view.release()),
        preprocessor(set, headers, view.has_btf()),
        types(static_cast<UnitTypes&>(view.types().keep(std::make_unique<UnitTypes>(view, !is_arm(view))))),
        parser(types, is_arm(view), [this](source::BufferId buffer) { return preprocessor.is_system(buffer); }) {
    types.set_kernel_headers([this](source::BufferId buffer) { return preprocessor.is_kernel(buffer); });
  }

  void read(const std::vector<source::Range>& pieces, const std::string& folder, diag::Diagnostics& diagnostics) {
    if (!std::exchange(prepared, true)) {
      const source::BufferId buffer = sources.add("<predefined>", predefined_macros(kernel.arch(), kernel.has_btf()));
      diag::Diagnostics unused;
      std::vector<Token> nothing;
      preprocessor.run({whole(sources, buffer)}, "", unused, nothing);
    }
    std::vector<Token> tokens;
    preprocessor.run(pieces, folder, diagnostics, tokens);
    // After a failed #include or #error the declarations would only repeat what is missing.
    if (diagnostics.ok()) parser.run(tokens, diagnostics);
  }

  source::SourceSet& sources;
  const kernel::KernelView& kernel;
  UnitOptions options;
  HeaderSearch headers;
  Preprocessor preprocessor;
  UnitTypes& types;
  Parser parser;
  bool prepared = false;
};

Unit::Unit(source::SourceSet& sources, const kernel::KernelView& kernel, UnitOptions options)
    : state_(std::make_unique<State>(sources, kernel, std::move(options))) {}

Unit::~Unit() = default;

void Unit::read_includes(diag::Diagnostics& diagnostics) {
  if (state_->options.includes.empty()) return;
  std::string text;
  for (const std::string& name : state_->options.includes) text += "#include \"" + name + "\"\n";
  const source::BufferId buffer = state_->sources.add("--include", std::move(text));
  state_->read({whole(state_->sources, buffer)}, "", diagnostics);
}

void Unit::read(const std::vector<source::Range>& items, const std::string& name, diag::Diagnostics& diagnostics) {
  state_->read(items, std::filesystem::path(name).parent_path().string(), diagnostics);
}

void Unit::read_header(source::BufferId text, diag::Diagnostics& diagnostics) {
  const std::string& name = state_->sources.buffer(text).name();
  state_->read({whole(state_->sources, text)}, std::filesystem::path(name).parent_path().string(), diagnostics);
}

types::TypeRef Unit::find_type(std::string_view tag, std::string_view name) { return state_->types.find(tag, name); }

std::optional<kernel::Enumerator> Unit::find_enumerator(std::string_view name) {
  const EnumeratorEntry* entry = state_->types.find_enumerator(name);
  if (!entry) return {};
  return kernel::Enumerator{state_->types.convert(entry->owner, 8), entry->value};
}

std::optional<std::string> Unit::define(std::string_view name) {
  const std::vector<Token> tokens = state_->preprocessor.expand_object(name);
  if (tokens.empty()) return {};
  for (const Token& token : tokens)
    if (token.kind == TokenKind::identifier && token.text == name) return {};
  return spelled(tokens);
}

std::optional<std::string> Unit::define_number(std::string_view name) {
  const auto value = state_->parser.value(state_->preprocessor.expand_object(name));
  if (!value) return {};
  return value->negative() ? std::to_string(static_cast<int64_t>(value->bits)) : std::to_string(value->bits);
}

bool Unit::has_headers() const { return state_->preprocessor.has_headers(); }

bool Unit::is_function_macro(std::string_view name) const {
  const Macro* macro = state_->preprocessor.find(name);
  return macro && macro->function_like;
}

}  // namespace sonde::cdef
