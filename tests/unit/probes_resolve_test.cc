// Attach points against the recorded kernel: names, specs, argument types, expansion, and what is refused with which words.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "kernel/snapshot_view.h"
#include "probes/provider.h"

namespace sonde::probes {
namespace {

const std::string kSnapshot = std::string(SONDE_TESTS_DIR) + "/snapshots/linux-6.18";

class Resolve : public testing::Test {
 protected:
  void SetUp() override { open(kSnapshot); }
  void open(const std::string& folder) {
    auto view = kernel::snapshot_view(types_, folder);
    ASSERT_TRUE(view) << view.error().text();
    view_ = std::move(*view);
    context_ = std::make_unique<ProbeContext>(ProbeContext{*view_, binaries_, diagnostics_});
  }
  // Splits at `:`, which is all these tests need of the parser.
  bool resolve(const std::string& text) {
    AttachText attach{text, {}, {}, {}};
    size_t at = 0;
    for (size_t colon; (colon = text.find(':', at)) != std::string::npos; at = colon + 1)
      attach.parts.push_back(text.substr(at, colon - at));
    attach.parts.push_back(text.substr(at));
    out_.clear();
    return probes::resolve(*context_, attach, out_);
  }
  const ResolvedProbe& one(const std::string& text) {
    EXPECT_TRUE(resolve(text)) << text << ": " << last();
    EXPECT_EQ(out_.size(), 1u) << text;
    static const ResolvedProbe kNone;
    return out_.empty() ? kNone : out_[0];
  }
  std::string last() const { return diagnostics_.all().empty() ? "" : diagnostics_.all().back().text; }
  std::string hint() const {
    return diagnostics_.all().empty() || diagnostics_.all().back().hints.empty() ? ""
                                                                                 : diagnostics_.all().back().hints[0];
  }
  std::string refusal(const std::string& text) {
    EXPECT_FALSE(resolve(text)) << text;
    return last();
  }
  std::string names(const std::string& text) {
    EXPECT_TRUE(resolve(text)) << text << ": " << last();
    std::string all;
    for (const ResolvedProbe& probe : out_) all += probe.full_name + " ";
    return all;
  }
  std::string field(std::string_view name) {
    const auto path = out_.at(0).args_type->c_record->find(name);
    return path.empty() ? "-" : types::printed(path.back()->type);
  }

