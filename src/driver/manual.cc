// Roff text of the registries.
#include "driver/manual.h"

#include <functional>
#include <sstream>
#include <utility>

#include "builtins/builtin.h"
#include "driver/options.h"
#include "driver/version.h"
#include "probes/provider.h"
#include "runtime/print/registry.h"
#include "sema/config.h"
#include "stdlib/embedded.h"

namespace sonde::driver {
namespace {

// Text for roff: a backslash is doubled, a minus is kept a minus, and a leading dot or quote must not start a request.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool line_start = out.empty() || out.back() == '\n';
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + escaped(text) + "\\fR"; }

// A paragraph with a tag, a description and an example.
std::string entry(const std::string& tag, std::string_view summary, std::string_view example) {
  std::string out = ".TP\n" + tag + "\n" + escaped(summary) + "\n";
  if (!example.empty()) out += ".br\n.RS\n.EX\n" + escaped(example) + "\n.EE\n.RE\n";
  return out;
}

std::string options() {
  std::string out;
  for (const OptionRow& row : option_rows()) {
    if (row.group == Group::hidden) continue;
    std::string tag;
    if (row.short_name) tag += bold(std::string("-") + row.short_name);
    if (!row.long_name.empty()) tag += (tag.empty() ? "" : ", ") + bold("--" + std::string(row.long_name));
    if (!row.argument.empty()) tag += " " + italic(row.argument);
    out += entry(tag, row.help, "");
  }
  return out;
}

std::string providers() {
  std::string out;
  for (const probes::Provider* provider : probes::providers()) {
    std::string tag = bold(provider->spec);
    for (const std::string_view alias : provider->aliases) tag += ", " + bold(alias);
    std::string text(provider->summary);
    if (!provider->proven.empty()) text.append(" ").append(provider->proven);
    out += entry(tag, text, provider->example);
  }
  return out;
}

std::string signature(const builtins::Builtin& row) {
  std::string out = bold(row.name);
  if (row.kind == builtins::RowKind::value && row.params.empty()) return out;
  out += "(";
  std::string closing;
  bool first = true;
  for (const builtins::Param& param : row.params) {
    if (param.optional) {
      out += "[";
      closing += "]";
    }
    out += (first ? "" : ", ") + italic(param.name);
    first = false;
  }
  if (row.variadic) out += first ? "..." : ", ...";
  return out + closing + ")";
}

std::string rows(bool aggregates) {
  std::string out;
  for (const builtins::Builtin* row : builtins::builtins()) {
    const bool internal = row->name.starts_with("__");  // for the library only
    if (!internal && (row->kind == builtins::RowKind::aggregate) == aggregates)
      out += entry(signature(*row), row->summary, row->example);
  }
  return out;
}

// Macros of the embedded library: the comment above a macro is its description, a line `Example: ...` in it the example.
std::string library() {
  std::string out;
  for (const stdlib::Embedded& file : stdlib::texts()) {
    std::istringstream lines{std::string(file.content)};
    std::string summary, example;
    for (std::string line; std::getline(lines, line);) {
      const std::string_view text = line;
      if (text.starts_with("// Example: ")) {
        example = text.substr(12);
      } else if (text.starts_with("// ")) {
        summary += (summary.empty() ? "" : " ") + line.substr(3);
      } else {
        if (text.starts_with("macro ") && !text.starts_with("macro __"))
          out += entry(bold(text.substr(6, text.find(')') - 5)), summary, example);
        summary.clear();
        example.clear();
      }
    }
  }
  return out;
}

std::string configuration() {
  std::string out;
  for (const sema::ConfigKey& key : sema::config_keys())
    out += entry(bold(key.name) + (key.fallback.empty() ? "" : " = " + italic(key.fallback)), key.summary, "");
  return out;
}

std::string formats() {
  std::string out;
  for (const print::Format& format : print::formats()) out += entry(bold(format.name), format.summary, "");
  return out;
}

}  // namespace

std::string fill_manual(std::string_view page) {
  const std::pair<std::string_view, std::function<std::string()>> parts[] = {
      {"@VERSION@", [] { return std::string(kVersion); }},
      {"@OPTIONS@", options},
      {"@PROBES@", providers},
      {"@BUILTINS@", [] { return rows(false); }},
      {"@AGGREGATIONS@", [] { return rows(true); }},
      {"@LIBRARY@", library},
      {"@CONFIGURATION@", configuration},
      {"@FORMATS@", formats},
  };
  std::string out(page);
  for (const auto& [mark, make] : parts)
    for (size_t at = 0; (at = out.find(mark, at)) != std::string::npos;) {
      const std::string text = make();
      out.replace(at, mark.size(), text);
      at += text.size();
    }
  return out;
}

}  // namespace sonde::driver
