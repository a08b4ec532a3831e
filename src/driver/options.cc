// Option table and command-line parsing (getopt_long rules, cli.md 1 and 2).
#include "driver/options.h"

#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "driver/version.h"
#include "image/image.h"
#include "runtime/process.h"

namespace sonde::driver {
namespace {

using Refusal = std::optional<std::string>;

constexpr std::array<std::string_view, 6> kDebugStages = {"ast",         "types",  "codegen",
                                                          "codegen-opt", "libbpf", "verifier"};

Refusal set_debug(Options& options, std::string_view value) {
  while (!value.empty()) {
    const size_t comma = value.find(',');
    const std::string_view stage = value.substr(0, comma);
    value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
    if (stage.empty()) continue;
    if (stage == "all") {
      options.debug.insert(kDebugStages.begin(), kDebugStages.end());
    } else if (std::ranges::find(kDebugStages, stage) != kDebugStages.end()) {
      options.debug.emplace(stage);
    } else {
      return "USAGE: invalid option for -d: " + std::string(stage);
    }
  }
  return {};
}

Refusal set_buffering(Options& options, std::string_view value) {
  if (value == "line")
    options.buffering = Buffering::line;
  else if (value == "full")
    options.buffering = Buffering::full;
  else if (value == "none")
    options.buffering = Buffering::none;
  else
    return "USAGE: -B must be either 'line', 'full', or 'none'.";
  return {};
}

Refusal add_debuginfo(Options& options, std::string_view value) {
  while (!value.empty()) {
    const size_t colon = value.find(':');
    if (colon != 0) options.debuginfo.emplace_back(value.substr(0, colon));
    value = colon == std::string_view::npos ? std::string_view{} : value.substr(colon + 1);
  }
  return {};
}

Refusal set_pid(Options& options, std::string_view value) {
  if (value.empty()) return {};
  const auto pid = runtime::parse_pid(value);
  if (!pid) return pid.error().text();
  options.pid = *pid;
  return {};
}

Refusal add_dwarf_pid(Options& options, std::string_view value) {
  const auto pid = runtime::parse_pid(value);
  if (!pid) return pid.error().text();
  // The process of -p or -c takes one more.
  if (options.dwarf_pids.size() + 1 == image::kUnwindProcesses) return "USAGE: too many --dwarf-pid options.";
  options.dwarf_pids.push_back(static_cast<uint32_t>(*pid));
  return {};
}

Refusal set_no_feature(Options& options, std::string_view value) {
  constexpr std::string_view kKnown[] = {"kprobe_multi", "kprobe_session", "uprobe_multi"};
  while (!value.empty()) {
    const size_t comma = value.find(',');
    const std::string_view feature = value.substr(0, comma);
    value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
    if (std::ranges::find(kKnown, feature) == std::end(kKnown))
      return "USAGE: --no-feature can only have values 'kprobe_multi,kprobe_session,uprobe_multi'.";
    options.disabled_features.emplace_back(feature);
  }
  return {};
}

Refusal set_mode(Options& options, std::string_view value) {
  if (value == "codegen")
    options.mode = Mode::codegen;
  else if (value == "format")
    options.mode = Mode::format;
  else if (value == "test")
    options.mode = Mode::test;
  else if (value == "bench")
    options.mode = Mode::bench;
  else if (value == "compiler-bench")
    options.mode = Mode::compiler_bench;
  else
    return "USAGE: --mode can only be 'codegen', 'compiler-bench', 'bench', 'test' or 'format'.";
  options.mode_given = true;
  return {};
}

template <Mode mode>
Refusal set_exercise(Options& options, std::string_view) {
  if ((options.mode_given || options.mode == Mode::format) && options.mode != mode)
    return std::string("USAGE: --") + (mode == Mode::test ? "test" : "bench") + " conflicts with existing --mode";
  options.mode = mode;
  options.mode_given = true;
  return {};
}

Refusal set_warnings(Options& options, std::string_view) {
  if (options.runtime_warnings)
    return "USAGE: -kk has been deprecated. Use a single -k for runtime warnings for errors in map lookups and probe "
           "reads.";
  options.runtime_warnings = true;
  return {};
}

// Rows that only store their value.
template <auto Field>
Refusal set_true(Options& options, std::string_view) {
  options.*Field = true;
  return {};
}
template <auto Field>
Refusal set_text(Options& options, std::string_view value) {
  options.*Field = std::string(value);
  return {};
}
template <auto Field>
Refusal append_text(Options& options, std::string_view value) {
  (options.*Field).emplace_back(value);
  return {};
}
Refusal nothing(Options&, std::string_view) { return {}; }

constexpr OptionRow kRows[] = {
    {'e', "", "PROGRAM", Group::program, "run this program text", set_text<&Options::program>},
    {'l', "list", "", Group::program,
     "list probes that match SEARCH, or those of a program;\nwith -v also their parameters",
     [](Options& o, std::string_view) -> Refusal {
       o.mode = Mode::list;
       return {};
     }},
    {'V', "version", "", Group::program, "print the version and exit", nothing},
    {'h', "help", "", Group::program, "print this help and exit", nothing},
    {0, "info", "", Group::program, "print what this build and this kernel can do, and exit",
     [](Options& o, std::string_view) -> Refusal {
       o.mode = Mode::info;
       return {};
     }},
    {'p', "pid", "PID", Group::process, "trace this process only", set_pid},
    {0, "dwarf-pid", "PID", Group::process,
     "a process besides -p and -c whose stacks dw_ustack walks;\nmay be repeated", add_dwarf_pid},
    {'c', "cmd", "CMD", Group::process, "run CMD, trace it, and end when it ends", set_text<&Options::command>},
    {0, "usdt-file-activation", "", Group::process,
     "accepted for compatibility: the kernel counts the users\nof a usdt probe in every process", nothing},
    {0, "cgroup", "PATH", Group::process, "trace only tasks in this cgroup (v2) and those below it",
     set_text<&Options::cgroup>},
    {0, "container", "ID", Group::process, "trace only tasks in the container with this id, or the beginning of it",
     set_text<&Options::container>},
    {'o', "output", "FILE", Group::output, "write what the program prints to FILE", set_text<&Options::output>},
    {'f', "", "FORMAT", Group::output, "output format: text (default), json, csv, folded, svg, trace",
     [](Options& o, std::string_view v) -> Refusal {
       if (!v.empty()) o.format = std::string(v);
       return {};
     }},
    {'B', "", "MODE", Group::output, "output buffering: line (default), full or none", set_buffering},
    {'q', "quiet", "", Group::output, "do not print `Attached N probes`", set_true<&Options::quiet>},
    {'v', "verbose", "", Group::output, "say what is being done", set_true<&Options::verbose>},
    {'k', "warnings", "", Group::output, "warn when memory reads or map lookups fail at run time", set_warnings},
    {0, "no-warnings", "", Group::output, "print no warnings at all", set_true<&Options::no_warnings>},
    {'I', "", "DIR", Group::include, "search DIR for included headers", append_text<&Options::include_dirs>},
    {0, "include", "FILE", Group::include, "include FILE before the program", append_text<&Options::includes>},
    {0, "traceable-functions", "FILE", Group::include,
     "functions that kprobes may take, one per line, instead of tracefs'", set_text<&Options::traceable_functions>},
    {0, "debuginfo", "DIR[:DIR]", Group::include,
     "search DIR for separate debug files first;\n+DIR: accept only those with the right checksum", add_debuginfo},
    {0, "unsafe", "", Group::safety, "allow functions that change the system, and unchecked attach points",
     set_true<&Options::unsafe>},
    {0, "no-feature", "FEATURE", Group::safety,
     "do as if the kernel lacked these; a list of\nkprobe_multi, kprobe_session, uprobe_multi", set_no_feature},
    {0, "mode", "MODE", Group::developer,
     "codegen: compile only; compiler-bench: time the compiler;\ntest, bench, format: as --test, --bench, --fmt",
     set_mode},
    {0, "fmt", "", Group::developer, "print the script in its canonical layout; with -o write it to FILE",
     [](Options& o, std::string_view) -> Refusal {
       if (o.mode_given && o.mode != Mode::format) return "USAGE: --fmt conflicts with existing --mode";
       o.mode = Mode::format;
       return {};
     }},
    {0, "test", "", Group::developer, "run the script's test probes", set_exercise<Mode::test>},
    {0, "bench", "", Group::developer, "run the script's bench probes", set_exercise<Mode::bench>},
    {0, "probe-filter", "REGEX", Group::developer, "run only the probes whose full name matches",
     set_text<&Options::probe_filter>},
    {0, "dry-run", "", Group::trouble, "stop after attaching", set_true<&Options::dry_run>},
    {0, "verify-llvm-ir", "", Group::trouble, "check the generated IR", set_true<&Options::verify_ir>},
    {'d', "debug", "STAGE", Group::trouble,
     "print a stage of the compiler; STAGE is a list of\nast, types, codegen, codegen-opt, libbpf, verifier, all",
     set_debug},
    {0, "emit-elf", "FILE", Group::trouble, "also write the BPF object", set_text<&Options::emit_elf>},
    {0, "emit-llvm", "FILE", Group::trouble, "also write FILE.original.ll and FILE.optimized.ll",
     set_text<&Options::emit_llvm>},
    {0, "aot", "FILE", Group::hidden, "same as `sonde build -o FILE`",
     [](Options& o, std::string_view v) -> Refusal {
       o.mode = Mode::build;
       o.output = std::string(v);
       return {};
     }},
    {'b', "btf", "", Group::hidden, "accepted, no effect", nothing},
};

// getopt_long needs its own tables; long options without a short letter get values above the range of char.
constexpr int kLongBase = 256;

struct GetoptTables {
  std::string shorts;
  std::vector<option> longs;
  std::vector<std::string> names;  // keeps the long names alive, NUL-terminated
};

GetoptTables make_tables() {
  GetoptTables tables;
  tables.names.reserve(std::size(kRows));
  int index = 0;
  for (const OptionRow& row : kRows) {
    const bool has_argument = !row.argument.empty();
    if (row.short_name) {
      tables.shorts += row.short_name;
      if (has_argument) tables.shorts += ':';
    }
    if (!row.long_name.empty()) {
      tables.names.emplace_back(row.long_name);
      tables.longs.push_back(
          {tables.names.back().c_str(), has_argument ? required_argument : no_argument, nullptr, kLongBase + index});
    }
    ++index;
  }
  tables.longs.push_back({nullptr, 0, nullptr, 0});
  return tables;
}

const OptionRow& row_of(int value) {
  if (value >= kLongBase) return kRows[value - kLongBase];
  return *std::ranges::find_if(kRows, [value](const OptionRow& row) { return row.short_name == value; });
}

Stop usage_error(const std::string& text, bool with_help = false) {
  return {1, "", "ERROR: " + text + "\n" + (with_help ? help_text() : "")};
}

// Sorts what is left of the command line into file, search text and script parameters.
std::optional<Stop> take_operands(Options& options, int argc, char** argv, int first) {
  std::vector<std::string> plain;
  for (int i = first; i < argc; ++i) {
    const std::string_view word = argv[i];
    // Only behind `--` can an operand still begin with dashes.
    if (word.starts_with("--"))
      options.named.emplace_back(word);
    else
      plain.emplace_back(word);
  }
  auto rest = plain.begin();
  if (options.mode == Mode::list && !options.program) {
    if (plain.size() > 1) return Stop{1, "", help_text()};
    if (rest != plain.end()) options.search = *rest;
    return {};
  }
  if (!options.program) {
    if (rest == plain.end() || rest->empty()) return usage_error("USAGE: filename or -e 'program' required.");
    options.file = *rest++;
  } else if (options.program->empty()) {
    return usage_error("USAGE: filename or -e 'program' required.");
  }
  options.positional.assign(rest, plain.end());
  return {};
}

std::optional<Stop> check_combinations(const Options& options) {
  if (!options.command.empty() && options.pid) return usage_error("USAGE: Cannot use both -c and -p.", true);
  if (!options.cgroup.empty() && !options.container.empty())
    return usage_error("USAGE: Cannot use both --cgroup and --container.", true);
  if (options.runtime_warnings && options.no_warnings)
    return usage_error("USAGE: -k, --warnings conflicts with --no-warnings");
  if (options.mode == Mode::build && options.output.empty())
    return usage_error("USAGE: sonde build needs -o FILE: the executable to write.");
  if (options.mode == Mode::build && options.runtime_warnings) return usage_error("Cannot use -k with sonde build");
  return {};
}

}  // namespace

std::span<const OptionRow> option_rows() { return kRows; }

std::string version_text() { return std::string("sonde v") + kVersion + "\n"; }

std::variant<Options, Stop> parse_options(int argc, char** argv) {
  if (argc <= 1) return Stop{1, "", help_text()};
  Options options;
  // `sonde build ...`: the one subcommand. A script of that name is run as ./build.
  const bool build = std::string_view(argv[1]) == "build";
  if (build) {
    options.mode = Mode::build;
    argv[1] = argv[0];
    ++argv;
    --argc;
  }
  GetoptTables tables = make_tables();
  optind = 0;  // GNU: start afresh, with permutation
  int value;
  while ((value = getopt_long(argc, argv, tables.shorts.c_str(), tables.longs.data(), nullptr)) != -1) {
    if (value == '?') return Stop{1, "", help_text()};
    const OptionRow& row = row_of(value);
    if (row.short_name == 'h') return Stop{0, help_text(), ""};
    if (row.short_name == 'V') return Stop{0, version_text(), ""};
    if (auto refusal = row.apply(options, optarg ? optarg : "")) return usage_error(*refusal);
    if (options.mode == Mode::info) return options;  // what stands behind it on the command line does not count
  }
  if (auto stop = take_operands(options, argc, argv, optind)) return *stop;
  if (auto stop = check_combinations(options)) return *stop;
  return options;
}

}  // namespace sonde::driver
