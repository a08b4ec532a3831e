// The steps of a run. What is in the kernel dies with this object: nothing is pinned.
#include "runtime/tracer.h"

#include <linux/perf_event.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <iterator>
#include <thread>
#include <utility>

#include "runtime/progress.h"

namespace sonde::runtime {
namespace {

// Events handled between two looks at signals.
constexpr uint64_t kBatch = 4096;
// So many events between two looks at the ring count as pouring, and this is how long the next ones may gather: a
// thousandth of a second at a million events per second is a small part of the ring.
constexpr uint64_t kPouring = 16;
constexpr std::chrono::microseconds kGather(1000);
// How often the counters of errors and losses are read.
constexpr std::chrono::milliseconds kPollPeriod(100);
// First look at the traced process; the pause doubles up to the poll period. A process may live only that long.
constexpr std::chrono::milliseconds kFirstLook(1);

// The kernel runs these last in, first out; attached in reverse they fire in script order.
bool attaches_in_reverse(const image::AttachSpec& spec) {
  struct Order {
    bool operator()(const image::TestRunAttach&) const { return false; }
    bool operator()(const image::TracepointAttach&) const { return false; }
    bool operator()(const image::TracingAttach& x) const { return x.kind != image::TracingKind::raw_tracepoint; }
    bool operator()(const image::KprobeAttach& x) const { return !x.on_return; }
    bool operator()(const image::UprobeAttach&) const { return true; }
    bool operator()(const image::PerfEventAttach&) const { return false; }
  };
  return std::visit(Order{}, spec);
}

const image::TestRunAttach* run_by_us(const image::ProgramDesc& program) {
  return std::get_if<image::TestRunAttach>(&program.attach);
}

bool is_iterator(const image::ProgramDesc& program) {
  const auto* tracing = std::get_if<image::TracingAttach>(&program.attach);
  return tracing && tracing->kind == image::TracingKind::iterator;
}

// epoll over the ring, the signals and the traced processes.
class Waiter {
 public:
  Waiter() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {}

  void add(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event);
  }
  // Descriptors that are readable, after at most `timeout`.
  std::vector<int> wait(std::chrono::milliseconds timeout) {
    std::array<epoll_event, 8> events;
    const int count = ::epoll_wait(fd_.get(), events.data(), events.size(), static_cast<int>(timeout.count()));
    std::vector<int> ready;
    for (int i = 0; i < count; ++i) ready.push_back(events[static_cast<size_t>(i)].data.fd);
    return ready;
  }

 private:
  base::Fd fd_;
};

int find_map(const image::Image& image, const BpfObject& object, const char* elf_name) {
  for (uint32_t i = 0; i < image.maps.size(); ++i)
    if (image.maps[i].elf_name == elf_name) return object.map_fd({i});
  return -1;
}

std::unexpected<LoadError> load_failure(const Error& error) {
  LoadError failure;
  failure.what = error.what;
  failure.code = error.code;
  return std::unexpected(std::move(failure));
}

}  // namespace

Tracer::Tracer(const value::Decoder& decoder, print::Printer& printer, print::Sink& out, Report& report,
               TracerOptions options)
    : decoder_(decoder),
      image_(decoder.image()),
      printer_(printer),
      out_(out),
      report_(report),
      options_(std::move(options)),
      actions_(
          decoder, printer, [this](image::MapId id) { return object_ ? object_->map_fd(id) : -1; },
          [this](uint64_t address) { unwatch(address); }, {.no_warnings = options_.no_warnings}) {}

Tracer::~Tracer() {
  detach(false);
  // Everything has been printed. The kernel frees trace events one after the other, each after a grace period of its own.
  uint64_t events = 0;
  for (const attach::Link& link : links_) events += link.events.size();
  Progress progress(options_.quiet ? nullptr : &report_, "Detaching", events);
  attach::free_events(std::move(links_), [&](uint64_t freed) { progress.step(freed - progress.done()); });
}

