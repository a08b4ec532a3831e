// Attaching to many sites of which the kernel takes only some, with a kernel made of a list.
#include "runtime/attach/parts.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <set>

#include "runtime/attach/bpf_syscall.h"

namespace sonde::attach {
namespace {

class PartsTest : public ::testing::Test {
 protected:
  // Links sites unless one is bad, as the kernel does.
  Result<> run(size_t count, const std::set<size_t>& bad, int code = EINVAL) {
    for (size_t i = 0; i < count; ++i) names_.push_back("f" + std::to_string(i));
    const auto range = [&, code](size_t first, size_t last) -> Result<base::Fd> {
      ++calls_;
      for (const size_t site : bad)
        if (site >= first && site < last) return base::fail("attach", code);
      covered_ += last - first;
      return base::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    };
    context_.on_sites([this](uint64_t settled) -> Result<> {
      told_ += settled;
      if (calls_ >= patience_) return base::fail("interrupted", EINTR);
      return {};
    });
    return link_in_parts(link_,
                         {names_, range, [](int error) { return error == EINVAL; },
                          [](const std::string& name, const Error&) { return Error{"not " + name, 0}; }},
                         context_);
  }

  Context context_{0, true};
  Link link_;
  std::vector<std::string> names_;
  size_t calls_ = 0;
  size_t patience_ = SIZE_MAX;
  uint64_t covered_ = 0;
  uint64_t told_ = 0;
};

TEST_F(PartsTest, OneLinkForAllWhenNothingIsWrong) {
  ASSERT_TRUE(run(5000, {}));
  EXPECT_EQ(calls_, 1U);
  EXPECT_EQ(link_.fds.size(), 1U);
  EXPECT_EQ(link_.probes, 5000U);
  EXPECT_EQ(told_, 5000U);
}

TEST_F(PartsTest, OnlyTheBadSitesAreLeftOut) {
  ASSERT_TRUE(run(1000, {0, 500, 999}));
  EXPECT_EQ(link_.probes, 997U);
  EXPECT_EQ(covered_, 997U);
  EXPECT_EQ(told_, 1000U);
  ASSERT_EQ(link_.refused.size(), 3U);
  EXPECT_EQ(link_.refused[0].what, "not f0");
  EXPECT_EQ(link_.refused[1].what, "not f500");
  EXPECT_EQ(link_.refused[2].what, "not f999");
  EXPECT_EQ(std::set<std::string>(link_.names.begin(), link_.names.end()).size(), 997U);
  // Three levels of sixteen calls for each, not a thousand.
  EXPECT_LT(calls_, 150U);
}

TEST_F(PartsTest, FailsWhenEverySiteIsBad) {
  const auto result = run(3, {0, 1, 2});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, "not f0");
}

TEST_F(PartsTest, OtherFaultsEndTheAttempt) {
  const auto result = run(100, {50}, EPERM);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, EPERM);
  EXPECT_EQ(calls_, 1U);
}

TEST_F(PartsTest, AnInterruptEndsTheAttemptAndKeepsWhatIsLinked) {
  patience_ = 4;
  const auto result = run(1000, {999});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, EINTR);
  EXPECT_EQ(calls_, 4U);
  EXPECT_EQ(link_.fds.size(), 3U);
}

// A kernel that was built without multi links for kprobes understands the command all the same: it gets as far as saying that
// it has none, past all checks of the attributes.
TEST(KprobeMulti, TheKernelUnderstandsTheCommand) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  for (const uint32_t type : {kTraceKprobeMulti, kTraceKprobeSession}) {
    const bpf_insn code[] = {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
    LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = static_cast<bpf_attach_type>(type));
    const base::Fd program(bpf_prog_load(BPF_PROG_TYPE_KPROBE, "sonde_test", "GPL", code, 2, &options));
    if (!program.valid()) continue;  // older than the attach type
    const std::string function = "ksys_read";
    const auto link = link_kprobe_multi(program.get(), {&function, 1}, false, type);
    EXPECT_TRUE(link || link.error().code == EOPNOTSUPP) << type << ": " << link.error().text();
  }
}

}  // namespace
}  // namespace sonde::attach
