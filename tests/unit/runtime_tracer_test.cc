// Whole runs of an image on the kernel at hand: load, attach, events, maps, exit codes. The object is BPF C compiled by
// the test; it needs root and clang-19.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/unit/runtime_fixture.h"

namespace sonde::runtime {
namespace {

using image::Image;

constexpr image::PerfEventAttach kEveryHour{
    .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_CPU_CLOCK, .period = 3'600'000'000'000, .every_cpu = false};
constexpr image::PerfEventAttach kEvery10ms{
    .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_CPU_CLOCK, .period = 10'000'000, .every_cpu = false};

// The image around runtime_basic.bpf.c.
Image basic_image() {
  Image image;
  image.target.arch = "x86_64";
  image.object = compile("runtime_basic");
  image::Layout number;
  number.kind = image::LayoutKind::integer;
  number.size = 8;
  number.is_signed = true;
  number.name = "int64";
  image::Layout aggregate;
  aggregate.kind = image::LayoutKind::aggregate;
  aggregate.size = 8;
  image.types = {number, aggregate};

  image.maps = {map("sonde_ring", "sonde_ring", image::MapKind::ring_buffer, 0, 0, 4096),
                map("sonde_errors", "sonde_errors", image::MapKind::percpu_array, 4, 16, 1),
                map("sonde_losses", "sonde_losses", image::MapKind::percpu_array, 4, 16, 5),
                map("@calls", "AT_calls", image::MapKind::percpu_hash, 8, 8, 100),
                map("@tiny", "AT_tiny", image::MapKind::hash, 8, 8, 2),
                map("@ticks", "AT_ticks", image::MapKind::array, 4, 16, 1)};
  for (size_t i = 3; i < 5; ++i) image.maps[i].key = {0};
  image.maps[3].value = {1};
  image.maps[3].aggregate = image::AggDesc{};
  image.maps[3].aggregate->name = "count";
  image.maps[3].aggregate->fields = {{image::MergeRule::add, 0, 1}};
  image.maps[4].value = {0};
  image.maps[5].value = {0};
  image.maps[5].scalar = true;
  image.maps[5].written_flag_offset = 8;

  image.programs = {
      program("begin_1", "begin", BPF_PROG_TYPE_RAW_TRACEPOINT, image::TestRunAttach{image::RunPhase::begin}),
      program("getppid_2", "tracepoint:syscalls:sys_enter_getppid", BPF_PROG_TYPE_TRACEPOINT,
              image::TracepointAttach{"syscalls", "sys_enter_getppid"}),
      program("interval_3", "interval:ms:10", BPF_PROG_TYPE_PERF_EVENT, kEvery10ms),
      program("end_4", "end", BPF_PROG_TYPE_RAW_TRACEPOINT, image::TestRunAttach{image::RunPhase::end}),
      program("flood_5", "begin", BPF_PROG_TYPE_RAW_TRACEPOINT, image::TestRunAttach{image::RunPhase::begin})};

  image.formats = {image::parse_format("n=%ld\n")};
  image::EventLayout print;
  print.action = image::Action::printf;
  print.size = 24;
  print.fields = {{{0}, 16}};
  print.format = {0};
  image::EventLayout exit;
  exit.action = image::Action::exit;
  exit.size = 24;
  exit.fields = {{{0}, 16}};
  image.events = {print, exit};

  image.spans = {{.file = "stdin",
                  .line = 1,
                  .column = 9,
                  .end_column = 16,
                  .end_line = 1,
                  .text = "begin { @tiny[5] = 1 }",
                  .expanded_from = {}}};
  image.error_sites = {{.kind = image::ErrorKind::map_full, .helper = "map_update_elem", .map = {4}, .span = {0}}};
  return image;
}

class TracerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    image_ = basic_image();
    if (image_.object.empty()) GTEST_SKIP() << "needs clang-19";
    options_.probe_filter = [this](std::string_view) { return keep_probes_; };
    flood(false);
  }

  // Runs the flooding program at the begin, or never.
  void flood(bool on) {
    image_.programs.pop_back();
    image_.programs.push_back(program("flood_5", on ? "begin" : "self:signal:SIGUSR1", BPF_PROG_TYPE_RAW_TRACEPOINT,
                                      image::TestRunAttach{on ? image::RunPhase::begin : image::RunPhase::signal}));
  }