  types::TypeContext types_;
  std::unique_ptr<kernel::KernelView> view_;
  kernel::BinaryView binaries_;
  diag::Diagnostics diagnostics_;
  std::unique_ptr<ProbeContext> context_;
  std::vector<ResolvedProbe> out_;
};

TEST_F(Resolve, Special) {
  EXPECT_EQ(one("BEGIN").full_name, "begin");
  EXPECT_EQ(out_[0].probetype, "special");
  EXPECT_EQ(std::get<image::TestRunAttach>(one("end").attach).phase, image::RunPhase::end);
  EXPECT_EQ(one("begin:*").full_name, "begin");
  EXPECT_EQ(one("self:signal:SIGUSR1").full_name, "self:signal:SIGUSR1");
  EXPECT_EQ(refusal("begin:x"), "begin probe type requires 0 arguments, found 1");
  EXPECT_EQ(refusal("self:signal:SIGUSR2"), "SIGUSR2 is not a supported signal");
  EXPECT_EQ(refusal("self:foo:x"), "foo is not a supported trigger");
}

TEST_F(Resolve, Timers) {
  EXPECT_EQ(one("interval:1ms").full_name, "interval:us:1000");
  EXPECT_EQ(one("interval:1500").full_name, "interval:us:1");
  EXPECT_EQ(one("i:s:2").full_name, "interval:s:2");
  const auto second = std::get<image::PerfEventAttach>(out_[0].attach);
  EXPECT_EQ(second.period, 2000000000u);
  EXPECT_FALSE(second.every_cpu);
  const auto sample = std::get<image::PerfEventAttach>(one("profile:hz:99").attach);
  EXPECT_TRUE(sample.use_frequency);
  EXPECT_TRUE(sample.every_cpu);
  EXPECT_EQ(sample.period, 99u);
  EXPECT_EQ(refusal("interval:m:1"), "m is not an accepted unit of time");
  EXPECT_EQ(refusal("interval:*"), "* is not an accepted unit of time");
  EXPECT_EQ(refusal("interval::1"), "interval probe must have unit of time");
  EXPECT_EQ(refusal("interval:s:0"), "interval frequency should be a positive integer");
  EXPECT_EQ(refusal("interval:s:x"), "Invalid rate of interval probe: invalid integer: x");
  EXPECT_EQ(refusal("profile:999"), "Invalid rate of profile probe. Minimum is 1000 or 1us. Found: 999 nanoseconds");
  EXPECT_EQ(refusal("interval:s:99999999999999").substr(0, 47), "Invalid rate of interval probe: overflow error,");
  EXPECT_EQ(refusal("interval:s:1:2"), "interval probe type requires 1 or 2 arguments, found 3");
}

TEST_F(Resolve, CountedEvents) {
  EXPECT_EQ(one("s:faults:0").full_name, "software:faults");
  const auto faults = std::get<image::PerfEventAttach>(out_[0].attach);
  EXPECT_EQ(faults.period, 100u);
  EXPECT_EQ(faults.config, 2u);
  EXPECT_EQ(one("Software:cs:5").full_name, "software:cs:5");
  EXPECT_EQ(std::get<image::PerfEventAttach>(one("h:cycles").attach).period, 1000000u);
  EXPECT_EQ(refusal("software:fault"), "fault is not a software probe");
  EXPECT_EQ(hint(), "did you mean `software:faults`?");
  EXPECT_EQ(refusal("software:faults:"), "Invalid count for software probe: invalid integer: ");
  EXPECT_EQ(refusal("hardware:c*"), "wildcards are not allowed for hardware probe type");
  EXPECT_EQ(refusal("software:cs:-1"), "software count should be a positive integer");
}

TEST_F(Resolve, TracepointArguments) {
  const ResolvedProbe& open = one("t:syscalls:sys_enter_openat");
  EXPECT_EQ(open.full_name, "tracepoint:syscalls:sys_enter_openat");
  EXPECT_EQ(open.default_return, 1u);
  EXPECT_EQ(types::printed(open.args_type), "struct tracepoint:syscalls:sys_enter_openat_args");
  EXPECT_EQ(field("dfd"), "uint64");
  EXPECT_EQ(field("__syscall_nr"), "int32");
  EXPECT_EQ(field("filename"), "uint8 *");
  EXPECT_EQ(open.args_type->c_record->find("filename").back()->type->space, types::Space::user);
  one("tracepoint:syscalls:sys_exit_openat");
  EXPECT_EQ(field("ret"), "int64");
  one("tracepoint:sched:sched_process_exec");
  EXPECT_EQ(field("filename"), "int64");
  EXPECT_EQ(out_[0].args_type->c_record->find("filename").back()->tag, "data_loc");
  EXPECT_EQ(field("pid"), "int32");
  one("tracepoint:sched:sched_switch");
  EXPECT_EQ(field("prev_comm"), "string[16]");
  EXPECT_EQ(field("prev_state"), "int64");
  one("tracepoint:raw_syscalls:sys_enter");
  EXPECT_EQ(field("args"), "uint64[6]");
  EXPECT_EQ(out_[0].args_type->c_record->find("common_pid").back()->tag, "common");
}

TEST_F(Resolve, TracepointsThatAreMissing) {
  EXPECT_EQ(refusal("tracepoint:syscall:sys_enter_openat"), "No matches for tracepoint syscall:sys_enter_openat.");
  EXPECT_EQ(hint(), "did you mean `tracepoint:syscalls:sys_enter_openat`?");
  EXPECT_EQ(refusal("tracepoint:sched:switch"), "No matches for tracepoint sched:switch.");
  EXPECT_EQ(hint(), "did you mean `tracepoint:sched:sched_switch`?");
  EXPECT_EQ(refusal("tracepoint:sched:"), "tracepoint probe must have a target");
  EXPECT_EQ(refusal("tracepoint:sched"), "tracepoint probe type requires 2 arguments, found 1");
  context_->missing = ProbeContext::Missing::warn;
  EXPECT_EQ(names("tracepoint:sched:nothing"), "");
  EXPECT_EQ(last(), "No matches for tracepoint sched:nothing. Skipping.");
  EXPECT_EQ(names("tracepoint:nothing:*"), "");
}

TEST_F(Resolve, TracepointWildcards) {
  EXPECT_EQ(names("tracepoint:sched:sched_w*"), "tracepoint:sched:sched_wakeup ");
  EXPECT_EQ(names("tracepoint:*enter_openat"), "tracepoint:syscalls:sys_enter_openat ");
  EXPECT_EQ(names("trace*:sched:sched_switch"), "tracepoint:sched:sched_switch ");
  context_->max_programs = 3;
  EXPECT_EQ(refusal("tracepoint:sched:*"),
            "Your program is trying to generate more than 5 BPF programs, which exceeds the current limit of 3");
}

TEST_F(Resolve, RawTracepoints) {
  const ResolvedProbe& probe = one("rt:sched_switch");
  EXPECT_EQ(probe.full_name, "rawtracepoint:vmlinux:sched_switch");
  EXPECT_NE(std::get<image::TracingAttach>(probe.attach).btf_id, 0u);
  EXPECT_EQ(probe.arg_words, (std::vector<uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(field("preempt"), "uint8");  // what C calls _Bool is a number here
  EXPECT_EQ(field("next"), "struct task_struct *");
  EXPECT_TRUE(probe.args_type->c_record->find("next").back()->type->trusted);
  EXPECT_EQ(probe.args_type->c_record->find("prev").back()->offset, 8u);
  EXPECT_EQ(names("rt:sched_swich"), "");
  EXPECT_EQ(context_->hints, std::vector<std::string>{"did you mean `rawtracepoint:vmlinux:sched_switch`?"});
  EXPECT_EQ(refusal("rt:vmlinux:sched_swich"), "No matches for rawtracepoint vmlinux:sched_swich.");
  EXPECT_EQ(names("rt:sched_w*"), "rawtracepoint:vmlinux:sched_wakeup ");
}

TEST_F(Resolve, FunctionsByBtf) {
  const ResolvedProbe& probe = one("kretfunc:vfs_read");
  EXPECT_EQ(probe.full_name, "fexit:vmlinux:vfs_read");
  EXPECT_EQ(types::printed(probe.retval_type), "int64");
  EXPECT_EQ(probe.retval_word, 4u);
  EXPECT_EQ(field("file"), "struct file *");
  EXPECT_EQ(names("fentry:vfs_wr*"), "fentry:vmlinux:vfs_write ");
  EXPECT_EQ(refusal("fentry:vfs_raed"), "No matches for fentry vfs_raed.");
  EXPECT_EQ(hint(), "did you mean `fentry:vfs_read`?");
  EXPECT_EQ(refusal("fentry:"), "fentry/fexit should specify a function");
  EXPECT_EQ(refusal("fentry:a:b:c"), "Only the 'bpf' variant of this probe supports 4 arguments");
}

TEST_F(Resolve, Iterators) {
  EXPECT_EQ(types::printed(one("iter:task").context_type), "struct bpf_iter__task");
  EXPECT_EQ(refusal("iter:tsk"), "iter tsk not available for your kernel version.");
  EXPECT_EQ(hint(), "did you mean `iter:task`?");
  EXPECT_EQ(refusal("iter:*"), "iter probe type does not support wildcards");
  EXPECT_EQ(refusal("iter"), "iter probe type takes 2 arguments (1 optional)");
}

TEST_F(Resolve, Watchpoints) {
  EXPECT_EQ(one("w:0x10:8:wr").full_name, "watchpoint:16:8:wr");
  const auto attach = std::get<image::PerfEventAttach>(out_[0].attach);
  EXPECT_EQ(attach.address, 16u);
  EXPECT_EQ(attach.length, 8u);
  EXPECT_EQ(attach.breakpoint_type, 3u);
  EXPECT_EQ(refusal("watchpoint:0:8:w"), "watchpoint must be attached to a non-zero address");
  EXPECT_EQ(refusal("watchpoint:1:3:w"), "watchpoint length must be one of (1,2,4,8)");
  EXPECT_EQ(refusal("watchpoint:1:x:w"), "Invalid length argument: invalid integer: x");
  EXPECT_EQ(refusal("watchpoint:f:8:w"), "Invalid function/address argument: invalid integer: f");
  EXPECT_EQ(refusal("watchpoint:1:8:k"), "watchpoint mode must be combination of (r,w,x)");
  EXPECT_EQ(refusal("watchpoint:1:8:ww"), "watchpoint modes may not be duplicated");
  EXPECT_EQ(refusal("watchpoint:1:8:wx"), "invalid watchpoint mode: wx");
  EXPECT_EQ(hint(), "supported modes: x,w,rw");
}

TEST_F(Resolve, KernelWithoutKprobes) {
  EXPECT_EQ(refusal("kprobe:vfs_read"),
            "kprobe probes are not available: this kernel was built without them (CONFIG_KPROBES)");
  EXPECT_EQ(hint(), "`fentry:vfs_read` traces the same function where the kernel allows it");
  EXPECT_EQ(refusal("kprobe:no_such"),
            "kprobe probes are not available: this kernel was built without them (CONFIG_KPROBES)");
}

TEST_F(Resolve, UnknownProviders) {
  EXPECT_EQ(refusal("tracepont:a:b"), "Invalid probe type: tracepont");
  EXPECT_EQ(hint(), "did you mean `tracepoint`?");
  EXPECT_EQ(refusal("T:a:b"), "Invalid provider: 't'");
  EXPECT_FALSE(resolve("zz*:a"));
  EXPECT_EQ(refusal("h*:sched:sched_switch"), "Invalid count for hardware probe: invalid integer: sched_switch");
}

// The recorded kernel with kprobes and a list of functions added.
class ResolveKprobes : public Resolve {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/sonde-snapshot-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    folder_ = folder;
    std::filesystem::create_directory_symlink(kSnapshot + "/btf", folder_ / "btf");
    std::ofstream(folder_ / "machine") << "arch x86_64\nfeature kprobe\nmodule nf\n";
    std::ofstream(folder_ / "traceable_functions")
        << "vfs_read\nvfs_write\ndo_nanosleep\nvfs_x.part.0\nhook [nf]\nmmput\nhook\n";
    std::filesystem::create_directories(folder_ / "events/user/made");
    std::ofstream(folder_ / "events/user/made/format")
        << "name: made\nID: 7\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
           "\tfield:__rel_loc char[] text;\toffset:8;\tsize:4;\tsigned:0;\n";
    open(folder_.string());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(ResolveKprobes, Functions) {
  EXPECT_EQ(one("kprobe:vfs_read+0x5").full_name, "kprobe:vfs_read+5");
  EXPECT_EQ(std::get<image::KprobeAttach>(out_[0].attach).offset, 5u);
  EXPECT_EQ(one("kr:nf:hook").full_name, "kretprobe:nf:hook");
  EXPECT_EQ(std::get<image::KprobeAttach>(out_[0].attach).module, "nf");
  EXPECT_EQ(std::get<image::KprobeAttach>(one("k:vmlinux:vfs_read").attach).module, "");
  const probes::ResolvedProbe all = one("kprobe:vfs_*");
  EXPECT_EQ(all.full_name, "kprobe:vfs_*");
  EXPECT_EQ(std::get<image::KprobeAttach>(all.attach).functions, (std::vector<std::string>{"vfs_read", "vfs_write"}));
  // In BTF but not in the list: only wildcards ask the list.
  EXPECT_EQ(one("kprobe:vfs_unlink").full_name, "kprobe:vfs_unlink");
  EXPECT_EQ(one("fentry:vfs_unlink").full_name, "fentry:vmlinux:vfs_unlink");
  EXPECT_EQ(names("fentry:vfs_*"), "fentry:vmlinux:vfs_read fentry:vmlinux:vfs_write ");
  EXPECT_EQ(names("kprobe:*:hook"), "kprobe:nf:hook kprobe:vmlinux:hook ");
  EXPECT_EQ(types::printed(out_[0].context_type), "struct pt_regs");
  EXPECT_EQ(out_[0].context_type->c_record->find("ip").size(), 1u);
}

// Events made by user space place their data relative to the word that tells where it is.
TEST_F(ResolveKprobes, RelativeData) {
  one("tracepoint:user:made");
  EXPECT_EQ(field("text"), "int64");
  EXPECT_EQ(out_.at(0).args_type->c_record->find("text").back()->tag, "rel_loc");
}

TEST_F(ResolveKprobes, Refusals) {
  EXPECT_EQ(refusal("kprobe:vfs_rea"), "No matches for kprobe vfs_rea.");
  EXPECT_EQ(hint(), "did you mean `kprobe:vfs_read`?");
  EXPECT_EQ(refusal("kretprobe:vfs_read+0"), "Offset not allowed");
  EXPECT_EQ(refusal("kprobe:vfs_read+1+2"), "Cannot take more than one offset");
  EXPECT_EQ(refusal("kprobe:vfs_read+"), "Invalid offset");
  EXPECT_EQ(refusal("kprobe:vfs_read+zz"), "Invalid offset: invalid integer: zz");
  EXPECT_EQ(refusal("kprobe:"), "kprobes should be attached to a function or an address");
  EXPECT_EQ(refusal("kprobe:0xffffffff81000000"), "Probing by address requires --unsafe");
  EXPECT_EQ(refusal("kprobe:ext4:f"), "specified module ext4 in probe kprobe:ext4:f is not loaded.");
  EXPECT_EQ(refusal("fentry:hook"), "ambiguous attach point, please specify module containing the function 'hook'");
  EXPECT_EQ(refusal("fentry:rcu_read_lock"), "No matches for fentry rcu_read_lock.");
  context_->unsafe = true;
  EXPECT_EQ(names("kprobe:unheard_of"), "kprobe:unheard_of ");
  EXPECT_EQ(names("kprobe:0x10"), "kprobe:16 ");
}

}  // namespace
}  // namespace sonde::probes

// Subjects of the uprobe tests, in this very binary.
extern "C" __attribute__((noinline)) int sonde_probe_first(int x) {
  asm volatile("");
  return x + 1;
}
extern "C" __attribute__((noinline)) int sonde_probe_second(int x) {
  asm volatile("");
  return x + 2;
}
namespace sonde_probe {
__attribute__((noinline)) int overloaded(int x) {
  asm volatile("");
  return x + 3;
}
__attribute__((noinline)) int overloaded(long x) {
  asm volatile("");
  return static_cast<int>(x) + 4;
}
}  // namespace sonde_probe

namespace sonde::probes {
namespace {

const std::string kSelf = "/proc/self/exe";

class ResolveUprobes : public Resolve {
 protected:
  void SetUp() override {
    Resolve::SetUp();
    ASSERT_EQ(sonde_probe_first(1) + sonde_probe_second(1) + sonde_probe::overloaded(1) + sonde_probe::overloaded(1l),
              14);
  }
};

TEST_F(ResolveUprobes, Functions) {
  const ResolvedProbe& probe = one("u:" + kSelf + ":sonde_probe_first");
  EXPECT_EQ(probe.full_name, "uprobe:" + kSelf + ":sonde_probe_first");
  const auto attach = std::get<image::UprobeAttach>(probe.attach);
  ASSERT_EQ(attach.sites.size(), 1u);
  EXPECT_EQ(attach.sites[0].symbol, "sonde_probe_first");
  EXPECT_NE(attach.sites[0].file_offset, 0u);
  EXPECT_EQ(probe.space, types::Space::user);
  const auto symbol = binaries_.find_function(kSelf, "sonde_probe_first");
  EXPECT_EQ(one("u:" + kSelf + ":" + std::to_string(symbol->address)).full_name,
            "uprobe:" + kSelf + ":" + std::to_string(symbol->address));
  EXPECT_EQ(std::get<image::UprobeAttach>(out_[0].attach).sites[0].file_offset, symbol->file_offset);
}

TEST_F(ResolveUprobes, Wildcards) {
  const std::string both = "uprobe:" + kSelf + ":sonde_probe_first uprobe:" + kSelf + ":sonde_probe_second ";
  EXPECT_EQ(std::get<image::UprobeAttach>(one("ur:" + kSelf + ":sonde_probe_*").attach).sites.size(), 2u);
  EXPECT_EQ(out_[0].expected_attach_type, 48u);
  EXPECT_EQ(std::get<image::UprobeAttach>(one("*:" + kSelf + ":sonde_probe_*").attach).sites.size(), 2u);
  context_->expand_all = true;
  EXPECT_EQ(names("uprobe:" + kSelf + ":sonde_probe_*"), both);
}

// A kernel that cannot attach to many places at once.
class ResolveSingleUprobes : public ResolveKprobes {
 protected:
  void SetUp() override {
    ResolveKprobes::SetUp();
    std::ofstream(folder_ / "machine") << "arch x86_64\nwithout uprobe_multi\n";
    open(folder_.string());
  }
};

TEST_F(ResolveSingleUprobes, OneProgramServesAllMatchesThereToo) {
  EXPECT_EQ(std::get<image::UprobeAttach>(one("ur:" + kSelf + ":sonde_probe_*").attach).sites.size(), 2u);
}

TEST_F(ResolveUprobes, DemangledNames) {
  context_->expand_all = true;
  // Quotes are gone when a provider sees the parts, so colons stand inside one part.
  const auto count = [&](const std::string& name) {
    const AttachText text{"", {"uprobe", kSelf, "cpp", name}, {}, {}};
    out_.clear();
    EXPECT_TRUE(probes::resolve(*context_, text, out_));
    return out_.size();
  };
  EXPECT_EQ(count("sonde_probe::overloaded"), 2u);
  EXPECT_EQ(count("sonde_probe::overloaded(int)"), 1u);
  EXPECT_EQ(out_.at(0).full_name, "uprobe:" + kSelf + ":cpp:_ZN11sonde_probe10overloadedEi");
  EXPECT_EQ(count("sonde_probe_first"), 1u);
  EXPECT_EQ(count("sonde_probe::over"), 0u);
}

TEST_F(ResolveUprobes, Refusals) {
  EXPECT_EQ(refusal("uprobe:/nowhere:f"), "uprobe target file '/nowhere' does not exist or is not executable");
  EXPECT_EQ(refusal("uprobe:" + kSelf + ":sonde_probe_frist"),
            "No matches for uprobe " + kSelf + ":sonde_probe_frist.");
  EXPECT_EQ(hint(), "did you mean `uprobe:" + kSelf + ":sonde_probe_first`?");
  EXPECT_EQ(refusal("uprobe:" + kSelf), "uprobe probe type requires 2 or 3 arguments, found 1");
  EXPECT_EQ(refusal("uprobe:" + kSelf + ":rust:f"), "unsupported language type: rust");
  EXPECT_EQ(refusal("uretprobe:" + kSelf + ":sonde_probe_first+0"), "Offset not allowed");
  EXPECT_EQ(refusal("uprobe::f"), "uprobe should have a target");
  EXPECT_EQ(refusal("uprobe:" + kSelf + ":0x1"), "Could not resolve address: " + kSelf + ":0x1");
  EXPECT_EQ(refusal("uprobe:" + kSelf + ":sonde_probe_first+4096").substr(0, 35),
            "Offset outside the function bounds ");
  const auto symbol = binaries_.find_function(kSelf, "sonde_probe_first");
  EXPECT_EQ(refusal("uretprobe:" + kSelf + ":" + std::to_string(symbol->address + 1)),
            "uretprobes cannot be attached at function offset. (address resolved to: sonde_probe_first+1)");
}

}  // namespace
}  // namespace sonde::probes