std::expected<void, LoadError> Tracer::load(LoadOptions options) {
  options.skip.resize(image_.programs.size(), false);
  if (unwind::is_used_by(image_)) {
    const auto pid = static_cast<uint32_t>(options_.pid);
    std::vector<uint32_t> processes = options_.dwarf_pids;
    if (pid != 0 && !options_.pid_is_child) processes.push_back(pid);
    unwinder_.emplace(processes, options_.pid_is_child ? pid : 0);
    options.unwind_rows = unwinder_->read();
  }
  auto object = runtime::load(image_, options);
  // A probe whose target this kernel lacks may be dispensable; the rest is then loaded without it.
  while (!object && object.error().missing_target && image_.config.missing_probes != "error") {
    const uint32_t program = object.error().program.value;
    report_.missing_probe(image_, image_.programs[program].probe_name, object.error().what);
    options.skip[program] = true;
    object = runtime::load(image_, options);
  }
  if (!object) return std::unexpected(object.error());
  skip_ = options.skip;
  uprobe_multi_ = options.uprobe_multi;
  kprobe_multi_ = options.kprobe_multi;
  object_ = std::move(*object);
  for (uint32_t i = 0; i < image_.maps.size(); ++i) {
    const image::MapDesc& map = image_.maps[i];
    if (map.elf_name != image::kRingMap || object_->map_fd({i}) < 0) continue;
    const uint32_t size = map.max_entries != 0 ? map.max_entries : ring_size(image_.config.perf_rb_pages);
    uint32_t longest = 0;
    for (const image::EventLayout& event : image_.events) longest = std::max(longest, event.size);
    auto ring = events::Ring::open(object_->map_fd({i}), size, longest);
    if (!ring) return load_failure({.what = "map the ring buffer", .code = ring.error().code});
    ring_ = std::move(*ring);
  }
  if (unwinder_) {
    const auto published = unwinder_->publish(find_map(image_, *object_, image::kUnwindRowsMap),
                                              find_map(image_, *object_, image::kUnwindSpacesMap), options.unwind_rows);
    if (!published) return load_failure(published.error());
  }
  if (const auto opened = open_packets(); !opened) return load_failure(opened.error());
  counters_.emplace(image_, find_map(image_, *object_, image::kErrorMap), find_map(image_, *object_, image::kLossMap),
                    events::CounterOptions{options_.show_optional, options_.no_warnings});
  return {};
}

// skboutput() does not write to the ring: the kernel appends packets to perf buffers only.
Result<> Tracer::open_packets() {
  const int map = find_map(image_, *object_, image::kPacketMap);
  if (map < 0) return {};
  auto packets = events::Packets::open(map, image_.config.perf_rb_pages,
                                       [this](std::span<const std::byte> record) { actions_.handle(record); });
  if (!packets) return std::unexpected(packets.error());
  packets_ = std::move(*packets);
  return actions_.create_packet_files();
}

void Tracer::unwatch(uint64_t address) {
  const auto watches = [&](const attach::Link& link) {
    if (link.program.value >= image_.programs.size()) return false;
    const auto* event = std::get_if<image::PerfEventAttach>(&image_.programs[link.program.value].attach);
    return event && event->type == PERF_TYPE_BREAKPOINT && event->address == address;
  };
  const auto gone = std::ranges::stable_partition(links_, std::not_fn(watches));
  std::vector<attach::Link> removed(std::make_move_iterator(gone.begin()), std::make_move_iterator(gone.end()));
  links_.erase(gone.begin(), gone.end());
  attach::stop(removed);
  attach::free_events(std::move(removed));
}

Result<> Tracer::run(image::RunPhase phase) {
  for (uint32_t i = 0; i < image_.programs.size(); ++i) {
    const image::ProgramDesc& program = image_.programs[i];
    const auto* own = run_by_us(program);
    if (!own || own->phase != phase || is_skipped(i)) continue;
    report_.detail("Attaching '" + program.probe_name + "' probe");
    const auto result = attach::run_once(program, object_->program_fd({i}));
    if (!result) return std::unexpected(result.error());
  }
  return {};
}

bool Tracer::has_sources() const {
  const bool signal_programs = std::ranges::any_of(image_.programs, [](const image::ProgramDesc& program) {
    const auto* own = run_by_us(program);
    return own && own->phase == image::RunPhase::signal;
  });
  return signal_programs || sources_ > iterators_.size();
}

bool Tracer::attach_one(uint32_t program, attach::Context& context) {
  const image::ProgramDesc& desc = image_.programs[program];
  report_.detail("Trying to attach probe: " + desc.probe_name);
  attach::Link link;
  link.program = {program};
  if (const auto attached = attach::attach(link, desc, object_->program_fd({program}), context); !attached) {
    links_.push_back(std::move(link));
    if (attached.error().code == EINTR) return false;
    // Then the loop ends at once, as it does with any process that ends.
    if (attached.error().code == ESRCH && options_.pid > 0) {
      process_gone_ = true;
      report_.detail("Process " + std::to_string(options_.pid) + " has ended");
      return true;
    }
    return report_.missing_probe(image_, desc.probe_name, attached.error().text());
  }
  if (report_.verbose() && !link.names.empty()) {
    report_.detail("Attaching to " + std::to_string(link.names.size()) + " functions");
    for (const std::string& name : link.names) report_.detail(name);
  }
  if (!link.refused.empty() && image_.config.missing_probes != "ignore")
    report_.warning(std::to_string(link.refused.size()) + " of the " + std::to_string(attach::sites_of(desc)) +
                    " functions of " + desc.probe_name + " cannot be probed, the first because " +
                    link.refused.front().text());
  if (!desc.internal) {
    attached_ += link.probes;
    ++sources_;
  }
  (is_iterator(desc) ? iterators_ : links_).push_back(std::move(link));
  return true;
}

