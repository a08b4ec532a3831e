// tracefs is reachable whether or not it is mounted; needs the privilege to mount it.
#include "base/tracefs.h"

#include <gtest/gtest.h>

#include <fstream>

namespace sonde::base {
namespace {

TEST(Tracefs, ReadsAnEventIdAndLeavesNoMountBehind) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto mounts = [] {
    std::ifstream in("/proc/self/mounts");
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string before = mounts();
  auto id = read_tracefs("events/sched/sched_switch/id");
  ASSERT_TRUE(id) << id.error().text();
  EXPECT_GT(std::stoi(*id), 0);
  EXPECT_EQ(mounts(), before);
}

TEST(Tracefs, NamesTheMissingFile) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  auto id = read_tracefs("events/sched/no_such_event/id");
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().code, ENOENT);
  EXPECT_NE(id.error().text().find("events/sched/no_such_event/id"), std::string::npos);
}

}  // namespace
}  // namespace sonde::base
