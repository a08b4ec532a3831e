// Console, environment and script text.
#include "driver/script.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "diag/render.h"
#include "kernel/btf.h"
#include "kernel/live_view.h"

namespace sonde::driver {
namespace {

void print_line(bool color, const char* escape, const char* prefix, const std::string& text) {
  std::fprintf(stderr, "%s%s%s%s\n", color ? escape : "", prefix, text.c_str(), color ? "\033[0m" : "");
}

// A directory opens but cannot be read; like an empty file it leaves nothing to attach.
std::string read_all(std::FILE* file) {
  std::string text;
  char buffer[65536];
  for (size_t got; (got = std::fread(buffer, 1, sizeof buffer, file)) > 0;) text.append(buffer, got);
  return text;
}

}  // namespace

void Console::error(const std::string& text) const { print_line(color_, "\033[31m", "ERROR: ", text); }
void Console::warning(const std::string& text) const { print_line(color_, "\033[33m", "WARNING: ", text); }

std::vector<std::pair<std::string, std::string>> environment() {
  std::vector<std::pair<std::string, std::string>> out;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    if (!text.starts_with("SONDE_") && !text.starts_with("BPFTRACE_")) continue;
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

std::unique_ptr<kernel::KernelView> open_kernel(types::TypeContext& types, const Options& options,
                                                const Console& console) {
  const std::string& functions = options.traceable_functions;
  if (!functions.empty() && ::access(functions.c_str(), R_OK) != 0) {
    console.error("Failed to open kernel function info: Could not read functions from " + functions + ". (" +
                  std::strerror(errno) + ")");
    return nullptr;
  }
  kernel::LiveOptions how{.traceable_functions = functions, .btf = {}, .disabled_features = options.disabled_features};
  for (const char* name : {"BPFTRACE_BTF", "SONDE_BTF"})
    if (const char* file = std::getenv(name); file && *file) how.btf = file;
  if (!how.btf.empty() && !kernel::Btf::open(how.btf) && !options.no_warnings)
    console.warning("BTF: failed to parse BTF from " + how.btf);
  return kernel::live_view(types, std::move(how));
}

Result<Script> read_script(const Options& options) {
  Script script{options.program || options.file == "-" ? "stdin" : options.file, {}, {}};
  if (options.program) {
    script.text = *options.program;
  } else if (options.file == "-") {
    script.text = read_all(stdin);
  } else {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(options.file.c_str(), "re"), std::fclose);
    if (!file) return base::fail_errno("failed to open file '" + options.file + "'");
    script.text = read_all(file.get());
    if (const size_t slash = options.file.rfind('/'); slash != std::string::npos)
      script.root = options.file.substr(0, slash == 0 ? 1 : slash);
  }
  if (!script.text.empty() && script.text.back() != '\n') script.text += '\n';
  return script;
}

void print_diagnostics(const compile::Compilation& compilation, const Options& options, const Console& console) {
  std::string out;
  for (const bool errors : {true, false})
    for (const diag::Diagnostic& diagnostic : compilation.diagnostics().all()) {
      if ((diagnostic.severity() == diag::Severity::error) != errors) continue;
      if (!errors && options.no_warnings) continue;
      out += diag::render(diagnostic, compilation.sources(), console.color());
    }
  std::fputs(out.c_str(), stderr);
}

}  // namespace sonde::driver