bool Tracer::attach(Signals& signals) {
  decoder_.watch_processes();
  attach::Context context(options_.pid, uprobe_multi_, kprobe_multi_);
  std::vector<uint32_t> order;
  uint64_t sites = 0;
  // What another program relies on comes first.
  for (uint32_t i = 0; i < image_.programs.size(); ++i)
    if (!is_skipped(i) && image_.programs[i].internal) order.push_back(i);
  for (uint32_t i = 0; i < image_.programs.size(); ++i) {
    if (is_skipped(i) || image_.programs[i].internal) continue;
    if (run_by_us(image_.programs[i])) {
      ++attached_;
      continue;
    }
    sites += attach::sites_of(image_.programs[i]);
    if (!attaches_in_reverse(image_.programs[i].attach)) order.push_back(i);
  }
  for (uint32_t i = static_cast<uint32_t>(image_.programs.size()); i-- > 0;)
    if (!is_skipped(i) && !image_.programs[i].internal && attaches_in_reverse(image_.programs[i].attach))
      order.push_back(i);
  Progress progress(options_.quiet ? nullptr : &report_, "Attaching", sites);
  context.on_sites([&](uint64_t count) -> Result<> {
    signals.read();
    if (signals.interrupts() > 0) return base::fail("interrupted", EINTR);
    progress.step(count);
    return {};
  });
  for (const uint32_t program : order) {
    const uint64_t before = progress.done();
    signals.read();
    if (signals.interrupts() > 0 || !attach_one(program, context)) return false;
    if (signals.interrupts() > 0) return false;
    progress.step(attach::sites_of(image_.programs[program]) - (progress.done() - before));
  }
  if (attached_ > 0 || process_gone_) return true;
  report_nothing_attached();
  return false;
}

// Tests and benchmarks wait for their options.
void Tracer::report_nothing_attached() {
  const auto has = [&](image::RunPhase phase) {
    return std::ranges::any_of(image_.programs, [&](const image::ProgramDesc& program) {
      const auto* own = run_by_us(program);
      return own && own->phase == phase;
    });
  };
  if (has(image::RunPhase::test))
    report_.error("No probes attached; use --test to run test probes.");
  else if (has(image::RunPhase::bench))
    report_.error("No probes attached; use --bench to run benchmark probes.");
  else
    report_.error("Attachment failed for all probes.");
}

Result<> Tracer::read_iterators() {
  out_.flush();
  for (const attach::Link& iterator : iterators_) {
    if (iterator.pin.empty()) {
      // Records for maps and print() come while the kernel walks its objects.
      SONDE_TRY(attach::read_iterator(iterator, STDOUT_FILENO, [this] {
        if (!actions_.exit_pending()) handle_some(UINT64_MAX);
      }));
      continue;
    }
    const auto path = attach::pin_link(iterator);
    if (path) {
      out_.flush();
      std::printf("Program pinned to %s\n", path->c_str());
      std::fflush(stdout);
    } else {
      report_.error("Failed to pin iter probe link: " + path.error().text());
    }
  }
  return {};
}

std::vector<uint32_t> Tracer::programs_of(image::RunPhase phase) const {
  std::vector<uint32_t> programs;
  for (uint32_t i = 0; i < image_.programs.size(); ++i)
    if (const auto* own = run_by_us(image_.programs[i]); own && own->phase == phase && !is_skipped(i))
      programs.push_back(i);
  return programs;
}

Result<attach::PacketRun> Tracer::run_on_packet(uint32_t program, uint32_t repeat) {
  return attach::run_on_packet(image_.programs[program], object_->program_fd({program}), repeat);
}

void Tracer::settle() {
  do {
    handle_some(UINT64_MAX);
  } while (actions_.exit_pending() && (take_exit(), true));
  counters_->poll(printer_);
}

void Tracer::take_exit() {
  if (const auto code = actions_.take_exit()) exit_code_ = code;
}

uint64_t Tracer::handle_some(uint64_t limit) {
  if (packets_) packets_->consume();
  decoder_.follow_processes();
  if (!ring_ || ring_->empty()) return 0;
  // What went wrong before a record was written is said before it.
  counters_->poll_errors(printer_);
  out_.hold(true);
  const uint64_t count = ring_->consume(limit, [this](std::span<const std::byte> record) {
    actions_.handle(record);
    return !actions_.exit_pending();
  });
  out_.hold(false);
  return count;
}

