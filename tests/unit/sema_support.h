// Parses and checks one script against the fake kernel: the typed program as text, or the messages.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "fake_kernel.h"
#include "parse/attach_spec.h"
#include "parse/parse.h"
#include "sema/sema.h"

namespace sonde::testing {

class Checked {
 public:
  struct Options {
    std::vector<std::string> positional = {};
    std::optional<int> pid = {};
    bool unsafe = false;
  };

  explicit Checked(const std::string& script) : Checked(script, Options()) {}
  Checked(const std::string& script, const Options& options) {
    tree_ = parse::parse(sources_, sources_.add("stdin", script), arena_, diagnostics_);
    if (!diagnostics_.ok()) return;
    config_.apply(*tree_, diagnostics_);
    const sema::ScriptArguments arguments{options.positional};
    const sema::Inputs inputs{
        .sources = sources_,
        .script = *tree_,
        .imports = {},
        .library = {},
        .config = config_,
        .arguments = arguments,
        .kernel = kernel_,
        .binaries = binaries_,
        .arena = arena_,
        .split_attach_point = [&](const ast::AttachPoint& point,
                                  diag::Diagnostics& problems) -> std::optional<probes::AttachText> {
          const auto spec = parse::split_attach_point(point, options.positional, problems);
          if (!spec) return {};
          probes::AttachText text{.text = spec->text, .label = spec->label.value_or(""), .range = spec->range};
          for (const parse::AttachPart& part : spec->parts) text.parts.push_back(part.text);
          return text;
        },
        .find_define = {},
        .find_script_type = {},
        .find_script_enumerator = {},
        .unsafe = options.unsafe,
        .pid = options.pid,
        .pid_filter = options.pid.has_value()};
    typed_ = sema::check(inputs, diagnostics_);
  }

  bool ok() const { return typed_ != nullptr; }
  const sema::TypedProgram& program() const { return *typed_; }
  std::string dump() const { return typed_ ? sema::dump(*typed_) : "refused:\n" + messages(); }
  // "COLUMN-END text" per diagnostic, a line each; labels and hints indented.
  std::string messages() const {
    std::ostringstream out;
    for (const diag::Diagnostic& each : diagnostics_.all()) {
      if (each.severity() == diag::Severity::warning) out << "W ";
      out << each.text << '\n';
      for (const diag::Label& label : each.labels) out << "  " << label.text << '\n';
      for (const std::string& hint : each.hints) out << "  HINT " << hint << '\n';
    }
    return out.str();
  }
  // Type of a variable or map ("$x", "@m", "@m[]" for its key) as printed.
  std::string type(const std::string& name) const {
    if (!typed_) return "refused:\n" + messages();
    for (const sema::Map& map : typed_->maps) {
      if (map.name == name) return types::printed(map.value);
      if (map.name + "[]" == name && map.key) return types::printed(map.key);
    }
    for (const sema::Program& program : typed_->programs)
      for (const sema::Variable& variable : program.variables)
        if (variable.name == name) return types::printed(variable.type);
    return "no " + name;
  }
  const std::vector<diag::Diagnostic>& diagnostics() const { return diagnostics_.all(); }

 private:
  FakeKernel kernel_;
  kernel::BinaryView binaries_;
  source::SourceSet sources_;
  ast::Arena arena_;
  diag::Diagnostics diagnostics_;
  sema::Config config_;
  const ast::Program* tree_ = nullptr;
  std::unique_ptr<sema::TypedProgram> typed_;
};

}  // namespace sonde::testing
