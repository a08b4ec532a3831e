// Every attach mechanism that the kernel at hand offers, and what is said when it refuses.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "runtime/features.h"
#include "runtime/verifier_log.h"
#include "tests/unit/runtime_fixture.h"

// Targets of user probes; the test binary keeps them as functions of their own.
extern "C" __attribute__((noinline, noclone, used)) int sonde_target_one(int x) {
  asm volatile("" : "+r"(x));
  return x + 1;
}
extern "C" __attribute__((noinline, noclone, used)) int sonde_target_two(int x) {
  asm volatile("" : "+r"(x));
  return x + 2;
}

namespace sonde::runtime {
namespace {

using image::Image;

constexpr int kCalls = 7;

class AttachTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    image_.object = compile("runtime_attach");
    if (image_.object.empty()) GTEST_SKIP() << "needs clang-19";
    image_.target.arch = "x86_64";
    image::Layout number;
    number.kind = image::LayoutKind::integer;
    number.size = 8;
    image_.types = {number};
    image_.maps = {map("@hits", "AT_hits", image::MapKind::array, 4, 8, 12)};
    image_.maps[0].key = {0};
    image_.maps[0].value = {0};
    const std::string self = "/proc/self/exe";
    image_.programs = {
        program(
            "uprobe_1", "uprobe", BPF_PROG_TYPE_KPROBE,
            image::UprobeAttach{
                self, {{.symbol = "sonde_target_one", .file_offset = 0, .symbol_offset = 0, .semaphore_offset = 0}}}),
        program("multi_2", "multi", BPF_PROG_TYPE_KPROBE,
                image::UprobeAttach{self, {{.symbol = "sonde_target_one"}, {.symbol = "sonde_target_two"}}}),
        program("rawtp_3", "rawtp", BPF_PROG_TYPE_TRACING,
                image::TracingAttach{image::TracingKind::raw_tracepoint, "vmlinux", "sys_enter", 0}),
        program(
            "profile_4", "profile", BPF_PROG_TYPE_PERF_EVENT,
            image::PerfEventAttach{.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_CPU_CLOCK, .period = 1'000'000}),
        program("iter_5", "iter", BPF_PROG_TYPE_TRACING,
                image::TracingAttach{image::TracingKind::iterator, "vmlinux", "task", 0}),
        program("signal_6", "self:signal:SIGUSR1", BPF_PROG_TYPE_RAW_TRACEPOINT,
                image::TestRunAttach{image::RunPhase::signal}),
        program("bad_7", "bad", BPF_PROG_TYPE_RAW_TRACEPOINT, image::TestRunAttach{image::RunPhase::begin}),
        program("uretprobe_8", "uretprobe", BPF_PROG_TYPE_KPROBE,
                image::UprobeAttach{self, {{.symbol = "sonde_target_two"}}, true}),
        program("kprobe_9", "kprobe", BPF_PROG_TYPE_KPROBE, image::KprobeAttach{"vfs_read", "", 0, false}),
        program("kretprobe_10", "kretprobe", BPF_PROG_TYPE_KPROBE, image::KprobeAttach{"vfs_read", "", 0, true}),
        program("fentry_11", "fentry", BPF_PROG_TYPE_TRACING,
                image::TracingAttach{image::TracingKind::fentry, "vmlinux", "vfs_read", 0}),
        program("fexit_12", "fexit", BPF_PROG_TYPE_TRACING,
                image::TracingAttach{image::TracingKind::fexit, "vmlinux", "vfs_read", 0})};
    image_.programs[10].expected_attach_type = BPF_TRACE_FENTRY;
    image_.programs[11].expected_attach_type = BPF_TRACE_FEXIT;
    image_.programs[2].expected_attach_type = BPF_TRACE_RAW_TP;
    image_.programs[4].expected_attach_type = BPF_TRACE_ITER;
    // Run by us, so that the filter below does not see it; it takes part only where it is wanted.
    image_.programs[6].attach = image::TracepointAttach{"sched", "sched_switch"};
    image_.programs[6].program_type = BPF_PROG_TYPE_TRACEPOINT;
    options_.verbose = true;
    options_.probe_filter = [this](std::string_view name) { return name == only_; };
  }

