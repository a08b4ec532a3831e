// The command line, one row per option: parsing, help text and manual all read the same table.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sonde::driver {

enum class Mode : uint8_t { run, list, info, codegen, compiler_bench, format, build, test, bench };
enum class Buffering : uint8_t { line, full, none };

// What the user asked for. Texts are kept as given; what needs the system (a pid, a file) is checked where it is used.
struct Options {
  Mode mode = Mode::run;
  bool mode_given = false;              // by --mode
  std::optional<std::string> program;   // -e
  std::string file;                     // script; "-": standard input; empty with -e
  std::string search;                   // -l operand
  std::vector<std::string> positional;  // $1, $2, ...
  std::vector<std::string> named;       // "--name=value" behind `--`, dashes included
  std::string output;                   // -o
  std::string format = "text";
  Buffering buffering = Buffering::line;
  bool quiet = false;
  bool verbose = false;
  bool runtime_warnings = false;
  bool no_warnings = false;
  bool unsafe = false;
  bool dry_run = false;
  bool verify_ir = false;
  std::string command;     // -c
  std::optional<int> pid;  // -p
  std::vector<uint32_t> dwarf_pids;
  std::string cgroup;     // --cgroup
  std::string container;  // --container
  std::string probe_filter;
  std::string emit_elf, emit_llvm;
  std::vector<std::string> include_dirs, includes;
  std::string traceable_functions;
  std::vector<std::string> disabled_features;  // names that --no-feature gave
  std::vector<std::string> debuginfo;          // --debuginfo: folders with debug files
  std::set<std::string, std::less<>> debug;    // -d stages
};

enum class Group : uint8_t { program, process, output, include, safety, developer, trouble, hidden };

struct OptionRow {
  char short_name;  // 0: none
  std::string_view long_name;
  std::string_view argument;  // name of its argument in the help; empty: takes none
  Group group;
  std::string_view help;  // lines separated by '\n'
  // Stores the option; returns an error text ("USAGE: ...") or nothing.
  std::optional<std::string> (*apply)(Options& options, std::string_view value);
};

std::span<const OptionRow> option_rows();

// The help text (cli.md 13).
std::string help_text();
// "sonde v0.1.0".
std::string version_text();

// Why the command line ends the program here.
struct Stop {
  int exit_code;
  std::string out;  // for standard output
  std::string err;  // for standard error
};

std::variant<Options, Stop> parse_options(int argc, char** argv);

}  // namespace sonde::driver
