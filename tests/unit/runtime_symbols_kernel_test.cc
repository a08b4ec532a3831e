// Kernel symbols from a recorded kallsyms and from the live one.
#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>
#include <string>

#include "runtime/symbols/kernel.h"

namespace sonde::symbols {
namespace {

class Kernel : public testing::Test {
 protected:
  void SetUp() override {
    const int fd = ::mkstemp(path_);
    ASSERT_GE(fd, 0);
    ::close(fd);
    std::ofstream(path_) << "0000000000000000 A fixed_percpu_data\n"
                            "0000000000001000 D percpu_thing\n"
                            "ffffffff81000000 T _stext\n"
                            "ffffffff81000000 T _text\n"
                            "ffffffff81000000 T __pi__text\n"
                            "ffffffff81000100 t inner\n"
                            "ffffffff81000180 d table\n"
                            "ffffffff81000200 W weak_one\n"
                            "ffffffffc0002000 t probe_it\t[mod]\n"
                            "ffffffffc0001000 t other\t[mod]\n"
                            "nonsense\n"
                            "ffffffff82000000 D jiffies\n";
    symbols_ = KernelSymbols(path_);
  }
  void TearDown() override { ::unlink(path_); }
  std::string at(uint64_t address) {
    const auto symbol = symbols_.find(address);
    return symbol ? std::string(symbol->name) + "+" + std::to_string(symbol->offset) : "?";
  }
  char path_[32] = "/tmp/sonde-kallsyms-XXXXXX";
  KernelSymbols symbols_;
};

TEST_F(Kernel, FindsTheFunctionAround) {
  EXPECT_EQ(at(0xffffffff81000000), "_text+0");
  EXPECT_EQ(at(0xffffffff81000005), "_text+5");
  EXPECT_EQ(at(0xffffffff81000100), "inner+0");
  EXPECT_EQ(at(0xffffffff81000190), "inner+144");
  EXPECT_EQ(at(0xffffffff81000fff), "weak_one+3583");
  EXPECT_EQ(at(0xffffffffc0001fff), "other+4095");
  EXPECT_EQ(at(0xffffffffc0002004), "probe_it+4");
}

TEST_F(Kernel, KnowsWhatItDoesNotKnow) {
  EXPECT_EQ(at(0), "?");
  EXPECT_EQ(at(0x1f), "?");
  EXPECT_EQ(at(0xffffffff90000000), "?");
  EXPECT_EQ(at(UINT64_MAX), "?");
}

TEST(KernelMissing, NoFileMeansNoSymbols) {
  KernelSymbols symbols("/nonexistent");
  EXPECT_FALSE(symbols.find(0xffffffff81000000));
}

TEST(KernelLive, AgreesWithItselfAndStaysSmall) {
  KernelSymbols symbols;
  std::ifstream all("/proc/kallsyms");
  uint64_t address = 0;
  std::string type, name;
  while (all >> std::hex >> address >> type >> name && name != "schedule") all.ignore(1000, '\n');
  if (name != "schedule" || address == 0) GTEST_SKIP() << "kernel addresses are hidden from this user";
  const auto symbol = symbols.find(address + 3);
  ASSERT_TRUE(symbol);
  EXPECT_EQ(symbol->name, "schedule");
  EXPECT_EQ(symbol->offset, 3U);
  EXPECT_LT(symbols.memory(), 8U * 1024 * 1024);
}

}  // namespace
}  // namespace sonde::symbols
