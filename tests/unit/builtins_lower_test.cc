// Lower hooks, run on host memory.
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include "fake_environment.h"
#include "interpreting_codegen.h"
#include "types/capability.h"

namespace sonde::builtins {
namespace {

using image::ParameterKind;
using testing::InterpretingCodegen;

class Hooks : public ::testing::Test {
 protected:
  uint64_t run(std::string_view name) { return InterpretingCodegen::bits(find_builtin(name)->lower(cg_)); }
  void argument(types::TypeRef type, uint64_t bits) { cg_.arguments.push_back({.type = type, .bits = bits}); }
  void pointer_to(const void* memory, types::Space space = types::Space::none) {
    argument(types_.pointer(types_.integer(1, true), space), reinterpret_cast<uint64_t>(memory));
  }
  void literal(int64_t value) {
    const Argument described = testing::number(types_, value);
    cg_.arguments.push_back({.type = described.type, .bits = static_cast<uint64_t>(value), .described = described});
  }
  void string(const std::string& value, uint32_t capacity) {
    InterpretingCodegen::Value argument{.type = types_.string(capacity), .memory = value + '\0'};
    argument.memory.resize(capacity, '\xee');  // behind the NUL lies anything
    cg_.arguments.push_back(argument);
  }
  // Room for a result of `type`, filled with rubbish.
  void result(types::TypeRef type) {
    cg_.type = type;
    cg_.result_bytes.assign(type->size, '\xee');
  }
  std::string bytes(const char* text, size_t size) { return {text, size}; }
  uint64_t result_word(size_t at, size_t size = 8) {
    uint64_t value = 0;
    std::memcpy(&value, cg_.result_bytes.data() + at, size);
    return value;
  }
  void helper(uint32_t id, uint64_t value) {
    cg_.helpers[id] = [value](const std::vector<uint64_t>&) { return value; };
  }

