// `-l` on the recorded kernel.
#include <gtest/gtest.h>

#include "kernel/snapshot_view.h"
#include "probes/listing.h"

namespace sonde::probes {
namespace {

class List : public testing::Test {
 protected:
  void SetUp() override {
    auto view = kernel::snapshot_view(types_, std::string(SONDE_TESTS_DIR) + "/snapshots/linux-6.18");
    ASSERT_TRUE(view);
    view_ = std::move(*view);
    context_ = std::make_unique<ProbeContext>(ProbeContext{*view_, binaries_, diagnostics_});
  }
  std::string list(std::string_view search, bool verbose = false) {
    std::string text;
    for (const std::string& line : list_probes(*context_, search, verbose).lines) text += line + "\n";
    return text;
  }
  types::TypeContext types_;
  std::unique_ptr<kernel::KernelView> view_;
  kernel::BinaryView binaries_;
  diag::Diagnostics diagnostics_;
  std::unique_ptr<ProbeContext> context_;
};

TEST_F(List, ByProvider) {
  EXPECT_EQ(list("h:c*"),
            "hardware:cache-misses:\nhardware:cache-references:\nhardware:cpu-cycles:\nhardware:cycles:\n");
  EXPECT_EQ(list("s:cpu*"), "software:cpu-clock:\nsoftware:cpu-migrations:\nsoftware:cpu:\n");
  EXPECT_EQ(list("interval:*"), "interval:hz:\ninterval:ms:\ninterval:s:\ninterval:us:\n");
  EXPECT_EQ(list("self:*"), "self:signal:SIGUSR1\n");
  EXPECT_EQ(list("rt:sched_sw*"), "rawtracepoint:vmlinux:sched_switch\n");
  EXPECT_EQ(list("kfunc:vfs_op*"), "fentry:vmlinux:vfs_open\n");
  EXPECT_EQ(list("RT:sched_sw*"), "rawtracepoint:vmlinux:sched_switch\n");
  EXPECT_EQ(list("iter:task*"), "iter:task\niter:task_file\n");
  EXPECT_EQ(list("nothing:*"), "");
  EXPECT_EQ(list("kprobe:*"), "");  // this kernel has none
}

TEST_F(List, ByPatternOverProviders) {
  EXPECT_EQ(list("*openat"), "tracepoint:syscalls:sys_enter_openat\ntracepoint:syscalls:sys_exit_openat\n");
  EXPECT_EQ(list(" t:sched:sched_w* ,  iter:bpf_map"), "tracepoint:sched:sched_wakeup\niter:bpf_map\n");
}

TEST_F(List, Types) {
  EXPECT_EQ(list("struct  path*"), "struct path\n");
  EXPECT_EQ(list("struct path*", true),
            "vmlinux: struct path {\n\tstruct vfsmount *mnt;\n\tstruct dentry *dentry;\n};\n\n");
  EXPECT_EQ(
      list("enum pid_t*", true),
      "vmlinux: enum pid_type {\n\tPIDTYPE_PID = 0,\n\tPIDTYPE_TGID = 1,\n\tPIDTYPE_PGID = 2,\n\tPIDTYPE_SID = 3,\n"
      "\tPIDTYPE_MAX = 4,\n};\n\n");
  EXPECT_EQ(list("struct qstr", true),
            "vmlinux: struct qstr {\n\tunion {\n\t\tstruct {\n\t\t\tu32 hash;\n\t\t\tu32 len;\n\t\t};\n"
            "\t\tu64 hash_len;\n\t};\n\tconst unsigned char *name;\n};\n\n");
  EXPECT_EQ(list("enum pid_t*"), "enum pid_type\n");
}

TEST_F(List, Parameters) {
  EXPECT_EQ(list("tracepoint:sched:sched_process_exec", true),
            "tracepoint:sched:sched_process_exec\n    __data_loc char[] filename\n    pid_t pid\n    pid_t old_pid\n");
  EXPECT_EQ(list("rt:sched_switch", true),
            "rawtracepoint:vmlinux:sched_switch\n    bool preempt\n    struct task_struct * prev\n"
            "    struct task_struct * next\n    unsigned int prev_state\n");
  EXPECT_EQ(list("fentry:do_nanosleep", true),
            "fentry:vmlinux:do_nanosleep\n    struct hrtimer_sleeper * t\n    enum hrtimer_mode mode\n");
  EXPECT_EQ(list("fexit:do_nanosleep", true),
            "fexit:vmlinux:do_nanosleep\n    struct hrtimer_sleeper * t\n    enum hrtimer_mode mode\n    int retval\n");
  EXPECT_EQ(list("fexit:mmput", true), "fexit:vmlinux:mmput\n    struct mm_struct * mm\n");
  EXPECT_EQ(list("iter:task_file", true),
            "iter:task_file\n    struct task_struct * task\n    u32 fd\n    struct file * file\n");
}

TEST_F(List, FileNamesThatDoNotExist) {
  const Listing listing = list_probes(*context_, "tool.bt", false);
  ASSERT_EQ(listing.warnings.size(), 1u);
  EXPECT_EQ(
      listing.warnings[0],
      "It appears that 'tool.bt' is a filename but the file does not exist. Treating 'tool.bt' as a search pattern.");
}

TEST_F(List, ProbesOfAProgram) {
  const auto lines = [&](std::vector<std::string> parts) {
    const AttachText text{"", std::move(parts), {}, {}};
    std::vector<ResolvedProbe> out;
    EXPECT_TRUE(resolve(*context_, text, out));
    std::string all;
    for (const ResolvedProbe& probe : out)
      for (const std::string& line : list_resolved(*context_, probe, true)) all += line + "\n";
    return all;
  };
  EXPECT_EQ(lines({"begin"}), "");
  EXPECT_EQ(lines({"interval", "s", "1"}), "interval:s:\n");
  EXPECT_EQ(lines({"profile", "hz", "99"}), "profile:hz:\n");
  EXPECT_EQ(lines({"software", "cpu", "100"}), "software:cpu:\n");
  EXPECT_EQ(lines({"fentry", "mmput"}), "fentry:vmlinux:mmput\n    struct mm_struct * mm\n");
}

TEST_F(List, OneProgramAtManyFunctionsListsThem) {
  ResolvedProbe probe;
  probe.provider = "uprobe";
  probe.full_name = "uprobe:./app:f*";
  probe.attach = image::UprobeAttach{"./app", {{"f1", 1, 0, 0}, {"f2", 2, 0, 0}}, false};
  EXPECT_EQ(list_resolved(*context_, probe, false), (std::vector<std::string>{"uprobe:./app:f1", "uprobe:./app:f2"}));
  probe.full_name = "uprobe:./app:cpp:N*";
  probe.attach = image::UprobeAttach{"./app", {{"_ZN1N1fEv", 1, 0, 0}, {"_ZN1N1gEv", 2, 0, 0}}, false};
  EXPECT_EQ(list_resolved(*context_, probe, false),
            (std::vector<std::string>{"uprobe:./app:cpp:\"N::f()\"", "uprobe:./app:cpp:\"N::g()\""}));
}

}  // namespace
}  // namespace sonde::probes