  // Runs the program called `only` for a child's lifetime; the child calls both targets and reads, once everything is
  // attached.
  Outcome run_with_child(const std::string& only) {
    only_ = only;
    const int zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    int go[2];
    EXPECT_EQ(::pipe2(go, O_CLOEXEC), 0);
    const base::Fd turn(go[0]);
    base::Fd release(go[1]);
    const pid_t pid = ::fork();
    if (pid == 0) {
      release.reset();
      char byte = 0;
      if (::read(turn.get(), &byte, 1) != 0) ::_exit(1);
      for (int i = 0; i < kCalls; ++i) {
        sonde_target_one(i);
        sonde_target_two(i);
        if (::read(zero, &byte, 1) != 1) ::_exit(1);
      }
      for (volatile int spin = 0; spin < 30'000'000;) spin = spin + 1;
      ::_exit(0);
    }
    auto processes = open_processes("", pid);
    EXPECT_TRUE(processes);
    const Outcome outcome = run_to_end(image_, options_, std::move(*processes), std::move(release));
    ::waitpid(pid, nullptr, 0);
    ::close(zero);
    return outcome;
  }

  static uint64_t hits(const Outcome& outcome, int cell) {
    const std::string head = "@hits[" + std::to_string(cell) + "]: ";
    const size_t at = outcome.out.find(head);
    return at == std::string::npos ? 0 : std::stoull(outcome.out.substr(at + head.size()));
  }

  Image image_;
  RunOptions options_;
  std::string only_;
};

TEST_F(AttachTest, UprobeOfOneProcess) {
  sonde_target_one(0);
  const Outcome outcome = run_with_child("uprobe");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(hits(outcome, 1), uint64_t{kCalls}) << outcome.out;
  EXPECT_NE(outcome.err.find("Trying to attach probe: uprobe\n"), std::string::npos);
  EXPECT_NE(outcome.err.find("Attached 2 probes\n"), std::string::npos) << outcome.err;
}

TEST_F(AttachTest, UretprobeOfOneProcess) {
  const Outcome outcome = run_with_child("uretprobe");
  EXPECT_EQ(hits(outcome, 7), uint64_t{kCalls}) << outcome.err;
}

