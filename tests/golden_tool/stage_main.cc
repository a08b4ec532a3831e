// sonde-golden STAGE FILE [--snapshot DIR]: prints the dump of one stage of the compiler for a script.
//
// STAGE: parse format sema plan ir image, or diag for the messages about a script that is wrong. Kernel facts come from the
// recorded kernel in DIR. A file `*.cases` holds one program per line (a pilcrow stands for a newline, lines that begin
// with `#` are comments), and each is dumped after a line that repeats it. They run in DIR, whose binaries uprobes name.
// A first line `// golden: WORD...` sets options: portable, unsafe, warnings, child, pid=N, arg=TEXT, env=NAME=VALUE,
// kernel=NAME for another recorded kernel beside DIR.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

#include "ast/format.h"
#include "compile/compile.h"
#include "diag/render.h"
#include "kernel/binary_view.h"
#include "kernel/snapshot_view.h"

namespace sonde::golden {
namespace {

constexpr std::string_view option_line = "// golden: ";

// The words of the script's first line that set options.
std::istringstream option_words(std::string_view script) {
  if (!script.starts_with(option_line)) return std::istringstream();
  return std::istringstream(std::string(script.substr(option_line.size(), script.find('\n') - option_line.size())));
}

std::string kernel_folder(std::string_view script, const std::string& snapshot) {
  constexpr std::string_view prefix = "kernel=";
  std::istringstream words = option_words(script);
  for (std::string word; words >> word;) {
    if (word.starts_with(prefix))
      return std::filesystem::path(snapshot).replace_filename(word.substr(prefix.size())).string();
  }
  return snapshot;
}

// Options from the script's first line.
compile::Options read_options(std::string_view script) {
  compile::Options options;
  options.want_ir = true;
  options.verify_ir = true;
  options.ask_clang = false;  // goldens are the same on machines without it
  std::istringstream words = option_words(script);
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (name == "portable") options.portable = true;
    if (name == "unsafe") options.unsafe = true;
    if (name == "warnings") options.runtime_warnings = true;
    if (name == "child") options.has_child = true;
    if (name == "pid") {
      options.pid = std::stoi(value);
      options.pid_filter = true;
    }
    if (name == "cgroup") options.cgroup = value;
    if (name == "arg") options.positional.push_back(value);
    if (name == "env")
      options.environment.emplace_back(value.substr(0, value.find('=')), value.substr(value.find('=') + 1));
  }
  return options;
}

struct StageRow {
  std::string_view name;
  compile::Stage last;
  std::string (*dump)(const compile::Compilation& compilation);
};

constexpr StageRow stages[] = {
    {"parse", compile::Stage::parse, [](const compile::Compilation& c) { return ast::dump(c.tree()); }},
    {"format", compile::Stage::parse,
     [](const compile::Compilation& c) { return ast::format(c.tree(), c.sources().buffer({0}).text()); }},
    {"sema", compile::Stage::sema, [](const compile::Compilation& c) { return sema::dump(c.typed()); }},
    {"diag", compile::Stage::lower, [](const compile::Compilation&) { return std::string("accepted\n"); }},
    {"plan", compile::Stage::plan, [](const compile::Compilation& c) { return image::dump(c.image()); }},
    {"ir", compile::Stage::lower, [](const compile::Compilation& c) { return c.ir_before(); }},
    {"image", compile::Stage::lower, [](const compile::Compilation& c) { return image::dump(c.image()); }},
};

const StageRow* find_stage(std::string_view name) {
  for (const StageRow& row : stages) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// Compiles one program as far as the stage and prints what it says and its dump.
int dump_program(const StageRow& stage, const std::string& name, const std::string& script,
                 const std::string& snapshot) {
  types::TypeContext types;
  const auto kernel = kernel::snapshot_view(types, kernel_folder(script, snapshot));
  if (!kernel) {
    std::fprintf(stderr, "%s\n", kernel.error().text().c_str());
    return 2;
  }
  const kernel::BinaryView binaries;
  compile::Compilation compilation(**kernel, binaries, read_options(script));
  const bool good = compilation.run(name, script, stage.last);
  for (const diag::Diagnostic& diagnostic : compilation.diagnostics().all()) {
    std::fputs(diag::render(diagnostic, compilation.sources(), false).c_str(), stdout);
  }
  if (!compilation.failure().empty()) std::printf("failure: %s\n", compilation.failure().c_str());
  if (!good) return 1;
  std::fputs(stage.dump(compilation).c_str(), stdout);
  return 0;
}

int dump_cases(const StageRow& stage, std::istream& file, const std::string& snapshot) {
  constexpr std::string_view pilcrow = "\u00b6";
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::printf("=== %s\n", line.c_str());
    for (size_t at = line.find(pilcrow); at != std::string::npos; at = line.find(pilcrow)) {
      line.replace(at, pilcrow.size(), "\n");
    }
    dump_program(stage, "stdin", line, snapshot);
    std::fflush(stdout);  // what was printed so far tells where a crash happened
  }
  return 0;
}

int run(const StageRow& stage, const std::string& path, const std::string& snapshot) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::perror(path.c_str());
    return 2;
  }
  if (path.ends_with(".cases")) {
    // Messages about the recorded machine name its files as they lie under its folder, and its programs are those of
    // that folder, whatever this machine has.
    std::filesystem::current_path(snapshot);
    ::setenv("PATH", "two", 1);
    const std::string folder = "../" + std::filesystem::current_path().filename().string();
    return dump_cases(stage, file, folder);
  }
  return dump_program(stage, path, {std::istreambuf_iterator<char>(file), {}}, snapshot);
}

}  // namespace
}  // namespace sonde::golden

int main(int argc, char** argv) {
  const sonde::golden::StageRow* stage = argc >= 3 ? sonde::golden::find_stage(argv[1]) : nullptr;
  if (!stage) {
    std::fputs("usage: sonde-golden parse|format|sema|diag|plan|ir|image FILE [--snapshot DIR]\n", stderr);
    return 2;
  }
  const bool has_snapshot = argc == 5 && std::string_view(argv[3]) == "--snapshot";
  return sonde::golden::run(*stage, argv[2], has_snapshot ? argv[4] : SONDE_SNAPSHOTS_DIR "/default");
}
