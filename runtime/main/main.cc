// sonde-run: runs a compiled program. As a stand-alone tool the program stands behind the executable itself.
#include <getopt.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>

#include "base/color.h"
#include "base/standard_files.h"
#include "runtime/run.h"
#include "runtime/stand_alone.h"

namespace {

using namespace sonde;

struct Option {
  option row;
  const char* argument;
  const char* summary;
};

constexpr int kDwarfPid = 256;  // beyond all letters: an option without one

constexpr std::array<Option, 12> kOptions = {{
    {{"pid", required_argument, nullptr, 'p'}, "PID", "trace this process only, and end with it"},
    {{"cmd", required_argument, nullptr, 'c'}, "COMMAND", "run COMMAND and trace until it ends"},
    {{"dwarf-pid", required_argument, nullptr, kDwarfPid}, "PID", "a further process whose stacks dw_ustack walks"},
    {{"output", required_argument, nullptr, 'o'}, "FILE", "write program output to FILE"},
    {{"format", required_argument, nullptr, 'f'},
     "FORMAT",
     "output format: text (default), json, csv, folded, svg, trace"},
    {{"buffering", required_argument, nullptr, 'B'}, "MODE", "output buffering: line (default), full or none"},
    {{"debug", required_argument, nullptr, 'd'}, "STAGE", "debug output: libbpf, verifier, all"},
    {{"quiet", no_argument, nullptr, 'q'}, "", "do not print `Attached N probes`"},
    {{"verbose", no_argument, nullptr, 'v'}, "", "verbose messages"},
    {{"warnings", no_argument, nullptr, 'k'}, "", "warn when probe reads and map lookups fail"},
    {{"help", no_argument, nullptr, 'h'}, "", "show this help"},
    {{"version", no_argument, nullptr, 'V'}, "", "show the version"},
}};

struct Arguments {
  runtime::RunOptions run;
  std::string file;
  std::string command;
  std::optional<pid_t> pid;
  std::optional<int> exit;  // nothing to run
};

void print_help(std::FILE* stream, const char* name, bool stand_alone) {
  std::fprintf(stream,
               "%s: runs a compiled sonde program\n\nUSAGE:\n    %s [options]%s [-- --name=value...]\n\nOPTIONS:\n",
               name, name, stand_alone ? "" : " FILE");
  for (const Option& option : kOptions) {
    const bool has_letter = option.row.val != kDwarfPid;
    std::string left = has_letter ? std::string("-") + static_cast<char>(option.row.val) + ", --" : "    --";
    left += option.row.name;
    if (*option.argument) left += std::string(" ") + option.argument;
    std::fprintf(stream, "    %-24s %s\n", left.c_str(), option.summary);
  }
}

bool set_debug_stages(const std::string& list, runtime::RunOptions& run) {
  size_t start = 0;
  while (start <= list.size()) {
    const size_t end = std::min(list.find(',', start), list.size());
    const std::string stage = list.substr(start, end - start);
    start = end + 1;
    if (stage.empty()) continue;
    if (stage != "libbpf" && stage != "verifier" && stage != "all") {
      std::fprintf(stderr, "ERROR: USAGE: invalid option for -d: %s\n", stage.c_str());
      return false;
    }
    run.debug_libbpf = run.debug_libbpf || stage != "verifier";
    run.debug_verifier = run.debug_verifier || stage != "libbpf";
  }
  return true;
}

// Appends a process id or takes it as the one of -p; false: none, already reported.
bool set_pid(int letter, const char* value, Arguments& arguments) {
  if (letter == 'p' && *value == 0) return true;
  const auto pid = runtime::parse_pid(value);
  if (!pid) {
    std::fprintf(stderr, "ERROR: %s\n", pid.error().text().c_str());
    return false;
  }
  if (letter == 'p')
    arguments.pid = *pid;
  else
    arguments.run.dwarf_pids.push_back(static_cast<uint32_t>(*pid));
  return true;
}

// One option; false: a bad value, already reported.
bool set_option(int letter, const char* value, Arguments& arguments) {
  runtime::RunOptions& run = arguments.run;
  switch (letter) {
    case 'c': arguments.command = value; return true;
    case 'p':
    case kDwarfPid: return set_pid(letter, value, arguments);
    case 'o': run.output = value; return true;
    case 'f': run.format = value; return true;
    case 'q': run.quiet = true; return true;
    case 'v': run.verbose = true; return true;
    case 'k': run.warnings = true; return true;
    case 'd': return set_debug_stages(value, run);
    case 'B':
      if (const auto mode = print::parse_buffering(value)) {
        run.buffering = *mode;
        return true;
      }
      std::fputs("ERROR: USAGE: -B must be either 'line', 'full', or 'none'.\n", stderr);
      return false;
    default: return false;
  }
}

Arguments parse(int argc, char** argv, bool stand_alone) {
  std::array<option, kOptions.size() + 1> table{};
  std::string letters;
  for (size_t i = 0; i < kOptions.size(); ++i) {
    table[i] = kOptions[i].row;
    if (kOptions[i].row.val == kDwarfPid) continue;
    letters += static_cast<char>(kOptions[i].row.val);
    if (kOptions[i].row.has_arg == required_argument) letters += ':';
  }
  Arguments arguments;
  for (int letter = 0; (letter = ::getopt_long(argc, argv, letters.c_str(), table.data(), nullptr)) != -1;) {
    if (letter == 'h') {
      print_help(stdout, argv[0], stand_alone);
      arguments.exit = 0;
    } else if (letter == 'V') {
      std::printf("sonde-run v%s\n", SONDE_VERSION);
      arguments.exit = 0;
    } else if (!set_option(letter, ::optarg, arguments)) {
      if (letter == '?') print_help(stderr, argv[0], stand_alone);
      arguments.exit = runtime::kExitUsage;
    }
    if (arguments.exit) return arguments;
  }
  if (arguments.pid && !arguments.command.empty()) {
    std::fputs("ERROR: USAGE: Cannot use both -c and -p.\n", stderr);
    arguments.exit = runtime::kExitUsage;
    return arguments;
  }
  for (int i = ::optind; i < argc; ++i) {
    if (std::strncmp(argv[i], "--", 2) == 0) {
      arguments.run.parameters.emplace_back(argv[i]);
    } else if (!stand_alone && arguments.file.empty()) {
      arguments.file = argv[i];
    } else {
      std::fprintf(stderr, "ERROR: USAGE: positional parameters are not supported in compiled programs: %s\n", argv[i]);
      arguments.exit = runtime::kExitUsage;
      return arguments;
    }
  }
  if (!stand_alone && arguments.file.empty()) {
    print_help(stderr, argv[0], stand_alone);
    arguments.exit = runtime::kExitUsage;
  }
  return arguments;
}

int fail(const Error& error) {
  std::fprintf(stderr, "ERROR: %s\n", error.text().c_str());
  return runtime::kExitUsage;
}

int run(int argc, char** argv) {
  auto appended = runtime::read_appended("/proc/self/exe");
  if (!appended) return fail(appended.error());
  const bool stand_alone = appended->has_value();
  Arguments arguments = parse(argc, argv, stand_alone);
  if (arguments.exit) return *arguments.exit;
  auto bytes = stand_alone ? Result<std::vector<std::byte>>(std::move(**appended)) : runtime::read_file(arguments.file);
  if (!bytes) return fail(bytes.error());
  const auto image = image::read(*bytes);
  if (!image) return fail(image.error());
  std::string complaint;
  arguments.run.color = base::wants_color(complaint);
  if (!complaint.empty()) std::fprintf(stderr, "WARNING: %s\n", complaint.c_str());
  auto processes = runtime::open_processes(arguments.command, arguments.pid);
  if (!processes) return fail(processes.error());
  print::FdSink err(STDERR_FILENO, print::Buffering::line);
  return runtime::run_image(*image, arguments.run, std::move(*processes), err);
}

}  // namespace

int main(int argc, char** argv) {
  base::reserve_standard_files();
  return base::finish_standard_output(run(argc, argv));
}