TEST_F(AttachTest, SeveralSitesWithAndWithoutMultiLink) {
  for (const bool no_multi : {false, true}) {
    options_.no_uprobe_multi = no_multi;
    const Outcome outcome = run_with_child("multi");
    EXPECT_EQ(hits(outcome, 2), uint64_t{2 * kCalls}) << no_multi << outcome.err;
    EXPECT_NE(outcome.err.find("Attached 3 probes\n"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("Attaching to 2 functions\n/proc/self/exe:sonde_target_one\n"), std::string::npos)
        << outcome.err;
  }
}

TEST_F(AttachTest, RawTracepointByName) {
  const Outcome outcome = run_with_child("rawtp");
  EXPECT_GE(hits(outcome, 3), uint64_t{kCalls}) << outcome.err;
}

TEST_F(AttachTest, KprobesOrTheReasonWhyNot) {
  for (const auto& [name, cell] : {std::pair{"kprobe", 8}, {"kretprobe", 9}}) {
    const Outcome outcome = run_with_child(name);
    if (::access("/sys/bus/event_source/devices/kprobe", F_OK) == 0) {
      EXPECT_GE(hits(outcome, cell), uint64_t{kCalls}) << outcome.err;
    } else {
      EXPECT_EQ(outcome.code, 255);
      EXPECT_NE(outcome.err.find("this kernel has no kprobe events"), std::string::npos) << outcome.err;
      EXPECT_NE(outcome.err.find("tracepoint, rawtracepoint, uprobe, usdt, profile and interval probes remain"),
                std::string::npos);
    }
  }
}

TEST_F(AttachTest, FentryAndFexitOrTheReasonWhyNot) {
  for (const auto& [name, cell] : {std::pair{"fentry", 10}, {"fexit", 11}}) {
    const Outcome outcome = run_with_child(name);
    if (outcome.code == 0) {
      EXPECT_GE(hits(outcome, cell), uint64_t{kCalls}) << outcome.err;
    } else {
      EXPECT_NE(outcome.err.find(std::string("ERROR: Error loading BPF program for ") + name), std::string::npos)
          << outcome.err;
      EXPECT_NE(outcome.err.find("HINT: "), std::string::npos) << outcome.err;
    }
  }
}

TEST_F(AttachTest, ProfileOfOneProcess) {
  const Outcome outcome = run_with_child("profile");
  EXPECT_GE(hits(outcome, 4), 5u) << outcome.err;
}

TEST_F(AttachTest, IteratorGoesToStandardOutputAndEndsTheRun) {
  only_ = "iter";
  image_.programs[5].attach = image::TestRunAttach{image::RunPhase::end};
  ::testing::internal::CaptureStdout();
  const Outcome outcome = run_to_end(image_, options_);
  const std::string text = ::testing::internal::GetCapturedStdout();
  EXPECT_TRUE(text.starts_with("a task\na task\n")) << text;
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  // Once more than there are tasks: the kernel's last call has none.
  EXPECT_EQ(hits(outcome, 5), text.size() / 7 + 1);
}

TEST_F(AttachTest, SignalProgramsRunOnSigusr1) {
  const pid_t self = ::getpid();
  int go[2];
  ASSERT_EQ(::pipe2(go, O_CLOEXEC), 0);
  const base::Fd turn(go[0]);
  base::Fd release(go[1]);
  const pid_t sender = ::fork();
  if (sender == 0) {
    release.reset();
    char byte = 0;
    if (::read(turn.get(), &byte, 1) != 0) ::_exit(1);
    ::kill(self, SIGUSR1);
    ::usleep(500'000);
    ::kill(self, SIGINT);
    ::_exit(0);
  }
  only_ = "none";
  const Outcome outcome = run_to_end(image_, options_, {}, std::move(release));
  ::waitpid(sender, nullptr, 0);
  EXPECT_EQ(hits(outcome, 6), 1u) << outcome.err;
  EXPECT_NE(outcome.err.find("Attaching 'self:signal:SIGUSR1' probe\n"), std::string::npos);
}

TEST_F(AttachTest, RejectedProgramNamesItsPlaceAndTheVerifiersWords) {
  only_ = "bad";
  image_.spans = {{.file = "stdin",
                   .line = 1,
                   .column = 1,
                   .end_column = 6,
                   .end_line = 1,
                   .text = "begin { x }",
                   .expanded_from = {}}};
  image_.programs[6].span = {0};
  options_.verbose = false;
  const Outcome outcome = run_to_end(image_, options_);
  EXPECT_EQ(outcome.code, 255);
  EXPECT_EQ(
      outcome.err,
      "ERROR: Error loading BPF program for bad_7. Error code: -13 (Permission denied). Use -v for full kernel error "
      "log.\nstdin:1:1-6: ERROR: the kernel's verifier says: R0 invalid mem access 'scalar'\nbegin { x }\n~~~~~\n"
      "HINT: a plain number is used as a pointer; cast it to a pointer type and read it with `kptr()` or `uptr()`\n");
  options_.verbose = true;
  EXPECT_NE(run_to_end(image_, options_).err.find("Kernel error log: \n"), std::string::npos);
}

TEST_F(AttachTest, MissingTargetsAreNamed) {
  image_.programs[2].attach = image::TracingAttach{image::TracingKind::raw_tracepoint, "vmlinux", "no_such_event", 0};
  only_ = "rawtp";
  Outcome outcome = run_to_end(image_, options_);
  EXPECT_EQ(outcome.code, 255);
  EXPECT_EQ(
      outcome.err,
      "ERROR: No BTF found for vmlinux:no_such_event.\nERROR: Unable to attach probe: rawtp. If this is expected, set "
      "the 'missing_probes' config variable to 'warn'.\n");
  // With a warning the rest of the program runs.
  image_.config.missing_probes = "warn";
  image_.programs[5].attach = image::TestRunAttach{image::RunPhase::end};
  outcome = run_to_end(image_, options_);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(hits(outcome, 6), 1u);
  EXPECT_NE(
      outcome.err.find("WARNING: No BTF found for vmlinux:no_such_event.\nWARNING: Unable to attach probe: rawtp. "
                       "Skipping.\n"),
      std::string::npos)
      << outcome.err;
  image_.config.missing_probes = "error";

  image_.programs[0].attach = image::UprobeAttach{"/nonexistent", {{.symbol = "main"}}};
  only_ = "uprobe";
  outcome = run_to_end(image_, options_);
  EXPECT_EQ(outcome.code, 255);
  EXPECT_NE(outcome.err.find("/nonexistent"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("Unable to attach probe: uprobe."), std::string::npos) << outcome.err;
}

TEST_F(AttachTest, AnotherKernelsImageIsRefused) {
  image_.target.kernel_release = "1.0";
  const Outcome outcome = run_to_end(image_, options_);
  EXPECT_EQ(outcome.code, 255);
  EXPECT_NE(outcome.err.find("was compiled for kernel 1.0"), std::string::npos) << outcome.err;
}

TEST_F(AttachTest, ReadinessIsSentToAnAbstractSocket) {
  const std::string name = "sonde_test_" + std::to_string(::getpid());
  const base::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), address.sun_path + 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  only_ = "iter";
  image_.programs[5].attach = image::TestRunAttach{image::RunPhase::end};
  ::testing::internal::CaptureStdout();
  run_to_end(image_, options_);
  ::testing::internal::GetCapturedStdout();
  ::unsetenv("NOTIFY_SOCKET");
  char text[256];
  for (const std::string_view expected :
       {"READY=1\nSTATUS=Processing events...", "STOPPING=1\nSTATUS=Shutting down..."}) {
    const ssize_t got = ::recv(socket.get(), text, sizeof(text), MSG_DONTWAIT);
    ASSERT_GT(got, 0);
    EXPECT_EQ(std::string_view(text, static_cast<size_t>(got)), expected);
  }
}

TEST(VerifierLog, LastPlaceAndLastWords) {
  Image image;
  image.spans.resize(8);
  const Rejection rejection =
      explain_rejection(image,
                        "func#0 @0\n0: R1=ctx() R10=fp0\n; #3 @x = $a\n0: (bf) r6 = r1\n"
                        "; #5 $p.b\n12: (79) r1 = *(u64 *)(r0 +8)\n"
                        "R0 invalid mem access 'map_value_or_null'\n"
                        "processed 13 insns (limit 1000000) max_states_per_insn 0 total_states 0 "
                        "peak_states 0 mark_read 0\n");
  EXPECT_EQ(rejection.span.value, 5u);
  EXPECT_EQ(rejection.words, "R0 invalid mem access 'map_value_or_null'");
  EXPECT_NE(rejection.hint.find("may be null"), std::string::npos);
}

TEST(VerifierLog, OddLogsAreHarmless) {
  const Image image;
  EXPECT_FALSE(explain_rejection(image, "").span.valid());
  EXPECT_FALSE(explain_rejection(image, "; #99999999999999 x\n; #7 y\n").span.valid());
}

TEST(VerifierLog, WhatIsTooComplexIsSaidInOtherWords) {
  const Image image;
  for (const char* words :
       {"BPF program is too large. Processed 1000001 insn", "The sequence of 8193 jumps is too complex."}) {
    const Rejection rejection = explain_rejection(image, words);
    EXPECT_FALSE(rejection.is_verdict);
    EXPECT_TRUE(rejection.words.starts_with("the probe is too complex for the kernel")) << rejection.words;
    EXPECT_NE(rejection.hint.find("second probe"), std::string::npos);
  }
  EXPECT_TRUE(explain_rejection(image, "R1 type=inv expected=fp").is_verdict);
  for (const char* words : {"unknown opcode 06", "insn 14782 cannot be patched due to 16-bit range"})
    EXPECT_NE(explain_rejection(image, words).words.find("a jump in"), std::string::npos) << words;
}

TEST(Features, KnowsItsRowsAndNothingElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  Features features;
  EXPECT_TRUE(features.has("ringbuf"));
  EXPECT_FALSE(features.has("no_such_feature"));
  std::string_view before;
  for (const Feature& feature : Features::all()) {
    EXPECT_LT(before, feature.name);
    before = feature.name;
  }
}

TEST(StandAlone, AppendedProgramIsFoundAgain) {
  const std::string path = ::testing::TempDir() + "sonde_tool." + std::to_string(::getpid());
  const std::vector<std::byte> image = {std::byte{1}, std::byte{2}, std::byte{3}};
  ASSERT_TRUE(write_stand_alone("/bin/true", image, path));
  auto found = read_appended(path);
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ(**found, image);
  EXPECT_EQ(std::system(path.c_str()), 0);
  ::unlink(path.c_str());
  found = read_appended("/bin/true");
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->has_value());
}

TEST(Process, CommandsAreResolvedLikeBinaries) {
  EXPECT_EQ(resolve_command("/bin/sh -c :").value_or(""), "/bin/sh");
  EXPECT_EQ(
      resolve_command("/nonexistent/x y").error().text(),
      "Failed to fork child: Path '/nonexistent/x' does not exist or is not executable (No such file or directory)");
  EXPECT_FALSE(resolve_command("/etc/passwd"));
  EXPECT_EQ(open_process(0x3fffff).error().text(), "Failed to attach to pid: Unable to open pidfd (No such process)");
}

}  // namespace
}  // namespace sonde::runtime
