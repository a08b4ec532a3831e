// The layout of diagnostics, byte for byte.
#include "diag/render.h"

#include <gtest/gtest.h>

namespace sonde::diag {
namespace {

class Render : public ::testing::Test {
 protected:
  source::BufferId add(std::string text) { return sources_.add("sample.bt", std::move(text)); }
  std::string undefined(source::Range range, bool color = false) {
    Diagnostics diagnostics;
    diagnostics.emit<Id::undefined_variable>(range, "$b");
    return render(diagnostics.all()[0], sources_, color);
  }
  source::SourceSet sources_;
};

TEST_F(Render, RangeOnOneLineWithTabs) {
  const auto buffer = add("begin\n{\n\t\tprint($b);\n}\n");
  EXPECT_EQ(undefined({buffer, 16, 18}),
            "sample.bt:3:9-11: ERROR: Undefined or undeclared variable: $b\n"
            "        print($b);\n"
            "              ~~\n");
}

TEST_F(Render, TabInsideTheRangeIsFourWide) {
  const auto buffer = add("a\tb");
  EXPECT_EQ(undefined({buffer, 0, 3}),
            "sample.bt:1:1-4: ERROR: Undefined or undeclared variable: $b\n"
            "a    b\n"
            "~~~~~~\n");
}

TEST_F(Render, EmptyRangeAtTheEndOfInput) {
  const auto buffer = add("begin {");
  EXPECT_EQ(undefined({buffer, 7, 7}),
            "sample.bt:1:8-8: ERROR: Undefined or undeclared variable: $b\n"
            "begin {\n"
            "       \n");
}

TEST_F(Render, LineBehindTheLastNewlineHasNoContext) {
  const auto buffer = add("begin {\n");
  EXPECT_EQ(undefined({buffer, 8, 8}), "sample.bt:2:1-1: ERROR: Undefined or undeclared variable: $b\n");
}

TEST_F(Render, SeveralLinesAreShownVerbatim) {
  const auto buffer = add("begin {\n\tf(1,\n\t  2);\n}");
  EXPECT_EQ(undefined({buffer, 9, 18}),
            "sample.bt:2-3: ERROR: Undefined or undeclared variable: $b\n"
            "\tf(1,\n"
            "\t  2);\n");
}

// A script must not move the cursor or change colours when it is only complained about.
TEST_F(Render, ControlCharactersAreNotSent) {
  const auto buffer = add("a\x1b[2J\r\x7f$b\r\nnext\x07\t\n");
  EXPECT_EQ(undefined({buffer, 7, 9}),
            "sample.bt:1:8-10: ERROR: Undefined or undeclared variable: $b\n"
            "a?[2J??$b\n"
            "       ~~\n");
  EXPECT_EQ(undefined({buffer, 7, 14}),
            "sample.bt:1-2: ERROR: Undefined or undeclared variable: $b\n"
            "a?[2J??$b\n"
            "next?\t\n");
}

TEST_F(Render, OfVeryLongLinesTheSurroundingsAreShown) {
  const auto buffer = add(std::string(5000, 'a') + "$b" + std::string(5000, 'c') + "\n");
  EXPECT_EQ(undefined({buffer, 5000, 5002}),
            "sample.bt:1:5001-5003: ERROR: Undefined or undeclared variable: $b\n"
            "..." +
                std::string(100, 'a') + "$b" + std::string(100, 'c') + "...\n" + std::string(103, ' ') + "~~\n");
  EXPECT_EQ(undefined({buffer, 1, 10002}), "sample.bt:1:2-10003: ERROR: Undefined or undeclared variable: $b\n" +
                                               std::string(2101, 'a') + "...\n" + " " + std::string(2000, '~') + "\n");
}

TEST_F(Render, WithoutLocation) { EXPECT_EQ(undefined({}), "ERROR: Undefined or undeclared variable: $b\n"); }

TEST_F(Render, ColorWrapsTheFirstLineOnly) {
  const auto buffer = add("$b");
  EXPECT_EQ(undefined({buffer, 0, 2}, true),
            "\033[31msample.bt:1:1-3: ERROR: Undefined or undeclared variable: $b\033[0m\n"
            "$b\n"
            "~~\n");
}

TEST_F(Render, WarningsAreYellow) {
  Diagnostics diagnostics;
  diagnostics.emit<Id::implicit_cast>({}, "uint64", "int64");
  EXPECT_EQ(render(diagnostics.all()[0], sources_, true),
            "\033[33mWARNING: Expression of type: uint64 being cast to type: int64. This may cause unexpected results. "
            "Use an explicit cast to suppress this warning.\033[0m\n");
}

TEST_F(Render, LabelsThenHintsThenLevels) {
  const auto buffer = add("macro bump() { @n++; }\nbegin {\n\n  bump();\n}");
  Diagnostics diagnostics;
  Diagnostic& diagnostic = diagnostics.emit<Id::unknown_function>({buffer, 15, 17}, "bump");
  diagnostic.labels.push_back({{buffer, 6, 10}, "This is the original definition."});
  diagnostic.hints.push_back("try something else");
  diagnostic.expanded_from.push_back({buffer, 34, 40});
  EXPECT_EQ(render(diagnostic, sources_, false),
            "sample.bt:1:16-18: ERROR: Unknown function: 'bump'\n"
            "macro bump() { @n++; }\n"
            "               ~~\n"
            "sample.bt:1:7-11: ERROR: This is the original definition.\n"
            "macro bump() { @n++; }\n"
            "      ~~~~\n"
            "HINT: try something else\n"
            "sample.bt:4:3-9: ERROR: expanded from\n"
            "  bump();\n"
            "  ~~~~~~\n");
}

TEST_F(Render, ExtraLineStandsBeforeTheContext) {
  const auto buffer = add("@a[1] = 2");
  EXPECT_EQ(render_block({buffer, 0, 5}, Severity::warning, "Map full", "Additional Info - helper: x, retcode: -7",
                         sources_, false),
            "sample.bt:1:1-6: WARNING: Map full\n"
            "Additional Info - helper: x, retcode: -7\n"
            "@a[1] = 2\n"
            "~~~~~\n");
}

TEST(Diagnostics, CountsErrorsNotWarnings) {
  Diagnostics diagnostics;
  diagnostics.emit<Id::implicit_cast>({}, "a", "b");
  EXPECT_TRUE(diagnostics.ok());
  diagnostics.emit<Id::unknown_function>({}, "f");
  EXPECT_FALSE(diagnostics.ok());
  EXPECT_EQ(diagnostics.errors(), 1u);
  EXPECT_EQ(diagnostics.all().size(), 2u);
}

TEST(Catalog, FillReplacesOnlyPlaceholders) { EXPECT_EQ(fill("a {0} {x} {1}{0} {", {"1", "{1}"}), "a 1 {x} {1}1 {"); }

}  // namespace
}  // namespace sonde::diag
