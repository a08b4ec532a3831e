// Tracer: an image becomes a running program. It owns what is in the kernel (object, links, ring); the caller decides
// the order of its steps (run.cc, cli.md 4.4 and 5).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "image/image.h"
#include "runtime/attach/attach.h"
#include "runtime/events/actions.h"
#include "runtime/events/counters.h"
#include "runtime/events/packets.h"
#include "runtime/events/ring.h"
#include "runtime/load.h"
#include "runtime/print/printer.h"
#include "runtime/report.h"
#include "runtime/signals.h"
#include "runtime/unwind/unwinder.h"
#include "runtime/value/decode.h"

namespace sonde::runtime {

struct TracerOptions {
  int pid = 0;                       // -c or -p process: restricts user probes and perf events
  bool pid_is_child = false;         // it has not begun its command yet
  std::vector<uint32_t> dwarf_pids;  // further processes whose stacks dw_ustack walks
  bool show_optional = false;        // -k
  bool no_warnings = false;
  bool quiet = false;  // -q: no word on the progress of attaching
};

// Why the event loop ended.
enum class LoopEnd : uint8_t { exit_called, interrupted, process_gone, nothing_left, output_failed };

class Tracer {
 public:
  // `decoder`, `printer` and `report` must outlive the tracer, as must the image behind the decoder.
  Tracer(const value::Decoder& decoder, print::Printer& printer, print::Sink& out, Report& report,
         TracerOptions options);
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // Loads all programs that the filter leaves and opens the ring.
  std::expected<void, LoadError> load(LoadOptions options);
  const BpfObject& object() const { return *object_; }

  // Runs all begin, end or signal programs, in script order.
  Result<> run(image::RunPhase phase);

  // Attaches everything else, in two passes (probes.md 4.2). Reports failures by config missing_probes; false: give up.
  bool attach(Signals& signals);
  void report_nothing_attached();
  // Programs that ran or will run plus attached functions, the number of `Attached N probes`.
  uint64_t attached() const { return attached_; }
  // Whether anything but begin and end programs is there to wait for.
  bool has_sources() const;

  // Reads all iterators to their end, to standard output, or pins them.
  Result<> read_iterators();

  // Loaded programs of a phase, in script order.
  std::vector<uint32_t> programs_of(image::RunPhase phase) const;
  Result<attach::PacketRun> run_on_packet(uint32_t program, uint32_t repeat);
  // Handles everything that is queued and looks at the counters.
  void settle();
  // Code of the last exit() since the last call.
  std::optional<int64_t> take_exit_code() { return std::exchange(exit_code_, std::nullopt); }

  // Handles events until exit(), a signal, or the end of the process behind one of `processes` (pidfds).
  LoopEnd loop(Signals& signals, const std::vector<int>& processes);
  // Stops all programs for good; what they hung on is freed with the tracer, which may take long. With `discard` the events
  // still queued are dropped unseen.
  void detach(bool discard);
  // Handles what is queued; a further signal ends that. Then reports the last counters.
  void drain(Signals& signals);
  // Map-full and loss totals of the whole run.
  void report_totals();
  // Prints all user maps in byte order of their names.
  void show_maps();

  // Code of the last exit() that was handled.
  std::optional<int64_t> exit_code() const { return exit_code_; }

 private:
  bool is_skipped(uint32_t program) const { return program < skip_.size() && skip_[program]; }
  bool attach_one(uint32_t program, attach::Context& context);
  uint64_t handle_some(uint64_t limit);
  Result<> open_packets();
  void unwatch(uint64_t address);
  void take_exit();

  const value::Decoder& decoder_;
  const image::Image& image_;
  print::Printer& printer_;
  print::Sink& out_;
  Report& report_;
  TracerOptions options_;
  std::vector<bool> skip_;
  bool uprobe_multi_ = false;
  bool kprobe_multi_ = false;
  std::optional<BpfObject> object_;
  std::optional<events::Ring> ring_;
  std::optional<events::Packets> packets_;
  std::optional<events::Counters> counters_;
  std::optional<unwind::Unwinder> unwinder_;
  events::Actions actions_;
  std::vector<attach::Link> links_;
  std::vector<attach::Link> iterators_;
  uint64_t attached_ = 0;
  uint64_t sources_ = 0;       // attached programs
  bool process_gone_ = false;  // the -c or -p process ended before all probes were attached
  std::optional<int64_t> exit_code_;
};

}  // namespace sonde::runtime
