// Decoding of every layout kind, and of arbitrary bytes by arbitrary layouts.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <ctime>
#include <random>

#include "runtime/value/decode.h"
#include "runtime/value/format.h"
#include "runtime/value/system_names.h"

namespace sonde::value {
namespace {

using image::Layout;
using image::LayoutKind;

// Bytes of a record, appended in the order of the layout.
class Bytes {
 public:
  template <typename T>
  Bytes& add(T value) {
    const auto* raw = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), raw, raw + sizeof value);
    return *this;
  }
  Bytes& add(std::string_view text, size_t size) {
    const size_t start = bytes_.size();
    bytes_.resize(start + size);
    std::memcpy(bytes_.data() + start, text.data(), std::min(size, text.size()));
    return *this;
  }
  operator std::span<const std::byte>() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

class Decode : public testing::Test {
 protected:
  image::TypeId add(Layout layout) {
    image_.types.push_back(std::move(layout));
    return {static_cast<uint32_t>(image_.types.size() - 1)};
  }
  image::TypeId integer(uint32_t size, bool is_signed = true) {
    return add({.kind = LayoutKind::integer, .size = size, .is_signed = is_signed});
  }
  image::TypeId string(uint32_t size) { return add({.kind = LayoutKind::string, .size = size}); }

  // The text of the decoded value; the direct way must give the same.
  std::string shown(image::TypeId type, std::span<const std::byte> bytes) {
    const Decoder decoder(image_, symbols_, clocks_);
    std::string text, direct;
    append_text(text, decoder.decode(type, bytes));
    decoder.append_text(direct, type, bytes);
    EXPECT_EQ(text, direct);
    return text;
  }

