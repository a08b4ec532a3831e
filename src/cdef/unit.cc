// Puts header search, preprocessor and parser together.
#include "cdef/unit.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>
#include <utility>
#include <vector>

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

// Text of a macro's value; neighbouring string literals are one, as in C.
std::string value_text(const std::vector<Token>& tokens) {
  std::string text;
  bool after_string = false;
  for (const Token& token : tokens) {
    const bool string = token.kind == TokenKind::string && token.text.starts_with('"');
    if (string && after_string) {
      text.pop_back();
      text += token.text.substr(1);
    } else {
      if (token.space && !text.empty()) text += ' ';
      text += token.text;
    }
    after_string = string;
  }
  return text;
}

bool is_tag(const Token& token) { return token.is("struct") || token.is("union") || token.is("enum"); }

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
    std::vector<Token> found;
    preprocessor.run(pieces, folder, diagnostics, found);
    preprocessed &= diagnostics.ok();
    // After a failed #include or #error the declarations would only repeat what is missing.
    if (diagnostics.ok()) parser.run(found, diagnostics);
    tokens.insert(tokens.end(), found.begin(), found.end());
    for (size_t i = 0; i + 2 < found.size(); ++i)
      if (is_tag(found[i]) && found[i + 2].is("{")) bodies.emplace(found[i].text, found[i + 1].text);
  }

  source::SourceSet& sources;
  const kernel::KernelView& kernel;
  UnitOptions options;
  HeaderSearch headers;
  Preprocessor preprocessor;
  UnitTypes& types;
  Parser parser;
  const Token& token(size_t index) const {
    static constexpr Token kNone;
    return index < tokens.size() ? tokens[index] : kNone;
  }
  // May the name at `index` be one of a type? Its neighbours tell; asking BTF for every name would take long.
  bool in_place_of_type(size_t index) const {
    const Token& next = token(index + 1);
    const bool declares = next.kind == TokenKind::identifier || next.is("*") || next.is(")") || next.is("(");
    const Token& before = token(index - 1);
    return declares && !is_tag(before) && !before.is(".") && !before.is("->") && !before.is("*") &&
           (before.kind != TokenKind::identifier || Parser::is_keyword(before)) && !Parser::is_keyword(token(index));
  }
  bool in_place_of_enumerator(size_t index) const {
    const auto is_capital = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
    return std::ranges::all_of(token(index).text, is_capital) && !types.find_enumerator(token(index).text);
  }

  std::vector<Token> tokens;  // of all that was read
  // Tags and names with a definition, also one that our parser does not take.
  std::set<std::pair<std::string_view, std::string_view>> bodies;
  bool prepared = false;
  bool preprocessed = true;
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

std::optional<Unit::Define> Unit::define(std::string_view name) {
  const std::vector<Token> tokens = state_->preprocessor.expand_object(name);
  if (tokens.empty()) return {};
  for (const Token& token : tokens)
    if (token.kind == TokenKind::identifier && token.text == name) return {};
  return Define{value_text(tokens), Parser::needs_c(tokens)};
}

std::optional<std::string> Unit::define_number(std::string_view name) {
  const auto value = state_->parser.value(state_->preprocessor.expand_object(name));
  if (!value) return {};
  return value->negative() ? std::to_string(static_cast<int64_t>(value->bits)) : std::to_string(value->bits);
}

std::string Unit::text() const {
  std::string text;
  for (const Token& token : state_->tokens) {
    if (token.kind == TokenKind::pack)
      text.append("\n#pragma pack(").append(token.text).append(")\n");
    else
      text.append(token.text).append(token.is(";") || token.is("}") ? "\n" : " ");
  }
  return text;
}

bool Unit::is_preprocessed() const { return state_->preprocessed; }

bool Unit::mentions(std::string_view name) const {
  return std::ranges::any_of(state_->tokens, [&](const Token& token) { return token.is(name); });
}