  Outcome run(Processes processes = {}) { return run_to_end(image_, options_, std::move(processes)); }

  Image image_;
  RunOptions options_;
  bool keep_probes_ = true;
};

TEST_F(TracerTest, RunsBeginProbesEndAndMapsInOrder) {
  std::atomic<bool> stop = false;
  std::jthread caller([&] {
    while (!stop) {
      ::syscall(SYS_getppid);
      ::usleep(1000);
    }
  });
  const Outcome outcome = run();
  stop = true;
  EXPECT_EQ(outcome.code, 300 & 0xff);
  // What exit() left queued is not printed; end programs are, then two newlines and the maps by name.
  EXPECT_TRUE(outcome.out.starts_with("n=42\nn=0\nn=7\n\n\n@calls[" + std::to_string(::getpid()) + "]: "))
      << outcome.out;
  EXPECT_NE(outcome.out.find("\n@ticks: 1"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\n@tiny[0]: 0\n@tiny[1]: 10\n"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.err.find("Attached 5 probes\n"), std::string::npos) << outcome.err;
}

TEST_F(TracerTest, CountsEveryUpdateThatAFullMapDropped) {
  const Outcome outcome = run();
  EXPECT_NE(outcome.err.find("stdin:1:9-16: WARNING: Map full; can't update element."), std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find("begin { @tiny[5] = 1 }\n        ~~~~~~~\n"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("WARNING: Map @tiny was full (2 entries): 3 updates were dropped\n"), std::string::npos)
      << outcome.err;
}

TEST_F(TracerTest, LostAndPrintedEventsAddUp) {
  flood(true);
  const Outcome outcome = run();
  const std::string total = "WARNING: Total lost event count: ";
  const size_t at = outcome.err.find(total);
  ASSERT_NE(at, std::string::npos) << outcome.err;
  const uint64_t lost = std::stoull(outcome.err.substr(at + total.size()));
  const auto printed =
      static_cast<uint64_t>(std::ranges::count(outcome.out.substr(0, outcome.out.find("\n\n\n")), '='));
  // 2 of begin, 1000 of the flood, 1 of end; the interval's exit() may itself be lost only while the ring is full.
  EXPECT_EQ(printed + lost, 1003u) << outcome.err;
  EXPECT_NE(outcome.err.find("Lost " + std::to_string(lost) + " events of begin"), std::string::npos) << outcome.err;
}

TEST_F(TracerTest, WritesParametersBeforeLoading) {
  image_.parameters = {{.kind = image::ParameterKind::cpu_count,
                        .name = "",
                        .description = "",
                        .default_text = "",
                        .offset = 8,
                        .size = 8},
                       {.kind = image::ParameterKind::unsigned_integer,
                        .name = "step",
                        .description = "the step",
                        .default_text = "1",
                        .offset = 0,
                        .size = 8}};
  const Outcome outcome = run();
  EXPECT_TRUE(outcome.out.starts_with("n=42\nn=" + std::to_string(::sysconf(_SC_NPROCESSORS_CONF)) + "\n"))
      << outcome.out;

  options_.parameters = {"--nope=1"};
  const Outcome unknown = run();
  EXPECT_EQ(unknown.code, 1);
  EXPECT_EQ(unknown.err,
            "ERROR: unexpected program command line options: --nope\nHINT: expected program options: --step\n");
  options_.parameters = {"--step=x"};
  EXPECT_EQ(run().err, "ERROR: program command line option --step invalid integer (value: x)\n");
  options_.parameters = {"--help"};
  EXPECT_EQ(run().err, "HINT: expected program options:\n--step: the step\n");
}

TEST_F(TracerTest, DryRunAttachesAndPrintsNothing) {
  options_.dry_run = true;
  const Outcome outcome = run();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "");
}

TEST_F(TracerTest, EndsWhenTheChildDoesAndReleasesItOnlyAfterAttaching) {
  // A shell asks for its parent once, as it starts: that can only be counted if it started after attaching.
  options_.verbose = true;
  image_.programs[2].attach = kEveryHour;
  auto processes = open_processes("/bin/sh -c :", {});
  ASSERT_TRUE(processes) << processes.error().text();
  const std::string child = std::to_string(processes->child->pid());
  const Outcome outcome = run(std::move(*processes));
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.err.find("Attached 5 probes\n"), std::string::npos);
  EXPECT_NE(outcome.err.find("Child exited with code: 0\n"), std::string::npos) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("n=42\nn=0\nn=7\n\n\n@calls[" + child + "]: 1\n")) << outcome.out;
}

