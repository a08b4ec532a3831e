// What is said about work that takes long.
#include "runtime/progress.h"

#include <gtest/gtest.h>

#include <thread>

#include "runtime/print/sink.h"

namespace sonde::runtime {
namespace {

using std::chrono::milliseconds;

class ProgressTest : public ::testing::Test {
 protected:
  print::StringSink sink_;
  Report report_{sink_, false, false, false};
};

TEST_F(ProgressTest, EveryStepButTheLastIsToldWithoutPatience) {
  Progress progress(&report_, "Attaching", 5, milliseconds(0));
  progress.step(1);
  progress.step(3);
  progress.step(1);
  EXPECT_EQ(sink_.text(), "Attaching: 1 of 5 probes\nAttaching: 4 of 5 probes\n");
  EXPECT_EQ(progress.done(), 5U);
}

TEST_F(ProgressTest, NothingIsToldOfWorkThatIsDoneInTime) {
  Progress progress(&report_, "Attaching", 1000, std::chrono::hours(1));
  for (int i = 0; i < 1000; ++i) progress.step(1);
  EXPECT_EQ(sink_.text(), "");
}

TEST_F(ProgressTest, LinesComeLessAndLessOften) {
  Progress progress(&report_, "Detaching", 1000, milliseconds(1));
  // Late by far more than the patience: one line, not one for each that was missed.
  std::this_thread::sleep_for(milliseconds(50));
  progress.step(1);
  progress.step(1);
  EXPECT_EQ(sink_.text(), "Detaching: 1 of 1000 probes\n");
}

TEST_F(ProgressTest, QuietRunsCountOnly) {
  Progress progress(nullptr, "Attaching", 2, milliseconds(0));
  progress.step(1);
  EXPECT_EQ(progress.done(), 1U);
}

}  // namespace
}  // namespace sonde::runtime