Borrowed Unit::borrowed() {
  State& state = *state_;
  Borrowed result;
  std::set<std::pair<std::string_view, std::string_view>> seen;
  const auto add_type = [&](std::string_view tag, std::string_view name) {
    // BTF has names of the compiler, too.
    if (name.starts_with("__builtin_") || !seen.emplace(tag, name).second || declares(tag, name)) return;
    types::TypeRef type = tag.empty() ? state.types.find_basic(name) : nullptr;
    if (!type) type = state.kernel.find_type(tag, name);
    if (type) result.types.push_back({std::string(tag), std::string(name), type});
  };
  if (!state.types.declares("", "bool")) result.types.push_back({"", "bool", state.kernel.types().boolean()});
  state.types.each_borrowed_typedef([&](std::string_view name) { add_type("", name); });
  for (size_t i = 0; i < state.tokens.size(); ++i) {
    const Token& token = state.tokens[i];
    if (token.kind != TokenKind::identifier || state.preprocessor.is_system(token.range.buffer)) continue;
    if (i > 0 && is_tag(state.token(i - 1))) {
      add_type(state.token(i - 1).text, token.text);
    } else if (state.in_place_of_type(i)) {
      add_type("", token.text);
    } else if (state.in_place_of_enumerator(i) && seen.emplace("enumerator", token.text).second) {
      if (const auto found = state.kernel.find_enumerator(token.text))
        result.enumerators.emplace_back(std::string(token.text), found->value);
    }
  }
  return result;
}

bool Unit::declares(std::string_view tag, std::string_view name) const {
  return state_->types.declares(tag, name) || state_->bodies.contains({tag, name});
}

std::set<std::string> Unit::own_types() const {
  std::set<std::string> names;
  for (size_t i = 0; i < state_->tokens.size(); ++i) {
    const Token& token = state_->tokens[i];
    if (token.kind != TokenKind::identifier || state_->preprocessor.is_system(token.range.buffer)) continue;
    const Token& before = state_->token(i - 1);
    if (is_tag(before) && state_->token(i + 1).is("{"))
      names.insert(std::string(before.text) + " " + std::string(token.text));
    else if (!is_tag(before) && state_->types.declares("", token.text))
      names.insert("__typeof__(" + std::string(token.text) + ")");
  }
  return names;
}

const std::vector<std::string>& Unit::kernel_tree() const { return state_->headers.kernel_tree(); }

bool Unit::has_kernel_headers() const { return state_->preprocessor.has_kernel_headers(); }

void Unit::read_expanded(const std::string& text, diag::Diagnostics& diagnostics) {
  state_->prepared = true;  // the text has all macros of its own
  // One buffer for what lines `# 1 "path" 3` mark as headers of the system, one for the rest.
  const source::BufferId own = state_->sources.add("<clang>", text), system = state_->sources.add("<clang>", text);
  state_->preprocessor.trust(system);
  std::vector<source::Range> pieces;
  source::BufferId buffer = own;
  size_t begin = 0;
  const auto finish = [&](size_t end) {
    if (end > begin) pieces.push_back({buffer, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
    begin = end;
  };
  for (size_t line = 0; line < text.size();) {
    const size_t end = std::min(text.find('\n', line), text.size());
    if (const std::string_view marker = std::string_view(text).substr(line, end - line); marker.starts_with("# ")) {
      finish(line);
      const std::string_view flags = marker.substr(marker.rfind('"') + 1);
      buffer = flags.contains('3') ? system : own;
    }
    line = end + 1;
  }
  finish(text.size());
  state_->read(pieces, "", diagnostics);
}

std::string Unit::recursion(std::string_view name) const {
  std::vector<std::string_view> path{name};
  std::set<std::string_view> seen;
  const std::function<bool()> leads_back = [&] {
    const Macro* macro = state_->preprocessor.find(path.back());
    if (!macro || macro->function_like || !seen.insert(path.back()).second) return false;
    for (const Token& token : macro->body) {
      if (token.kind != TokenKind::identifier) continue;
      // `#define X X` is how headers announce an enumerator.
      if (token.text == name && (path.size() > 1 || macro->body.size() > 1)) return true;
      path.push_back(token.text);
      if (leads_back()) return true;
      path.pop_back();
    }
    return false;
  };
  std::string circle;
  if (!leads_back()) return circle;
  for (const std::string_view each : path) circle += (circle.empty() ? "" : "->") + std::string(each);
  return circle;
}

bool Unit::has_headers() const { return state_->preprocessor.has_headers(); }

bool Unit::is_function_macro(std::string_view name) const {
  const Macro* macro = state_->preprocessor.find(name);
  return macro && macro->function_like;
}

}  // namespace sonde::cdef