  types::TypeContext types_;
  InterpretingCodegen cg_;
};

TEST_F(Hooks, IdsOfTheInitialNamespace) {
  helper(BPF_FUNC_get_current_pid_tgid, uint64_t{100} << 32 | 101);
  cg_.parameters = {{ParameterKind::pid_namespace_device, 0}, {ParameterKind::pid_namespace_inode, 0}};
  EXPECT_EQ(run("pid"), 100u);
  EXPECT_EQ(run("tid"), 101u);
}

TEST_F(Hooks, IdsOfAnotherNamespace) {
  helper(BPF_FUNC_get_current_pid_tgid, uint64_t{100} << 32 | 101);
  cg_.parameters = {{ParameterKind::pid_namespace_device, 4}, {ParameterKind::pid_namespace_inode, 4026532000}};
  cg_.helpers[BPF_FUNC_get_ns_current_pid_tgid] = [](const std::vector<uint64_t>& operands) {
    EXPECT_EQ(operands[0], 4u);
    EXPECT_EQ(operands[1], 4026532000u);
    const bpf_pidns_info info = {.pid = 8, .tgid = 7};
    EXPECT_EQ(operands[3], sizeof info);
    std::memcpy(reinterpret_cast<void*>(operands[2]), &info, sizeof info);
    return uint64_t{0};
  };
  EXPECT_EQ(run("pid"), 7u);
  EXPECT_EQ(run("tid"), 8u);
  InterpretingCodegen::Value mode;
  mode.described = testing::word("init");
  cg_.arguments.push_back(mode);
  EXPECT_EQ(run("pid"), 100u);
}

TEST_F(Hooks, UserAndGroup) {
  helper(BPF_FUNC_get_current_uid_gid, uint64_t{20} << 32 | 10);
  EXPECT_EQ(run("uid"), 10u);
  EXPECT_EQ(run("gid"), 20u);
}

TEST_F(Hooks, Clocks) {
  helper(BPF_FUNC_ktime_get_boot_ns, 1000);
  helper(BPF_FUNC_ktime_get_ns, 900);
  cg_.parameters = {{ParameterKind::tracer_start_time, 400}, {ParameterKind::tai_offset, 37}};
  EXPECT_EQ(run("nsecs"), 1000u);
  EXPECT_EQ(run("elapsed"), 600u);
  cg_.arguments.resize(1);
  cg_.arguments[0].described = testing::word("monotonic");
  EXPECT_EQ(run("nsecs"), 900u);
  cg_.arguments[0].described = testing::word("sw_tai");
  EXPECT_EQ(run("nsecs"), 1037u);
}

TEST_F(Hooks, StringsAreCutAndMarked) {
  const char source[] = "/etc/ld.so.cache";
  pointer_to(source);
  result(types_.string(8));
  run("str");
  EXPECT_EQ(cg_.result_bytes, "/etc/ld.");  // all 8 bytes and no NUL: printing adds the trailer
  result(types_.string(32));
  run("str");
  EXPECT_EQ(cg_.result_bytes, std::string(source) + std::string(32 - sizeof source + 1, '\0'));
  result(types_.string(sizeof source));
  run("str");
  EXPECT_EQ(cg_.result_bytes, bytes(source, sizeof source));  // fits with its NUL
}

TEST_F(Hooks, StringsOfLiteralLength) {
  const char source[] = "0123456789";
  pointer_to(source);
  literal(4);
  result(types_.string(5));
  run("str");
  EXPECT_EQ(cg_.result_bytes, bytes("012\0\0", 5));
  cg_.arguments[1].described = testing::number(types_, 8);  // as long as max_strlen
  result(types_.string(8));
  run("str");
  EXPECT_EQ(cg_.result_bytes, bytes("0123456\0", 8));
  cg_.arguments[1].described = testing::number(types_, 9);  // longer
  result(types_.string(8));
  run("str");
  EXPECT_EQ(cg_.result_bytes, "01234567");
  cg_.arguments[1].described = testing::number(types_, 0);
  result(types_.string(1));
  run("str");
  EXPECT_EQ(cg_.result_bytes, bytes("\0", 1));
}

TEST_F(Hooks, StringsOfVariableLength) {
  const char source[] = "0123456789";
  pointer_to(source);
  argument(types_.integer(8, false), 3);
  result(types_.string(8));
  run("str");
  EXPECT_EQ(cg_.result_bytes, bytes("01\0\0\0\0\0\0", 8));
  cg_.arguments[1].bits = 0;
  result(types_.string(8));
  run("str");
  EXPECT_EQ(cg_.result_bytes, std::string(8, '\0'));
  cg_.arguments[1].bits = 1000;
  result(types_.string(8));
  run("str");
  EXPECT_EQ(cg_.result_bytes, bytes("0123456\0", 8));
}

TEST_F(Hooks, FailedReadsAreEmptyAndCounted) {
  argument(types_.integer(8, false), 16);
  result(types_.string(8));
  run("str");
  EXPECT_EQ(cg_.result_bytes, std::string(8, '\0'));
  EXPECT_EQ(cg_.errors, std::vector{image::ErrorKind::probe_read});
}

TEST_F(Hooks, PointersBringTheirSpace) {
  const char source[] = "x";
  pointer_to(source, types::Space::user);
  result(types_.string(8));
  run("str");
  EXPECT_EQ(cg_.spaces_read, std::vector{types::Space::user});
  cg_.arguments[0].type = types_.integer(8, false);
  run("str");
  EXPECT_EQ(cg_.spaces_read.back(), types::Space::kernel);  // the probe's
}

TEST_F(Hooks, RecordsNeedNoPadding) {
  const char source[] = "ab";
  pointer_to(source);
  result(types_.string(8));
  cg_.padded = false;
  run("str");
  EXPECT_EQ(cg_.result_bytes, bytes("ab\0\xee\xee\xee\xee\xee", 8));
}

TEST_F(Hooks, StringValuesAreCut) {
  string("hello", 6);
  literal(3);
  result(types_.string(4));
  run("str");
  EXPECT_EQ(cg_.result_bytes, bytes("hel\0", 4));
  cg_.arguments.pop_back();
  argument(types_.integer(8, false), 2);
  result(types_.string(6));
  run("str");
  EXPECT_EQ(cg_.result_bytes, bytes("he\0\0\0\0", 6));
}

TEST_F(Hooks, BuffersCarryTheirLength) {
  const char source[] = "he\x01\xff";
  pointer_to(source);
  literal(4);
  result(types_.buffer(4));
  run("buf");
  EXPECT_EQ(cg_.result_bytes, bytes("\4\0\0\0he\x01\xff", 8));
  cg_.arguments.pop_back();
  argument(types_.integer(8, false), 2);
  run("buf");
  EXPECT_EQ(cg_.result_bytes, bytes("\2\0\0\0he\0\0", 8));
  cg_.arguments[1].bits = 4000;
  run("buf");
  EXPECT_EQ(cg_.result_bytes, bytes("\4\0\0\0he\x01\xff", 8));
}

TEST_F(Hooks, BuffersOfArrays) {
  cg_.arguments.push_back({.type = types_.array(types_.integer(1, false), 3), .memory = "abc"});
  result(types_.buffer(3));
  run("buf");
  EXPECT_EQ(cg_.result_bytes, bytes("\3\0\0\0abc", 7));
}

TEST_F(Hooks, StrncmpComparesWhatBothHave) {
  const auto differ = [&](const std::string& a, uint32_t a_size, const std::string& b, uint32_t b_size, int64_t n) {
    cg_.arguments.clear();
    string(a, a_size);
    string(b, b_size);
    literal(n);
    return run("strncmp");
  };
  EXPECT_EQ(differ("bpftrace", 16, "bpf", 4, 3), 0u);
  EXPECT_EQ(differ("bpftrace", 16, "bpf", 4, 4), 1u);
  EXPECT_EQ(differ("bpf", 16, "bpf", 4, 100), 0u);
  EXPECT_EQ(differ("bpfx", 16, "bpf", 4, 100), 1u);
  EXPECT_EQ(differ("abcd", 4, "abcdef", 8, 6), 1u);  // cut at its capacity, so shorter
  EXPECT_EQ(differ("abcd", 4, "abcd", 8, 6), 0u);
  EXPECT_EQ(differ("a", 2, "b", 2, 0), 0u);
  for (const auto& [a, a_size, b, n, expected] : {std::tuple("bpftrace", 16, "bpf", 3, 0u),
                                                  {"bpftrace", 16, "bpf", 4, 1u},
                                                  {"bpf", 16, "bpf", 100, 0u},
                                                  {"bpf", 16, "bpfx", 100, 1u},
                                                  {"abcd", 4, "abcdef", 6, 1u},
                                                  {"abcd", 4, "abcd", 100, 0u},
                                                  {"abcd", 4, "abce", 4, 1u},
                                                  {"", 8, "", 5, 0u},
                                                  {"x", 8, "", 5, 1u}}) {
    cg_.arguments.clear();
    string(a, static_cast<uint32_t>(a_size));
    cg_.arguments.push_back({.type = types_.string(8),
                             .memory = std::string(b) + std::string(8, '\0'),
                             .described = testing::text(types_, b)});
    literal(n);
    EXPECT_EQ(run("strncmp"), expected) << a << " " << b << " " << n;
    std::swap(cg_.arguments[0], cg_.arguments[1]);
    EXPECT_EQ(run("strncmp"), expected) << b << " " << a << " " << n;
  }
  const std::string longer(100, 'x');
  EXPECT_EQ(differ(longer, 128, longer, 128, 128), 0u);
  EXPECT_EQ(differ(longer + "y", 128, longer, 128, 128), 1u);
  EXPECT_EQ(differ(longer + "y", 128, longer, 128, 100), 0u);
  for (size_t i = 0; i < longer.size(); ++i) {
    std::string other = longer;
    other[i] = 'y';
    EXPECT_EQ(differ(longer, 128, other, 128, 100), 1u) << i;
  }
}

TEST_F(Hooks, LengthsEndAtNulOrCapacity) {
  const auto length = [&](const std::string& value, uint32_t capacity) {
    cg_.arguments.clear();
    string(value, capacity);
    return run("__strlen");
  };
  EXPECT_EQ(length("hello", 16), 5u);
  EXPECT_EQ(length("", 4), 0u);
  EXPECT_EQ(length("abc", 4), 3u);
  EXPECT_EQ(length("abcd", 4), 4u);
  EXPECT_EQ(length("", 1), 0u);
  EXPECT_EQ(length("x", 1), 1u);
}

TEST_F(Hooks, ConcatenationsAreCutAndPadded) {
  const auto joined = [&](const std::string& a, uint32_t a_size, const std::string& b, uint32_t b_size) {
    cg_.arguments.clear();
    string(a, a_size);
    string(b, b_size);
    result(types_.string(1024));
    run("__str_concat");
    EXPECT_EQ(cg_.result_bytes.find_first_not_of('\0', std::strlen(cg_.result_bytes.c_str())), std::string::npos);
    return std::string(cg_.result_bytes.c_str());
  };
  EXPECT_EQ(joined("bash", 16, ":x", 3), "bash:x");
  EXPECT_EQ(joined("", 16, "b", 2), "b");
  EXPECT_EQ(joined("a", 2, "", 16), "a");
  EXPECT_EQ(joined("abcd", 4, "efgh", 4), "abcdefgh");
  const std::string large(1000, 'y');
  EXPECT_EQ(joined(large, 1024, large, 1024), large + std::string(23, 'y'));
  EXPECT_EQ(joined(std::string(1024, 'z'), 1024, "b", 2), std::string(1023, 'z'));
}

TEST_F(Hooks, MemcmpGivesTheFirstDifference) {
  const auto difference = [&](const std::string& a, const std::string& b, int64_t n) {
    cg_.arguments.clear();
    string(a, static_cast<uint32_t>(a.size() + 1));
    string(b, static_cast<uint32_t>(b.size() + 1));
    literal(n);
    return static_cast<int64_t>(run("memcmp"));
  };
  EXPECT_EQ(difference("abc", "abd", 3), -1);
  EXPECT_EQ(difference("abc", "abd", 2), 0);
  EXPECT_EQ(difference("azc", "aac", 100), 25);
  cg_.arguments.clear();
  string("ab", 8);
  string("ab", 16);
  cg_.arguments[1].memory[5] = 'x';
  literal(8);
  EXPECT_EQ(run("memcmp"), 0u);
  EXPECT_EQ(difference("a", "\x80", 1), 'a' + 128);  // bytes are signed
  cg_.arguments.clear();
  argument(types_.integer(4, false), 0x0102);
  argument(types_.integer(4, false), 0x0103);
  argument(types_.integer(8, false), 4);
  EXPECT_EQ(static_cast<int64_t>(run("memcmp")), -1);
}

TEST_F(Hooks, SearchComparesAtAPosition) {
  const auto matches = [&](const std::string& a, uint32_t a_size, const std::string& b, uint32_t b_size, uint64_t at) {
    cg_.arguments.clear();
    string(a, a_size);
    string(b, b_size);
    argument(types_.integer(8, false), at);
    return run("__matches_at") == 1;
  };
  EXPECT_TRUE(matches("hello", 6, "lo", 3, 3));
  EXPECT_FALSE(matches("hello", 6, "lo", 3, 2));
  EXPECT_TRUE(matches("hello", 6, "l", 8, 2));
  EXPECT_TRUE(matches("hello", 6, "", 1, 0));
  EXPECT_FALSE(matches("hello", 16, "low", 4, 3));
  EXPECT_TRUE(matches("aab", 4, "ab", 3, 1));
  EXPECT_TRUE(matches("abcd", 4, "cd", 3, 2));  // no NUL within its capacity
  EXPECT_TRUE(matches("abcd", 8, "cd", 2, 2));
  EXPECT_FALSE(matches("abcd", 4, "cde", 4, 2));
  EXPECT_FALSE(matches("abcd", 4, "d", 2, 1000));
}

TEST_F(Hooks, NumbersHaveNames) {
  const auto name = [&](std::string_view function, int64_t number) {
    cg_.arguments.clear();
    argument(types_.integer(8, true), static_cast<uint64_t>(number));
    result(types_.string(64));
    run(function);
    EXPECT_EQ(cg_.result_bytes.find_first_not_of('\0', std::strlen(cg_.result_bytes.c_str())), std::string::npos);
    return std::string(cg_.result_bytes.c_str());
  };
  EXPECT_EQ(name("strerror", 1), "Operation not permitted");
  EXPECT_EQ(name("strerror", -2), "No such file or directory");
  EXPECT_EQ(name("strerror", 0), "Success");
  EXPECT_EQ(name("strerror", 41), "Unknown error");
  EXPECT_EQ(name("strerror", 133), "Memory page has hardware error");
  EXPECT_EQ(name("strerror", 134), "Unknown error");
  EXPECT_EQ(name("strerror", INT64_MIN), "Unknown error");
  EXPECT_EQ(name("signal_name", 9), "Killed");
  EXPECT_EQ(name("signal_name", 33), "Unknown signal 33");
  EXPECT_EQ(name("signal_name", 34), "Real-time signal 0");
  EXPECT_EQ(name("signal_name", 64), "Real-time signal 30");
  EXPECT_EQ(name("signal_name", 65), "N/A");
  EXPECT_EQ(name("signal_name", -1), "N/A");
  EXPECT_EQ(name("syscall_name", 0), "read");
  EXPECT_EQ(name("syscall_name", 257), "openat");
  EXPECT_EQ(name("syscall_name", 335), "uretprobe");
  EXPECT_EQ(name("syscall_name", 336), "Unknown syscall");
  EXPECT_EQ(name("syscall_name", 424), "pidfd_send_signal");
  EXPECT_EQ(name("syscall_name", 469), "file_setattr");
  EXPECT_EQ(name("syscall_name", 470), "Unknown syscall");
  EXPECT_EQ(name("syscall_name", 512), "rt_sigaction");
  EXPECT_EQ(name("syscall_name", 547), "pwritev2");
  EXPECT_EQ(name("syscall_name", 548), "Unknown syscall");
}

TEST_F(Hooks, SignalsGoByNameOrNumber) {
  uint64_t sent = 0, thread = 0;
  cg_.helpers[BPF_FUNC_send_signal] = [&](const std::vector<uint64_t>& operands) { return sent = operands[0], 0; };
  cg_.helpers[BPF_FUNC_send_signal_thread] = [&](const std::vector<uint64_t>& operands) {
    return thread = operands[0], 0;
  };
  cg_.arguments.resize(2);
  cg_.arguments[0].described = testing::text(types_, "sigterm");
  cg_.arguments[1].described = testing::text(types_, "signal");
  run("__signal");
  EXPECT_EQ(sent, 15u);
  cg_.arguments[0] = {.bits = 10};
  cg_.arguments[1].described = testing::text(types_, "signal_thread");
  run("__signal");
  EXPECT_EQ(thread, 10u);
}

TEST_F(Hooks, JoinStopsAtTheEndOfTheList) {
  const char* list[] = {"/bin/echo", "a", nullptr, "never"};
  pointer_to(list);
  std::vector<types::TypeRef> fields;
  const Builtin& row = *find_builtin("join");
  row.fields(types_, fields);
  ASSERT_EQ(fields.size(), 16u);
  cg_.result_bytes.assign(fields.size() * fields[0]->size, '\xee');
  run("join");
  const auto field = [&](size_t i) { return std::string(cg_.result_bytes.data() + i * fields[0]->size); };
  EXPECT_EQ(field(0), "/bin/echo");
  EXPECT_EQ(field(1), "a");
  for (size_t i = 2; i < fields.size(); ++i) EXPECT_EQ(field(i), "") << i;
}

TEST_F(Hooks, StacksCountTheirFrames) {
  uint64_t flags = 99;
  cg_.helpers[BPF_FUNC_get_stack] = [&](const std::vector<uint64_t>& operands) {
    flags = operands[3];
    EXPECT_EQ(operands[2], 24u);
    std::memset(reinterpret_cast<void*>(operands[1]), 0, operands[2]);
    const uint64_t frames[] = {0x10, 0x20};
    std::memcpy(reinterpret_cast<void*>(operands[1]), frames, sizeof frames);
    return sizeof frames;
  };
  result(types_.stack(false, image::StackMode::raw, 3));
  run("kstack");
  EXPECT_EQ(flags, 0u);
  EXPECT_EQ(result_word(0), 2u);
  EXPECT_EQ(result_word(8), 0x10u);
  EXPECT_EQ(result_word(24), 0u);
  helper(BPF_FUNC_get_current_pid_tgid, uint64_t{100} << 32);
  cg_.parameters = {{ParameterKind::pid_namespace_device, 0}};
  result(types_.stack(true, image::StackMode::raw, 3));
  run("ustack");
  EXPECT_EQ(flags, uint64_t{BPF_F_USER_STACK});
  EXPECT_EQ(result_word(0, 4), 100u);
  EXPECT_EQ(result_word(4, 4), 7u);
  EXPECT_EQ(result_word(8), 2u);
  EXPECT_EQ(result_word(16), 0x10u);
  EXPECT_TRUE(cg_.errors.empty());
}

TEST_F(Hooks, FailedStacksAreEmptyAndCounted) {
  cg_.helpers[BPF_FUNC_get_stack] = [&](const std::vector<uint64_t>&) { return static_cast<uint64_t>(-14); };
  result(types_.stack(false, image::StackMode::raw, 3));
  run("kstack");
  EXPECT_EQ(result_word(0), 0u);
  EXPECT_EQ(cg_.errors, std::vector{image::ErrorKind::stack_read});
}

TEST_F(Hooks, FuncAsksTheHelperWhereRegistersDoNotTell) {
  cg_.registers[128] = 0x1234;
  helper(BPF_FUNC_get_func_ip, 0x5678);
  cg_.capabilities = types::kHasFunc | types::kHasReg;
  EXPECT_EQ(run("func"), 0x1234u);
  cg_.capabilities |= types::kHasRetval;
  EXPECT_EQ(run("func"), 0x5678u);
  cg_.capabilities = types::kHasFunc;
  EXPECT_EQ(run("func"), 0x5678u);
  cg_.capabilities = types::kHasFunc | types::kHasReg | types::kUserContext;
  helper(BPF_FUNC_get_current_pid_tgid, uint64_t{100} << 32);
  cg_.parameters = {{ParameterKind::pid_namespace_device, 0}};
  result(types_.user_symbol());
  run("func");
  EXPECT_EQ(result_word(0), 0x1234u);
  EXPECT_EQ(result_word(8, 4), 100u);
  EXPECT_EQ(result_word(12, 4), 7u);
}

TEST_F(Hooks, UsermodeReadsThePrivilegeLevel) {
  cg_.capabilities = types::kHasReg;
  cg_.registers[136] = 0x33;
  EXPECT_EQ(run("usermode"), 1u);
  cg_.registers[136] = 0x10;
  EXPECT_EQ(run("usermode"), 0u);
  cg_.capabilities = types::kRunsInTracer;
  EXPECT_EQ(run("usermode"), 1u);
  cg_.capabilities = 0;
  EXPECT_EQ(run("usermode"), 0u);
}

TEST_F(Hooks, TimestampsNameFormatAndClock) {
  cg_.arguments.push_back({.described = testing::text(types_, "%T")});
  types::Type tai = *types_.integer(8, false);
  tai.clock = image::Clock::tai;
  argument(types_.intern(tai), 55);
  result(types_.timestamp());
  run("strftime");
  EXPECT_EQ(cg_.strings, std::vector<std::string>{"%T"});
  EXPECT_EQ(result_word(0, 4), 0u);
  EXPECT_EQ(result_word(4, 4), static_cast<uint64_t>(image::Clock::tai));
  EXPECT_EQ(result_word(8), 55u);
}

TEST_F(Hooks, NetworkValues) {
  argument(types_.integer(4, true), 0x0100007f);
  result(types_.inet());
  run("ntop");
  EXPECT_EQ(cg_.result_bytes, bytes("\2\0\0\0\0\0\0\0\x7f\0\0\1", 12) + std::string(12, '\0'));
  cg_.arguments = {{.type = types_.array(types_.integer(1, false), 16), .memory = "0123456789abcdef"}};
  run("ntop");
  EXPECT_EQ(cg_.result_bytes, bytes("\12\0\0\0\0\0\0\0", 8) + "0123456789abcdef");
  cg_.arguments = {{.described = testing::text(types_, "10.0.0.1")}};
  result(types_.array(types_.integer(1, false), 4));
  run("pton");
  EXPECT_EQ(cg_.result_bytes, bytes("\12\0\0\1", 4));
  cg_.arguments = {{.type = types_.integer(4, true), .bits = 0x12345678}};
  cg_.type = types_.integer(4, false);
  EXPECT_EQ(run("bswap"), 0x78563412u);
}

TEST_F(Hooks, CgroupPathsNameTheirFilter) {
  argument(types_.integer(8, false), 42);
  result(types_.cgroup_path());
  run("cgroup_path");
  EXPECT_EQ(result_word(0), 42u);
  EXPECT_EQ(result_word(8), uint64_t{UINT32_MAX});
  cg_.arguments.push_back({.described = testing::text(types_, "unified")});
  run("cgroup_path");
  EXPECT_EQ(result_word(8), 0u);
}

TEST_F(Hooks, MapFunctionsNameTheirArguments) {
  cg_.arguments.resize(1);
  run("delete");
  cg_.arguments.resize(2);
  run("delete");
  run("has_key");
  cg_.arguments.resize(3);
  run("find");
  cg_.arguments[0].described = testing::whole_map(types_.integer(8, true), types_.integer(8, true));
  run("len");
  EXPECT_EQ(cg_.map_operations,
            (std::vector<std::string>{"delete 0 99", "delete 0 1", "has 0 1", "find 0 1 2", "length 0"}));
}

TEST_F(Hooks, LenOfStacks) {
  InterpretingCodegen::Value stack{.type = types_.stack(true, image::StackMode::raw, 2)};
  stack.memory = bytes("\1\0\0\0\2\0\0\0\2\0\0\0\0\0\0\0", 16) + std::string(16, '\0');
  cg_.arguments = {stack};
  EXPECT_EQ(run("len"), 2u);
}

TEST_F(Hooks, NamedParameters) {
  cg_.arguments = {{.described = testing::text(types_, "limit")}};
  cg_.parameters = {{ParameterKind::unsigned_integer, 21}, {ParameterKind::boolean, 1}};
  cg_.type = types_.integer(8, false);
  EXPECT_EQ(run("getopt"), 21u);
  cg_.type = types_.boolean();
  EXPECT_EQ(run("getopt"), 1u);
  result(types_.string(8));
  run("getopt");
  EXPECT_EQ(cg_.result_bytes, bytes("limit\0\0\0", 8));
}

}  // namespace
}  // namespace sonde::builtins
