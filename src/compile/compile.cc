// The pass list. Each step takes finished input and makes new output; the first one that reports errors ends the run.
#include "compile/compile.h"

#include <cstring>

#include "base/check.h"
#include "base/deep_stack.h"
#include "lower/lower.h"
#include "parse/attach_spec.h"
#include "parse/keywords.h"
#include "parse/parse.h"
#include "plan/plan.h"
#include "stdlib/embedded.h"

namespace sonde::compile {
namespace {

// Passes recurse as deep as a program is nested, which the parser and the binder limit: to some 10 KiB for each level.
constexpr size_t kStackBytes = 256 << 20;

// The parser's split of an attach point in the form that providers take.
std::optional<probes::AttachText> attach_text(const ast::AttachPoint& point, const std::vector<std::string>& positional,
                                              diag::Diagnostics& diagnostics) {
  const auto spec = parse::split_attach_point(point, positional, diagnostics);
  if (!spec) return {};
  probes::AttachText text{.text = spec->text, .parts = {}, .label = spec->label.value_or(""), .range = spec->range};
  for (const parse::AttachPart& part : spec->parts) text.parts.push_back(part.text);
  return text;
}

}  // namespace

Compilation::Compilation(const kernel::KernelView& kernel, const kernel::BinaryView& binaries, Options options)
    : kernel_(kernel),
      binaries_(binaries),
      options_(std::move(options)),
      c_objects_(kernel.types()),
      c_section_(sources_, arena_, diagnostics_, kernel, {options_.include_dirs, options_.includes},
                 options_.ask_clang) {}

Compilation::~Compilation() = default;

bool Compilation::run(const std::string& name, const std::string& text, Stage last) {
  bool good = false;
  if (!base::run_on_deep_stack(kStackBytes, [&] { good = run_passes(name, text, last); }))
    failure_ = "no memory for the compiler's stack";
  return good;
}

template <typename Pass>
bool Compilation::timed(std::string_view name, Pass pass) {
  const auto begin = std::chrono::steady_clock::now();
  const bool good = pass();
  if (options_.on_pass) options_.on_pass(name, std::chrono::steady_clock::now() - begin);
  return good;
}

bool Compilation::run_passes(const std::string& name, const std::string& text, Stage last) {
  if (!timed("parse", [&] { return parse(name, text); })) return false;
  if (last == Stage::parse) return true;
  // From here on the tree is fixed: no pass edits it.
  // Wrong lines of the configuration leave its defaults, with which the rest can be checked.
  const bool configured = timed("configure", [&] { return configure(); });
  if (bad_environment_ || !timed("import", [&] { return import(); }) || !timed("check", [&] { return check(); }) ||
      !configured)
    return false;
  // All names are resolved and all types final; the diagnostics hold warnings only.
  if (last == Stage::sema) return true;
  return timed("lower", [&] { return lower(last); });
}

bool Compilation::parse(const std::string& name, const std::string& text) {
  const source::BufferId buffer = sources_.add(name, text);
  tree_ = parse::parse(sources_, buffer, arena_, diagnostics_);
  return tree_ && diagnostics_.ok();
}

// Configuration: defaults, then the environment, then the script where the environment is silent.
bool Compilation::configure() {
  if (const auto applied = config_.apply_environment(options_.environment); !applied) {
    failure_ = applied.error().text();
    bad_environment_ = true;
    return false;
  }
  config_.apply(*tree_, diagnostics_);
  return diagnostics_.ok();
}

bool Compilation::import() {
  const bool blocks = config_.text("unstable_import_statement") != "error";
  if (tree_->imports.empty() && !blocks) return true;
  const size_t errors = diagnostics_.errors();
  imports_ = ImportLoader(options_.import_root, sources_, arena_, diagnostics_).load(*tree_, blocks);
  if (diagnostics_.errors() != errors) return false;
  std::vector<std::string> folders = options_.include_dirs;
  folders.insert(folders.begin(), options_.import_root.empty() ? "." : options_.import_root);
  c_objects_.load(imports_.c_files, std::move(folders), diagnostics_);
  return diagnostics_.errors() == errors;
}

// C definitions of the imports, then the script's own, which may build on them.
bool Compilation::read_c() {
  for (const CImport& file : imports_.c_files) {
    if (file.kind != CImportKind::header) continue;
    auto text = read_import(file.path);
    if (!text) {
      diagnostics_.emit<diag::Id::import_unreadable>(file.range, file.name, std::strerror(text.error().code));
      return false;
    }
    const source::BufferId buffer = sources_.add(file.path, std::move(*text));
    diagnostics_.set_origin(buffer, {file.range});
    if (!c_section_.read_header(buffer, diagnostics_)) return false;
  }
  for (const ast::Program* program : imports_.scripts)
    if (!c_section_.read(*program, diagnostics_)) return false;
  return c_section_.read(*tree_, diagnostics_);
}

bool Compilation::check() {
  // The library is parsed with every script; an error in it is ours, not the user's.
  const size_t errors = diagnostics_.errors();
  for (const stdlib::Embedded& file : stdlib::texts()) {
    const source::BufferId buffer = sources_.add("stdlib/" + std::string(file.name), std::string(file.content));
    library_.push_back(parse::parse(sources_, buffer, arena_, diagnostics_));
    SONDE_CHECK(library_.back() && diagnostics_.errors() == errors);
  }
  if (!read_c()) {
    bad_c_ = true;
    return false;
  }
  const sema::ScriptArguments arguments{options_.positional};
  const sema::Inputs inputs{
      .sources = sources_,
      .script = *tree_,
      .imports = imports_.scripts,
      .library = library_,
      .config = config_,
      .arguments = arguments,
      .kernel = kernel_,
      .binaries = binaries_,
      .arena = arena_,
      .split_attach_point =
          [this](const ast::AttachPoint& point, diag::Diagnostics& diagnostics) {
            return attach_text(point, options_.positional, diagnostics);
          },
      .find_define = [this](std::string_view name, source::Range use,
                            diag::Diagnostics& diagnostics) { return c_section_.define(name, use, diagnostics); },
      .find_script_type = [this](std::string_view tag, std::string_view name) { return c_section_.type(tag, name); },
      .find_script_enumerator = [this](std::string_view name) { return c_section_.enumerator(name); },
      .is_parser_name = parse::is_builtin_name,
      .is_function_macro = [this](std::string_view name) { return c_section_.is_function_macro(name); },
      .find_c_function = [this](std::string_view name) { return c_objects_.find(name); },
      .c_functions = c_objects_.names(),
      .portable = options_.portable,
      .unsafe = options_.unsafe,
      .pid = options_.pid,
      .pid_filter = options_.pid_filter,
      .has_child = options_.has_child,
      .cgroup = options_.cgroup,
  };
  typed_ = sema::check(inputs, diagnostics_);
  return typed_ && diagnostics_.ok();
}

bool Compilation::lower(Stage last) {
  plan::Plan plan =
      plan::make_plan(*typed_, config_, sources_,
                      {.portable = options_.portable, .arch = kernel_.arch(), .kernel_release = kernel_.release()});
  if (last == Stage::lower) {
    const lower::Options how{
        .portable = options_.portable,
        .runtime_warnings = options_.runtime_warnings,
        .verify_ir = options_.verify_ir,
        .want_ir = options_.want_ir,
        .stack_object =
            config_.is_set("on_stack_limit") ? std::optional(config_.integer("on_stack_limit")) : std::nullopt,
        .kernel_type = [this](std::string_view tag, std::string_view name) { return kernel_.find_type(tag, name); },
        .has_kernel_function =
            [this](std::string_view name) { return kernel_.find_function("vmlinux", name).has_value(); }};
    auto output = lower::lower(*typed_, plan, sources_, how);
    if (!output) {
      failure_ = output.error().text();
      return false;
    }
    if (const auto& limit = output->too_many_maps) {
      diagnostics_.emit<diag::Id::program_maps_limit>(limit->probe, limit->maps, limit->internal, limit->allowed);
      return false;
    }
    ir_before_ = std::move(output->ir_before);
    ir_after_ = std::move(output->ir_after);
  }
  image_ = std::move(plan.image);
  return true;
}

}  // namespace sonde::compile