  image::Image image_;
  symbols::Symbols symbols_;
  ClockOffsets clocks_;
};

TEST_F(Decode, Integers) {
  const Bytes ones = Bytes().add(~uint64_t{0});
  EXPECT_EQ(shown(integer(1), ones), "-1");
  EXPECT_EQ(shown(integer(1, false), ones), "255");
  EXPECT_EQ(shown(integer(2, false), ones), "65535");
  EXPECT_EQ(shown(integer(4), ones), "-1");
  EXPECT_EQ(shown(integer(4, false), ones), "4294967295");
  EXPECT_EQ(shown(integer(8, false), ones), "18446744073709551615");
  EXPECT_EQ(shown(add({.kind = LayoutKind::boolean, .size = 1}), ones), "true");
  EXPECT_EQ(shown(add({.kind = LayoutKind::pointer, .size = 8}), ones), "0xffffffffffffffff");
  EXPECT_EQ(shown(integer(8), Bytes().add(uint8_t{5})), "5");
  EXPECT_EQ(shown(integer(8), {}), "0");
}

TEST_F(Decode, StringsEndAtNulOrGetTheTrailer) {
  EXPECT_EQ(shown(string(8), Bytes().add("a\0b", 8)), "a");
  EXPECT_EQ(shown(string(8), Bytes().add("/etc/ld.so.cache", 8)), "/etc/ld...");
  EXPECT_EQ(shown(string(8), Bytes().add("12345678", 8)), "12345678..");
  image_.config.str_trunc_trailer = "<T>";
  EXPECT_EQ(shown(string(8), Bytes().add("/etc/ld.so.cache", 16)), "/etc/ld.<T>");
  image_.config.str_trunc_trailer = "";
  EXPECT_EQ(shown(string(8), Bytes().add("/etc/ld.so.cache", 16)), "/etc/ld.");
  EXPECT_EQ(shown(string(0), {}), "");
}

TEST_F(Decode, Buffers) {
  const auto type = add({.kind = LayoutKind::buffer, .size = 8});
  EXPECT_EQ(shown(type, Bytes().add(uint32_t{4}).add("he\x01\xff", 4)), "he\\x01\\xff");
  EXPECT_EQ(shown(type, Bytes().add(uint32_t{2}).add("help", 4)), "he");
  EXPECT_EQ(shown(type, Bytes().add(UINT32_MAX).add("help", 4)), "help");
}

TEST_F(Decode, Enums) {
  const auto type =
      add({.kind = LayoutKind::enumeration, .size = 4, .variants = {{"IDLE", 1}, {"BUSY", 4}, {"LOST", ~uint64_t{0}}}});
  EXPECT_EQ(shown(type, Bytes().add(uint32_t{4})), "BUSY");
  EXPECT_EQ(shown(type, Bytes().add(uint32_t{77})), "77");
  EXPECT_EQ(shown(type, Bytes().add(~uint32_t{0})), "LOST");
}

TEST_F(Decode, TuplesRecordsArrays) {
  const auto i4 = integer(4), text = string(4);
  const auto pair = add({.kind = LayoutKind::tuple, .size = 8, .members = {{"", i4, 0}, {"", text, 4}}});
  EXPECT_EQ(shown(pair, Bytes().add(7).add("ab", 4)), "(7, ab)");
  const auto record = add({.kind = LayoutKind::record, .size = 8, .members = {{"a", i4, 4}, {"in", pair, 0}}});
  EXPECT_EQ(shown(record, Bytes().add(1).add("xy", 4)), "{ .a = 31096, .in = (1, xy) }");
  const auto row = add({.kind = LayoutKind::array, .size = 8, .element = i4, .count = 2});
  const auto matrix = add({.kind = LayoutKind::array, .size = 16, .element = row, .count = 2});
  EXPECT_EQ(shown(matrix, Bytes().add(0).add(1).add(-2).add(3)), "[[0,1],[-2,3]]");
  const auto characters =
      add({.kind = LayoutKind::array, .size = 4, .element = integer(1), .count = 4, .bytes_as_text = true});
  EXPECT_EQ(shown(characters, Bytes().add("abc", 4)), "abc");
  EXPECT_EQ(shown(characters, Bytes().add("abcd", 4)), "abcd");  // full, not truncated
  const auto flags =
      add({.kind = LayoutKind::array, .size = 2, .element = add({.kind = LayoutKind::boolean, .size = 1}), .count = 2});
  EXPECT_EQ(shown(flags, Bytes().add(uint8_t{1}).add(uint8_t{0})), "[true,false]");
}

TEST_F(Decode, UnionsAndBitfields) {
  const auto i4 = integer(4), u4 = integer(4, false), u2 = integer(2, false), u8 = integer(8, false);
  const auto both = add({.kind = LayoutKind::record, .size = 4, .members = {{"whole", u4, 0}, {"half", u2, 0}}});
  EXPECT_EQ(shown(both, Bytes().add(0x12345678)), "{ .whole = 305419896, .half = 22136 }");
  const auto bits =
      add({.kind = LayoutKind::record,
           .size = 12,
           .members = {{"f", u4, 0, 0, 3}, {"g", i4, 0, 3, 4}, {"h", u4, 0, 7, 25}, {"w", u8, 3, 4, 62}}});
  // f = 3, g = -7 (9 as four bits), h all ones; w reaches from bit 28 over the end of a 64-bit word.
  const auto bytes =
      Bytes().add(static_cast<uint32_t>(3 | 9U << 3 | 0x1ffffffU << 7)).add(uint64_t{0x23456789abcdef01});
  EXPECT_EQ(shown(bits, bytes), "{ .f = 3, .g = -7, .h = 33554431, .w = " + std::to_string(0x3456789abcdef01f) + " }");
  const auto state = add({.kind = LayoutKind::enumeration,
                          .size = 4,
                          .is_signed = true,
                          .variants = {{"NONE", uint64_t(-1)}, {"ONE", 1}}});
  const auto states =
      add({.kind = LayoutKind::record, .size = 4, .members = {{"a", state, 0, 0, 3}, {"b", state, 0, 3, 3}}});
  EXPECT_EQ(shown(states, Bytes().add(7 | 1 << 3)), "{ .a = NONE, .b = ONE }");
}

TEST_F(Decode, Addresses) {
  const auto inet = add({.kind = LayoutKind::inet, .size = 24});
  EXPECT_EQ(shown(inet, Bytes().add(uint64_t{2}).add(0x0100007f).add("", 12)), "127.0.0.1");
  EXPECT_EQ(shown(inet, Bytes().add(uint64_t{10}).add("", 15).add(uint8_t{1})), "::1");
  EXPECT_EQ(shown(inet, Bytes().add(uint64_t{7}).add("", 16)), "");
  const auto mac = add({.kind = LayoutKind::mac_address, .size = 6});
  EXPECT_EQ(shown(mac, Bytes().add(std::string_view("\x00\x01\xab\x02\x00\xff", 6), 6)), "00:01:AB:02:00:FF");
}

TEST_F(Decode, Times) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  image_.strings = {"%H:%M:%S.%f", "%F %T %%f", "", "%Z"};
  const auto type = add({.kind = LayoutKind::timestamp, .size = 16});
  const auto stamp = [](uint32_t format, image::Clock clock, uint64_t time) {
    return Bytes().add(format).add(static_cast<uint32_t>(clock)).add(time);
  };
  clocks_.boot = 1'000'000'000;
  EXPECT_EQ(shown(type, stamp(0, image::Clock::boot, 2'470'690'999)), "00:00:03.470690");
  EXPECT_EQ(shown(type, stamp(0, image::Clock::tai, 2'000'001'000)), "00:00:02.000001");
  EXPECT_EQ(shown(type, stamp(1, image::Clock::sw_tai, 86'400'000'000'000)), "1970-01-02 00:00:00 %f");
  EXPECT_EQ(shown(type, stamp(2, image::Clock::boot, 0)), "(?)");
  EXPECT_EQ(shown(type, stamp(99, image::Clock::boot, 0)), "(?)");
  EXPECT_EQ(format_wall_time("%H:%M\n", 3600), "01:00\n");
  EXPECT_EQ(format_wall_time("%f", 0), "%f");
  EXPECT_EQ(format_wall_time(std::string(63, 'x'), 0), std::string(63, 'x'));
  EXPECT_EQ(format_wall_time(std::string(64, 'x'), 0), "");
}

TEST_F(Decode, Clocks) {
  const ClockOffsets offsets = measure_clock_offsets();
  timespec boot = {};
  ::clock_gettime(CLOCK_BOOTTIME, &boot);
  EXPECT_NEAR(static_cast<double>(boot.tv_sec) + static_cast<double>(offsets.boot) / 1e9,
              static_cast<double>(::time(nullptr)), 3);
}

TEST_F(Decode, Names) {
  const auto user = add({.kind = LayoutKind::username, .size = 8});
  EXPECT_EQ(shown(user, Bytes().add(uint64_t{0})), "root");
  EXPECT_EQ(shown(user, Bytes().add(uint64_t{4'000'000'000})), "");
  EXPECT_EQ(shown(user, Bytes().add(uint64_t{1} << 40)), "");
}

TEST_F(Decode, StacksWithoutSymbols) {
  const auto stack = [&](LayoutKind kind, image::StackMode mode) {
    return add({.kind = kind, .size = 8 + 8 * 4, .count = 4, .stack_mode = mode});
  };
  const auto kernel = Bytes().add(uint64_t{2}).add(uint64_t{0x10}).add(uint64_t{0x2f}).add("", 16);
  EXPECT_EQ(shown(stack(LayoutKind::kernel_stack, image::StackMode::raw), kernel), "\n10\n2f\n");
  EXPECT_EQ(shown(stack(LayoutKind::kernel_stack, image::StackMode::symbols), kernel),
            "\n        0x10\n        0x2f\n");
  EXPECT_EQ(shown(stack(LayoutKind::kernel_stack, image::StackMode::symbols), Bytes().add(uint64_t{0})), "\n");
  // No process has this id.
  const auto user = Bytes().add(UINT32_MAX).add(0U).add(uint64_t{1}).add(uint64_t{0x562f3a9e9149}).add("", 24);
  EXPECT_EQ(shown(stack(LayoutKind::user_stack, image::StackMode::symbols), user), "\n        0x562f3a9e9149\n");
  EXPECT_EQ(shown(stack(LayoutKind::user_stack, image::StackMode::perf), user),
            "\n\t562f3a9e9149 0x562f3a9e9149 ([unknown])\n");
  EXPECT_EQ(shown(stack(LayoutKind::user_stack, image::StackMode::build_id), user), "\n562f3a9e9149\n");
  EXPECT_EQ(shown(add({.kind = LayoutKind::kernel_symbol, .size = 8}), Bytes().add(uint64_t{0x1f})), "0x1f");
  EXPECT_EQ(
      shown(add({.kind = LayoutKind::user_symbol, .size = 16}), Bytes().add(uint64_t{0x1f}).add(UINT32_MAX).add(0U)),
      "0x1f");
}

TEST_F(Decode, StackCountsAreBounded) {
  const auto type =
      add({.kind = LayoutKind::kernel_stack, .size = 24, .count = 2, .stack_mode = image::StackMode::raw});
  EXPECT_EQ(shown(type, Bytes().add(~uint64_t{0}).add(uint64_t{1}).add(uint64_t{2}).add(uint64_t{3})), "\n1\n2\n");
  EXPECT_EQ(shown(type, Bytes().add(uint64_t{2}).add(uint64_t{1})), "\n1\n");
}

__attribute__((noinline)) void landmark() { asm volatile("nop\n\tnop"); }

TEST_F(Decode, StacksOfThisProcess) {
  const auto address = reinterpret_cast<uint64_t>(&landmark) + 1;
  const auto pid = static_cast<uint32_t>(::getpid());
  const auto bytes = Bytes().add(pid).add(0U).add(uint64_t{1}).add(address);
  const auto frame = [&](image::StackMode mode) {
    return shown(add({.kind = LayoutKind::user_stack, .size = 24, .count = 1, .stack_mode = mode}), bytes);
  };
  EXPECT_NE(frame(image::StackMode::symbols).find("landmark()+1\n"), std::string::npos);
  const std::string perf = frame(image::StackMode::perf);
  EXPECT_NE(perf.find("landmark()+1 (/"), std::string::npos) << perf;
  const auto symbol = Bytes().add(address).add(pid).add(0U);
  EXPECT_NE(shown(add({.kind = LayoutKind::user_symbol, .size = 16}), symbol).find("landmark()"), std::string::npos);
}

TEST_F(Decode, RecordsFormatStraightFromBytes) {
  const auto i4 = integer(4), comm = string(16), text = string(64),
             pointer = add({.kind = LayoutKind::pointer, .size = 8});
  const auto buffer = add({.kind = LayoutKind::buffer, .size = 6});
  const auto record =
      Bytes().add("", 16).add(42).add("bash", 16).add("/etc/passwd", 64).add(uint64_t{255}).add(2U).add("a\x01", 2);
  const std::vector<image::EventField> fields = {{i4, 16},       {comm, 20},    {text, 36},
                                                 {pointer, 100}, {buffer, 108}, {i4, 5000}};
  const Decoder decoder(image_, symbols_, clocks_);
  std::string out;
  append_formatted(out, image::parse_format("%-6d %-16s %s|%p|%rh|%d\n"), fields, record, decoder);
  EXPECT_EQ(out, "42     bash             /etc/passwd|0xff|61 01|0\n");
}

TEST(SystemNamesTest, Globs) {
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("uni*", "unified"));
  EXPECT_TRUE(matches_glob("*f*d", "unified"));
  EXPECT_FALSE(matches_glob("uni", "unified"));
  EXPECT_FALSE(matches_glob("*x*", "unified"));
  EXPECT_TRUE(matches_glob("a*b*c", "a-b-b-c"));
}

TEST(SystemNamesTest, CgroupsByWalkingTheirHierarchies) {
  char root[] = "/tmp/sonde-cgroups-XXXXXX";
  ASSERT_NE(::mkdtemp(root), nullptr);
  const std::string base = root;
  for (const char* name : {"/two", "/two/a", "/two/a/b", "/cpu,cpuacct"})
    ASSERT_EQ(::mkdir((base + name).c_str(), 0700), 0);
  const std::string mounts = base + "/mounts";
  std::FILE* file = std::fopen(mounts.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fprintf(file, "cgroup %s/cpu,cpuacct cgroup rw 0 0\nproc /proc proc rw 0 0\ncgroup2 %s/two cgroup2 rw 0 0\n",
               root, root);
  std::fclose(file);
  const auto inode = [&](const char* name) {
    struct stat status = {};
    ::stat((base + name).c_str(), &status);
    return status.st_ino;
  };
  SystemNames names(mounts);
  EXPECT_EQ(names.cgroup(inode("/two/a/b"), "*"), "unified:/a/b");
  EXPECT_EQ(names.cgroup(inode("/two"), "unified"), "unified:/");
  EXPECT_EQ(names.cgroup(inode("/two"), "cpu*"), "");
  EXPECT_EQ(names.cgroup(inode("/cpu,cpuacct"), "*"), "cpu,cpuacct:/");
  const auto gone = inode("/two/a/b");
  ::rmdir((base + "/two/a/b").c_str());
  EXPECT_EQ(names.cgroup(gone, "*"), "");
  ::mkdir((base + "/two/new").c_str(), 0700);
  EXPECT_EQ(names.cgroup(inode("/two/new"), "*"), "unified:/new");
  for (const char* name : {"/two/new", "/two/a", "/two", "/cpu,cpuacct", "/mounts"}) std::remove((base + name).c_str());
  ::rmdir(root);
}

// Layouts and bytes without any meaning: every combination must decode, and its bytes must not be read out of bounds.
TEST(DecodeRandom, AnyBytesByAnyLayout) {
  std::mt19937 random(20240607);
  const auto below = [&](uint32_t limit) { return static_cast<uint32_t>(random() % limit); };
  symbols::Symbols symbols;
  size_t produced = 0;
  for (int round = 0; round < 1500; ++round) {
    image::Image image;
    image.strings = {"%H:%M:%S", "*"};
    const uint32_t count = 1 + below(12);
    for (uint32_t i = 0; i < count; ++i) {
      Layout layout;
      do {
        layout.kind = static_cast<LayoutKind>(below(static_cast<uint32_t>(LayoutKind::aggregate) + 1));
        // Resolving names of random processes and cgroups reads the system; that is not what this test is about.
      } while (layout.kind == LayoutKind::cgroup_path || layout.kind == LayoutKind::username);
      layout.size = below(80);
      layout.is_signed = below(2) != 0;
      layout.element = {below(count + 1)};
      layout.count = below(4) == 0 ? static_cast<uint32_t>(random()) : below(9);
      layout.stack_mode = static_cast<image::StackMode>(below(4));
      layout.bytes_as_text = below(8) == 0;
      for (uint32_t member = below(4); member > 0; --member) {
        layout.members.push_back({"m",
                                  {below(count + 1)},
                                  below(90),
                                  static_cast<uint16_t>(below(3) == 0 ? below(70) : 0),
                                  static_cast<uint16_t>(below(3) == 0 ? below(100) : 0)});
      }
      if (below(2) != 0) layout.variants = {{"ONE", 1}, {"BIG", random()}};
      image.types.push_back(std::move(layout));
    }
    const Decoder decoder(image, symbols, {});
    // On the heap and exactly sized, so that a sanitizer sees the first byte too far.
    std::vector<std::byte> bytes(below(100));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(below(3) == 0 ? 0 : below(256));
    std::string text, direct;
    append_text(text, decoder.decode({below(count)}, bytes));
    const image::TypeId type{below(count)};
    append_key(text, decoder.decode(type, bytes));
    decoder.append_text(direct, type, bytes);
    for (const char* conversion : {"%d", "%5x", "%s", "%r", "%gr", "%c"}) {
      const std::vector<image::EventField> fields = {{type, below(120)}};
      append_formatted(direct, image::parse_format(conversion), fields, bytes, decoder);
    }
    produced += text.size() + direct.size();
  }
  EXPECT_GT(produced, 1500U);
}

}  // namespace
}  // namespace sonde::value
