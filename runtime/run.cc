// The order of a run: cli.md 4.4 from step 13 on, and section 5.
#include "runtime/run.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "runtime/exercise.h"
#include "runtime/features.h"
#include "runtime/notify.h"
#include "runtime/parameters.h"
#include "runtime/print/registry.h"
#include "runtime/report.h"
#include "runtime/signals.h"
#include "runtime/tracer.h"

namespace sonde::runtime {
namespace {

const image::TestRunAttach* run_by_us(const image::ProgramDesc& program) {
  return std::get_if<image::TestRunAttach>(&program.attach);
}

// What --test or --bench runs; nothing otherwise.
std::optional<image::RunPhase> phase_of(Exercise exercise) {
  switch (exercise) {
    case Exercise::none: return std::nullopt;
    case Exercise::tests: return image::RunPhase::test;
    case Exercise::benchmarks: return image::RunPhase::bench;
  }
  return std::nullopt;
}

// Tests and benchmarks are not even loaded unless they are to be run.
bool is_inert(const image::ProgramDesc& program, Exercise exercise) {
  const auto* own = run_by_us(program);
  if (!own || (own->phase != image::RunPhase::test && own->phase != image::RunPhase::bench)) return false;
  return phase_of(exercise) != own->phase;
}

bool has_name_filter(const image::ProgramDesc& program) {
  const auto* own = run_by_us(program);
  return !own || own->phase == image::RunPhase::test || own->phase == image::RunPhase::bench;
}

// Binaries whose symbols nobody has asked for yet are kept open, since they may be gone when somebody does.
constexpr rlim_t kSymbolFiles = 16'384;

// Each perf event needs descriptors; the soft limit of 1024 is easily reached.
void raise_open_files(const image::Image& image, uint64_t probes) {
  const rlim_t wanted = 3 * probes + image.maps.size() + (value::has_user_addresses(image) ? kSymbolFiles : 0) + 50;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

symbols::Options symbol_options(const image::RuntimeConfig& config, const RunOptions& options) {
  return {.demangle = config.cpp_demangle,
          .cache_processes = config.cache_user_symbols != "none",
          .by_program = config.cache_user_symbols == "per_program",
          .lazy = config.lazy_symbolication,
          .source_lines = config.show_debug_info,
          .debug_folders = options.debug_folders};
}

class Run {
 public:
  Run(const image::Image& image, const RunOptions& options, Processes processes, print::Sink& err)
      : image_(image),
        options_(options),
        processes_(std::move(processes)),
        err_(err),
        report_(err, options.color, options.verbose, options.no_warnings) {}

  int go();

 private:
  bool prepare_load(LoadOptions& load);
  bool open_output();
  int trace(Tracer& tracer, Signals& signals);
  int exercise(Tracer& tracer, Witness& witness);
  int finish(Tracer& tracer, Signals& signals, LoopEnd end);
  int conclude(int code, const symbols::Symbols& symbols);
  void report_child();
  void notify(std::string_view state, const char* what);
  pid_t pid() const { return processes_.child ? processes_.child->pid() : processes_.target_pid; }

  const image::Image& image_;
  const RunOptions& options_;
  Processes processes_;
  print::Sink& err_;
  Report report_;
  const print::Format* format_ = nullptr;
  std::unique_ptr<print::FdSink> out_;
  std::unique_ptr<print::Printer> printer_;
};

// Parameters, probe filter and limits. False: the user has been told.
bool Run::prepare_load(LoadOptions& load) {
  auto values = resolve_parameters(image_, {.arguments = options_.parameters,
                                            .child = processes_.child ? processes_.child->pid() : 0,
                                            .target = processes_.target_pid});
  if (!values) {
    if (!values.error().error.empty()) report_.error(values.error().error);
    if (!values.error().hint.empty()) report_.hint(values.error().hint);
    return false;
  }
  load.parameters = std::move(*values);
  if (unwind::is_used_by(image_) && pid() == 0 && options_.dwarf_pids.empty()) {
    report_.error("dw_ustack needs to know whose stacks it walks.");
    report_.hint(
        "Name a process by -p PID, -c COMMAND or --dwarf-pid PID, or use ustack, which follows frame pointers.");
    return false;
  }
  if (!open_output()) return false;
  uint64_t probes = 0;
  bool multi = false;
  bool kprobes = false;
  for (const image::ProgramDesc& program : image_.programs) {
    const bool filtered =
        has_name_filter(program) && options_.probe_filter && !options_.probe_filter(program.probe_name);
    const bool inert = is_inert(program, options_.exercise);
    load.skip.push_back(filtered || inert);
    // An inert probe is none to attach, but a script of nothing else gets a message of its own.
    if (!filtered && !program.internal) ++probes;
    if (load.skip.back()) continue;
    if (!program.internal) probes += attach::sites_of(program) - 1;
    const auto* kprobe = std::get_if<image::KprobeAttach>(&program.attach);
    kprobes = kprobes || (kprobe && !kprobe->functions.empty());
    multi = multi || (!kprobe && attach::sites_of(program) > 1);
  }
  if (probes == 0) {
    if (!options_.quiet) std::puts("No probes to attach");
    return false;
  }
  if (probes > image_.config.max_probes) {
    report_.error("Can't attach to " + std::to_string(probes) + " probes because it exceeds the current limit of " +
                  std::to_string(image_.config.max_probes) +
                  " probes.\nYou can increase the limit through the SONDE_MAX_PROBES environment variable, but BE "
                  "CAREFUL since a high number of probes attached can cause your system to crash.");
    return false;
  }
  raise_open_files(image_, probes);
  // Asking costs a program load, so only images with several sites per program do.
  Features features;
  load.uprobe_multi = multi && !options_.no_uprobe_multi && features.has("uprobe_multi") &&
                      (pid() == 0 || features.has("uprobe_multi_pid"));
  load.kprobe_multi = kprobes && !options_.no_kprobe_multi && features.has("kprobe_multi");
  load.verifier_logs = options_.debug_verifier;
  load.libbpf_messages = options_.debug_libbpf;
  return true;
}

bool Run::open_output() {
  const std::string name = options_.format.empty() ? std::string(print::formats().front().name) : options_.format;
  format_ = print::find_format(name);
  if (!format_) {
    std::string valid;
    for (const print::Format& format : print::formats())
      valid += (valid.empty() ? "'" : ", '") + std::string(format.name) + "'";
    report_.error("Invalid output format \"" + name + "\"\nValid formats: " + valid);
    return false;
  }
  if (options_.output.empty()) {
    out_ = std::make_unique<print::FdSink>(STDOUT_FILENO, options_.buffering);
    return true;
  }
  base::Fd file(::open(options_.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.valid()) {
    report_.error("Failed to open output file: \"" + options_.output + "\": " + std::strerror(errno));
    return false;
  }
  out_ = std::make_unique<print::FdSink>(std::move(file), options_.buffering);
  return true;
}

int Run::go() {
  LoadOptions load;
  if (!prepare_load(load)) return kExitUsage;
  printer_ = format_->make({.image = image_, .out = *out_, .err = err_, .color = options_.color});
  std::optional<Witness> witness;
  if (options_.exercise == Exercise::tests)
    witness.emplace([&](print::Sink& sink) { return format_->make({image_, sink, sink, options_.color}); });
  if (options_.exercise == Exercise::benchmarks)
    witness.emplace([&](print::Sink&) { return format_->make({image_, *out_, err_, options_.color}); });
  auto signals = Signals::block();
  if (!signals) {
    report_.error(signals.error().text());
    return kExitFailed;
  }
  symbols::Symbols symbols(symbol_options(image_.config, options_));
  value::Decoder decoder(image_, symbols, value::measure_clock_offsets());
  decoder.on_failure([this](std::string_view text) { report_.error(text); });
  Tracer tracer(decoder, witness ? witness->printer() : *printer_, *out_, report_,
                {.pid = pid(),
                 .pid_is_child = processes_.child.has_value(),
                 .dwarf_pids = options_.dwarf_pids,
                 .show_optional = options_.warnings,
                 .no_warnings = options_.no_warnings,
                 .quiet = options_.quiet});
  if (const auto loaded = tracer.load(std::move(load)); !loaded) {
    report_.load_error(image_, loaded.error());
    return kExitFailed;
  }
  for (uint32_t i = 0; options_.debug_verifier && i < image_.programs.size(); ++i) {
    std::printf("BPF verifier log for %s:\n--------------------------------------\n%s\n",
                image_.programs[i].symbol.c_str(), tracer.object().verifier_log({i}).c_str());
  }
  std::fflush(stdout);
  const int code = conclude(witness ? exercise(tracer, *witness) : trace(tracer, *signals), symbols);
  // What is left is detaching, which may take long: whoever does not want to wait for it kills us.
  signals->release();
  return code;
}

int Run::exercise(Tracer& tracer, Witness& witness) {
  const image::RunPhase phase = *phase_of(options_.exercise);
  if (tracer.programs_of(phase).empty() && tracer.programs_of(image::RunPhase::begin).empty() &&
      tracer.programs_of(image::RunPhase::end).empty()) {
    tracer.report_nothing_attached();
    return kExitFailed;
  }
  bool good = true;
  for (const image::RunPhase step : {image::RunPhase::begin, phase, image::RunPhase::end}) {
    if (step == phase) {
      if (!tracer.programs_of(phase).empty()) good = run_exercises(phase, image_, tracer, witness, *printer_, report_);
      continue;
    }
    if (const auto ran = tracer.run(step); !ran) {
      report_.error(ran.error().text());
      return kExitFailed;
    }
    if (step == image::RunPhase::end) tracer.settle();
  }
  out_->write(witness.take_output());
  printer_->end();
  out_->flush();
  return good ? 0 : kExitUsage;
}

int Run::trace(Tracer& tracer, Signals& signals) {
  if (const auto ran = tracer.run(image::RunPhase::begin); !ran) {
    report_.error(ran.error().text());
    return kExitFailed;
  }
  if (!tracer.attach(signals)) return kExitFailed;
  if (options_.dry_run) return 0;
  if (processes_.child) {
    if (const auto released = processes_.child->release(); !released) {
      report_.error(released.error().text());
      return kExitFailed;
    }
  }
  if (!options_.quiet) printer_->attached(tracer.attached());
  // A hook for test harnesses.
  if (std::getenv("__BPFTRACE_NOTIFY_PROBES_ATTACHED")) {
    std::puts("__BPFTRACE_NOTIFY_PROBES_ATTACHED");
    std::fflush(stdout);
  }
  notify("READY=1\nSTATUS=Processing events...", "readiness");
  if (const auto read = tracer.read_iterators(); !read) {
    report_.error(read.error().text());
    return kExitUsage;
  }
  std::vector<int> processes;
  if (processes_.child) processes.push_back(processes_.child->pidfd());
  if (processes_.target.valid()) processes.push_back(processes_.target.get());
  const LoopEnd end = tracer.loop(signals, processes);
  return finish(tracer, signals, end);
}

int Run::finish(Tracer& tracer, Signals& signals, LoopEnd end) {
  report_child();
  notify("STOPPING=1\nSTATUS=Shutting down...", "shutdown");
  tracer.detach(end == LoopEnd::exit_called);
  if (const auto ran = tracer.run(image::RunPhase::end); !ran) report_.error(ran.error().text());
  tracer.drain(signals);
  tracer.report_totals();
  printer_->end();
  if (image_.config.print_maps_on_exit) tracer.show_maps();
  printer_->finish();
  out_->flush();
  if (processes_.child && end == LoopEnd::exit_called) processes_.child->terminate();
  return static_cast<int>(tracer.exit_code().value_or(0) & 0xff);
}

// What only the last line written can tell.
int Run::conclude(int code, const symbols::Symbols& symbols) {
  if (const uint64_t unnamed = symbols.unnamed(); unnamed > 0)
    report_.warning(
        std::to_string(unnamed) +
        " user addresses have no names, since their processes ended too long ago. Print stacks more often.");
  if (const int error = out_->failed(); error != 0) {
    report_.error("Failed to write output: " + std::string(std::strerror(error)));
    return kExitFailed;
  }
  return code;
}

void Run::report_child() {
  if (!processes_.child) return;
  const auto exit = processes_.child->poll_exit();
  if (!exit) return;
  report_.detail((exit->signalled ? "Child terminated by signal: " : "Child exited with code: ") +
                 std::to_string(exit->code));
}

void Run::notify(std::string_view state, const char* what) {
  if (const auto sent = notify_service_manager(state); !sent)
    report_.warning(std::string("Failed to send ") + what + " notification, ignoring: " + sent.error().text());
}

}  // namespace

Result<Processes> open_processes(const std::string& command, std::optional<pid_t> pid) {
  Processes processes;
  if (!command.empty()) {
    auto child = ChildProcess::start(command);
    if (!child) return std::unexpected(child.error());
    processes.child.emplace(std::move(*child));
  }
  if (pid) {
    auto target = open_process(*pid);
    if (!target) return std::unexpected(target.error());
    processes.target = std::move(*target);
    processes.target_pid = *pid;
  }
  return processes;
}

int run_image(const image::Image& image, const RunOptions& options, Processes processes, print::Sink& err) {
  return Run(image, options, std::move(processes), err).go();
}

}  // namespace sonde::runtime
