// Files that packet tools read: header, record headers, bytes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "runtime/events/pcap.h"

namespace sonde::events {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

uint32_t word(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

TEST(Pcap, WritesHeaderAndPackets) {
  const std::string path = ::testing::TempDir() + "pcap_test." + std::to_string(::getpid());
  {
    PcapFiles files;
    ASSERT_TRUE(files.create(path));
    EXPECT_EQ(read(path).size(), 24U);
    const std::string packet = "packet";
    ASSERT_TRUE(files.append(path, 1'500'000'123'000ULL, std::as_bytes(std::span(packet))));
    ASSERT_TRUE(files.append(path, 0, {}));
  }
  const std::string bytes = read(path);
  ASSERT_EQ(bytes.size(), 24U + 16 + 6 + 16);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\xd4\xc3\xb2\xa1\x02\x00\x04\x00", 8));
  EXPECT_EQ(word(bytes, 16), 65535U);
  EXPECT_EQ(word(bytes, 20), 101U);
  EXPECT_EQ(word(bytes, 24), 1500U);
  EXPECT_EQ(word(bytes, 28), 123U);
  EXPECT_EQ(word(bytes, 32), 6U);
  EXPECT_EQ(word(bytes, 36), 6U);
  EXPECT_EQ(bytes.substr(40, 6), "packet");
  ::unlink(path.c_str());
}

TEST(Pcap, SaysWhatItCanNotOpen) {
  PcapFiles files;
  const auto failed = files.append("/nonexistent/x.pcap", 0, {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().what, "failed to open file '/nonexistent/x.pcap'");
  EXPECT_TRUE(files.append("/nonexistent/x.pcap", 0, {}));  // told once
}

}  // namespace
}  // namespace sonde::events