TEST_F(TracerTest, EndsWhenTheTracedProcessIsGone) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::usleep(30'000);
    ::_exit(0);
  }
  auto processes = open_processes("", pid);
  ASSERT_TRUE(processes);
  const Outcome outcome = run(std::move(*processes));
  ::waitpid(pid, nullptr, 0);
  EXPECT_EQ(outcome.code, 0);
}

TEST_F(TracerTest, SigintEndsTheRunInOrder) {
  image_.programs[2].attach = kEveryHour;
  const pid_t self = ::getpid();
  int go[2];
  ASSERT_EQ(::pipe2(go, O_CLOEXEC), 0);
  const base::Fd turn(go[0]);
  base::Fd release(go[1]);
  const pid_t killer = ::fork();
  if (killer == 0) {
    release.reset();
    char byte = 0;
    if (::read(turn.get(), &byte, 1) != 0) ::_exit(1);
    ::kill(self, SIGINT);
    ::_exit(0);
  }
  const Outcome outcome = run_to_end(image_, options_, {}, std::move(release));
  ::waitpid(killer, nullptr, 0);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(outcome.out.starts_with("n=42\nn=0\nn=7\n\n\n")) << outcome.out;
}

TEST_F(TracerTest, MissingTracepointFollowsMissingProbes) {
  image_.programs[1].attach = image::TracepointAttach{"syscalls", "sys_enter_nothing"};
  const Outcome refused = run();
  EXPECT_EQ(refused.code, 255);
  EXPECT_EQ(refused.err,
            "ERROR: this kernel has no tracepoint syscalls:sys_enter_nothing: No such file or directory\n"
            "ERROR: Unable to attach probe: tracepoint:syscalls:sys_enter_getppid. If this is expected, set the "
            "'missing_probes' config variable to 'warn'.\n");
  image_.config.missing_probes = "warn";
  const Outcome warned = run();
  EXPECT_EQ(warned.code, 300 & 0xff);
  EXPECT_NE(warned.err.find("WARNING: Unable to attach probe: tracepoint:syscalls:sys_enter_getppid. Skipping.\n"),
            std::string::npos);
}

TEST_F(TracerTest, ProbeFilterLeavesBeginAndEnd) {
  keep_probes_ = false;
  flood(true);
  const Outcome outcome = run();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.err.find("Attached 3 probes\n"), std::string::npos) << outcome.err;
}

TEST_F(TracerTest, JsonGoesToTheOutputAlone) {
  options_.format = "json";
  const Outcome outcome = run();
  EXPECT_TRUE(outcome.out.starts_with("{\"type\": \"attached_probes\", \"count\": 5, \"data\": {\"probes\": 5}}\n"))
      << outcome.out;
  // What went wrong in the kernel is told before the records of the same moment.
  const size_t error = outcome.out.find("{\"type\": \"helper_error\"");
  const size_t text = outcome.out.find("{\"type\": \"printf\", \"data\": \"n=42\\n\"}\n");
  EXPECT_NE(text, std::string::npos) << outcome.out;
  EXPECT_LT(error, text) << outcome.out;
  EXPECT_NE(outcome.out.find("{\"type\": \"map\", \"data\": {\"@tiny\": {\"0\": 0, \"1\": 10}}}\n"), std::string::npos)
      << outcome.out;
}

TEST_F(TracerTest, UnknownFormatAndUnwritableOutputAreRefused) {
  options_.format = "xml";
  Outcome outcome = run();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err,
            "ERROR: Invalid output format \"xml\"\nValid formats: 'text', 'json', 'csv', 'folded', 'svg', 'trace'\n");
  options_.format.clear();
  options_.output = "/nonexistent/file";
  EXPECT_EQ(run().err, "ERROR: Failed to open output file: \"/nonexistent/file\": No such file or directory\n");
}

}  // namespace
}  // namespace sonde::runtime
