// Splitting of attach points.
#include "parse/attach_spec.h"

#include <gtest/gtest.h>

namespace sonde::parse {
namespace {

class Attach : public ::testing::Test {
 protected:
  std::optional<AttachSpec> split(const std::string& text, std::vector<std::string> positional = {}) {
    const auto size = static_cast<uint32_t>(text.size());
    return split_attach_point({{source::BufferId{0}, 100, 100 + size}, text}, positional, diagnostics_);
  }
  static std::string joined(const AttachSpec& spec) {
    std::string out;
    for (const AttachPart& part : spec.parts) out += (out.empty() ? "" : "|") + part.text;
    return out;
  }
  std::string error() const { return diagnostics_.all().empty() ? "" : diagnostics_.all().back().text; }
  diag::Diagnostics diagnostics_;
};

TEST_F(Attach, SplitsAtColonsAndAtSigns) {
  EXPECT_EQ(joined(*split("tracepoint:sched:sched_switch")), "tracepoint|sched|sched_switch");
  EXPECT_EQ(joined(*split("begin")), "begin");
  EXPECT_EQ(joined(*split("u:./demo@demo.c:12")), "u|./demo|@|demo.c|12");
  EXPECT_EQ(joined(*split("a::b:")), "a||b|");
}

TEST_F(Attach, QuotesHoldAnything) {
  EXPECT_EQ(joined(*split(R"x(uprobe:"/a:b@c $1":"f(int, char)")x")), "uprobe|/a:b@c $1|f(int, char)");
  EXPECT_EQ(joined(*split(R"(u:"a\"b\\c":x"y"z)")), R"(u|a"b\c|xyz)");
}

TEST_F(Attach, ParametersArePastedAndScannedAgain) {
  EXPECT_EQ(joined(*split("uprobe:$2:$1", {"f", "/bin/x"})), "uprobe|/bin/x|f");
  EXPECT_EQ(joined(*split("$1:ms:10", {"interval"})), "interval|ms|10");
  EXPECT_EQ(joined(*split("uprobe:$1*", {"./demo:app_"})), "uprobe|./demo|app_*");
  EXPECT_EQ(joined(*split("interval:ms:$3", {"1"})), "interval|ms|");
  EXPECT_EQ(joined(*split("k:$1", {"$2", "f"})), "k|f");
}

TEST_F(Attach, ParameterThatNamesItselfEnds) {
  EXPECT_EQ(joined(*split("k:$1", {"a$1"})).substr(0, 4), "k|aa");
  EXPECT_TRUE(split("$1", {"$1$1"}));
}

TEST_F(Attach, Labels) {
  EXPECT_EQ(split("mine=kprobe:f")->label, "mine");
  EXPECT_EQ(joined(*split("mine=kprobe:f")), "kprobe|f");
  EXPECT_EQ(split("=kprobe:f")->label, "");
  EXPECT_EQ(joined(*split("a=b=interval:s:1")), "b=interval|s|1");
  EXPECT_FALSE(split("kprobe:a=b")->label);
  EXPECT_FALSE(split("begin=")->label);
  EXPECT_EQ(joined(*split("begin=")), "begin=");
}

TEST_F(Attach, PartsKnowWhereTheyStand) {
  const auto spec = split(R"(x=u:"a":$1@b)", {"p:q"});
  ASSERT_TRUE(spec);
  ASSERT_EQ(joined(*spec), "u|a|p|q|@|b");
  const auto at = [&](size_t part) {
    return std::pair(spec->parts[part].range.begin - 100, spec->parts[part].range.end - 100);
  };
  EXPECT_EQ(at(0), std::pair(2u, 3u));
  EXPECT_EQ(at(1), std::pair(4u, 7u));
  EXPECT_EQ(at(2).first, 8u);
  EXPECT_EQ(at(3).second, 10u);
  EXPECT_EQ(at(4), std::pair(10u, 11u));
  EXPECT_EQ(at(5), std::pair(11u, 12u));
}

TEST_F(Attach, RefusesOtherDollars) {
  EXPECT_FALSE(split("interval:s:$a"));
  EXPECT_EQ(error(),
            "invalid trailing character for positional param: a. Try quoting this entire part if this is intentional "
            "e.g. \"$a\".");
  EXPECT_FALSE(split("interval:s:$0"));
  EXPECT_EQ(error().substr(0, 51), "invalid trailing character for positional param: 0.");
  EXPECT_FALSE(split("interval:s:$99999999999999999999"));
  EXPECT_EQ(error(),
            "positional parameter is not valid: overflow error, maximum value is 18446744073709551615: "
            "99999999999999999999");
}

}  // namespace
}  // namespace sonde::parse
