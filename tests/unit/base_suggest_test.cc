// Nearest names.
#include <gtest/gtest.h>

#include "base/suggest.h"

namespace sonde::base {
namespace {

using Names = std::vector<std::string>;

TEST(Suggest, NearestFirst) {
  const Names names = {"printf", "print", "join", "sprintf", "time"};
  EXPECT_EQ(nearest("prinft", names), (Names{"print", "printf", "sprintf"}));
  EXPECT_EQ(nearest("prntf", names), (Names{"printf"}));
  EXPECT_EQ(nearest("printf", names, 2), (Names{"printf", "print"}));
  EXPECT_EQ(nearest("zebra", names), Names{});
  EXPECT_EQ(nearest("", names), Names{});
}

TEST(Suggest, CaseAndSwapsAreOneStepOrNone) {
  EXPECT_EQ(nearest("COUNT", Names{"count", "mount"}, 1), Names{"count"});
  EXPECT_EQ(nearest("coutn", Names{"cousin", "count"}), Names{"count"});
}

// Among names of a letter or two nearly all are one step apart.
TEST(Suggest, ShortNamesAreNearOnlyWhenALetterIsMissing) {
  EXPECT_EQ(nearest("$x", Names{"$y", "$xy"}), Names{});
  EXPECT_EQ(nearest("B", Names{"s", "b"}), Names{"b"});
  EXPECT_EQ(nearest("ad", Names{"add", "at", "a"}), Names{"add"});
  EXPECT_EQ(nearest("@co", Names{"@comm", "@cpu", "@coo"}), Names{"@coo"});
}

TEST(Suggest, EqualNamesComeOnce) { EXPECT_EQ(nearest("vfs_rea", Names{"vfs_read", "vfs_read"}), Names{"vfs_read"}); }

}  // namespace
}  // namespace sonde::base
