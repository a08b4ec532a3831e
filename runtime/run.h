// One run of an image, from parameters to exit code: shared by sonde and sonde-run.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/image.h"
#include "runtime/print/printer.h"
#include "runtime/print/sink.h"
#include "runtime/process.h"

namespace sonde::runtime {

// Exit codes of cli.md 5.1.
inline constexpr int kExitUsage = 1;
inline constexpr int kExitFailed = 255;

// What is run instead of tracing.
enum class Exercise : uint8_t { none, tests, benchmarks };

struct RunOptions {
  Exercise exercise = Exercise::none;                   // --test, --bench
  std::string output;                                   // -o; empty: standard output
  std::string format;                                   // -f; empty: text
  print::Buffering buffering = print::Buffering::line;  // -B
  bool quiet = false;                                   // -q
  bool verbose = false;                                 // -v
  bool warnings = false;                                // -k
  bool no_warnings = false;                             // --no-warnings
  bool dry_run = false;                                 // --dry-run
  bool color = false;
  bool debug_libbpf = false;               // -d libbpf
  bool debug_verifier = false;             // -d verifier
  bool no_uprobe_multi = false;            // --no-feature uprobe_multi
  std::vector<std::string> debug_folders;  // --debuginfo: searched first for separate debug files
  std::vector<uint32_t> dwarf_pids;        // --dwarf-pid: processes besides -p and -c that dw_ustack walks
  bool no_kprobe_multi = false;            // --no-feature kprobe_multi
  std::vector<std::string> parameters;     // "--name=value" words after `--`
  // --probe-filter: whether a probe of this full name stays. Not asked about begin, end and signal probes.
  std::function<bool(std::string_view)> probe_filter;
};

// The traced process: at most one of both.
struct Processes {
  std::optional<ChildProcess> child;  // -c, not yet released
  base::Fd target;                    // -p, a pidfd
  pid_t target_pid = 0;
};

// Opens what -c and -p name (empty: none). To be done before compiling. Fails with the text for the user.
Result<Processes> open_processes(const std::string& command, std::optional<pid_t> pid);

// Loads and runs `image` to its end. Program output goes where `options` say, everything else to `err`. Gives the exit
// code of the process.
int run_image(const image::Image& image, const RunOptions& options, Processes processes, print::Sink& err);

}  // namespace sonde::runtime