LoopEnd Tracer::loop(Signals& signals, const std::vector<int>& processes) {
  Waiter waiter;
  if (ring_) waiter.add(ring_->fd());
  if (packets_) waiter.add(packets_->fd());
  waiter.add(signals.fd());
  for (const int process : processes) waiter.add(process);
  auto next_poll = std::chrono::steady_clock::now() + kPollPeriod;
  auto look_pause = kFirstLook;
  auto next_look = std::chrono::steady_clock::now() + look_pause;
  for (;;) {
    const uint64_t handled = handle_some(kBatch);
    const bool more = handled == kBatch;
    if (actions_.exit_pending()) {
      take_exit();
      return LoopEnd::exit_called;
    }
    if (out_.failed() != 0) return LoopEnd::output_failed;
    // A command is run to its end, whatever looks at it.
    if (!more && !has_sources() && !options_.pid_is_child) return LoopEnd::nothing_left;
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_poll) {
      counters_->poll(printer_);
      next_poll = now + kPollPeriod;
    }
    if (options_.pid <= 0 && !unwinder_) {
      next_look = next_poll;
    } else if (now >= next_look) {
      if (options_.pid > 0) decoder_.remember_process(static_cast<uint32_t>(options_.pid));
      if (unwinder_)
        if (const auto refreshed = unwinder_->refresh(); !refreshed) report_.warning(refreshed.error().text());
      look_pause = std::min(look_pause * 2, kPollPeriod);
      next_look = now + look_pause;
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(std::min(next_poll, next_look) - now);
    // While events pour in, let some gather before looking again: the kernel wakes us only once per batch then, and a
    // wake-up costs the traced program more than the record does.
    if (!more && handled >= kPouring) std::this_thread::sleep_for(kGather);
    const std::vector<int> ready = waiter.wait(more || handled >= kPouring ? std::chrono::milliseconds(0) : wait);
    signals.read();
    if (signals.interrupts() > 0) return LoopEnd::interrupted;
    if (signals.take_user_signal())
      if (const auto ran = run(image::RunPhase::signal); !ran) report_.error(ran.error().text());
    for (const int process : processes)
      if (std::ranges::find(ready, process) != ready.end()) return LoopEnd::process_gone;
  }
}

void Tracer::detach(bool discard) {
  attach::stop(links_);
  attach::stop(iterators_);
  iterators_.clear();
  if (discard && ring_) ring_->consume(UINT64_MAX, [](std::span<const std::byte>) { return true; });
}

void Tracer::drain(Signals& signals) {
  const uint64_t before = signals.interrupts();
  for (;;) {
    const uint64_t count = handle_some(kBatch);
    // An exit() among these ends nothing any more, it only sets the code.
    const bool exit_called = actions_.exit_pending();
    take_exit();
    signals.read();
    if (signals.interrupts() > before) break;
    if (count < kBatch && !exit_called) break;
  }
  counters_->poll(printer_);
}

void Tracer::report_totals() {
  printer_.total_lost(counters_->lost_events());
  for (uint32_t i = 0; i < image_.programs.size(); ++i) {
    const image::LossCell& loss = counters_->losses()[i];
    const std::string& name = image_.programs[i].probe_name;
    if (loss.events != 0) report_.warning("Lost " + std::to_string(loss.events) + " events of " + name);
    if (loss.busy != 0)
      report_.warning("Skipped " + std::to_string(loss.busy) + " runs of " + name + " (nested too deeply)");
  }
  std::vector<uint64_t> dropped(image_.maps.size(), 0);
  for (uint32_t i = 0; i < image_.error_sites.size(); ++i) {
    const image::ErrorSite& site = image_.error_sites[i];
    if (site.kind == image::ErrorKind::map_full && site.map.valid()) dropped[site.map.value] += counters_->failures(i);
  }
  for (uint32_t i = 0; i < dropped.size(); ++i)
    if (dropped[i] != 0)
      report_.warning("Map " + image_.maps[i].name + " was full (" + std::to_string(image_.maps[i].max_entries) +
                      " entries): " + std::to_string(dropped[i]) +
                      (dropped[i] == 1 ? " update was dropped" : " updates were dropped"));
  if (unwinder_ && unwinder_->left_out() != 0)
    report_.warning("dw_ustack: no room for the tables of " + std::to_string(unwinder_->left_out()) +
                    " mapped files: stacks through them are cut short");
  if (actions_.damaged() != 0) report_.warning("Skipped " + std::to_string(actions_.damaged()) + " damaged events");
}

void Tracer::show_maps() {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < image_.maps.size(); ++i)
    if (!image_.maps[i].internal) order.push_back(i);
  std::ranges::sort(order, {}, [this](uint32_t map) -> const std::string& { return image_.maps[map].name; });
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  printer_.set_time(static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec));
  out_.hold(true);
  for (const uint32_t map : order) actions_.show_map({map}, {.at_exit = true});
  out_.hold(false);
}

}  // namespace sonde::runtime
