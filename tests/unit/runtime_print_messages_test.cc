// Messages with their place in the script, and the texts of run-time errors.
#include <gtest/gtest.h>

#include "runtime/print/messages.h"
#include "runtime/print/registry.h"
#include "runtime/print/sink.h"

namespace sonde::print {
namespace {

class Messages : public testing::Test {
 protected:
  Messages() {
    image_.spans = {
        {.file = "stdin",
         .line = 1,
         .column = 41,
         .end_column = 48,
         .end_line = 1,
         .text = "let @a=hash(2); BEGIN { @a[1]=1;@a[2]=1;@a[3]=1; }"},
        {.file = "tool.bt", .line = 4, .column = 3, .end_column = 7, .end_line = 4, .text = "\t\tf(1);\t"},
        {.file = "tool.bt", .line = 2, .column = 0, .end_column = 0, .end_line = 3, .text = "\tif (1) {\n\t}"},
        {.file = "tool.bt",
         .line = 2,
         .column = 16,
         .end_column = 18,
         .end_line = 2,
         .text = "macro bump(@n) { @n++; }",
         .expanded_from = {{1}, {2}}},
        {.file = "tool.bt", .line = 9, .column = 5, .end_column = 5, .end_line = 9, .text = "abc"},
    };
  }
  std::string shown(const Message& message, bool color = false) {
    std::string out;
    append_message(out, image_, message, color);
    return out;
  }
  Message runtime_error(uint32_t span) { return {.kind = Message::Kind::runtime_error, .text = "t", .span = {span}}; }

  image::Image image_;
};

TEST_F(Messages, HelperError) {
  const image::ErrorSite site{.kind = image::ErrorKind::map_full, .helper = "map_update_elem", .map = {}, .span = {0}};
  EXPECT_EQ(
      shown(describe(image_, site, {1, -7})),
      "stdin:1:41-48: WARNING: Map full; can't update element. Try increasing max_map_keys config or manually setting "
      "the max entries in a map declaration e.g. `let @a = hash(5000)`\n"
      "Additional Info - helper: map_update_elem, retcode: -7\n"
      "let @a=hash(2); BEGIN { @a[1]=1;@a[2]=1;@a[3]=1; }\n"
      "                                        ~~~~~~~\n");
}

TEST_F(Messages, FullMapsAreNamed) {
  image_.maps.push_back({.name = "@reads"});
  const image::ErrorSite site{.kind = image::ErrorKind::map_full, .helper = "map_update_elem", .map = {0}, .span = {0}};
  const Message message = describe(image_, site, {3, -7});
  EXPECT_TRUE(message.text.ends_with("e.g. `let @reads = hash(5000)`"));
  EXPECT_NE(shown(message).find("\nAdditional Info - occurrences: 3\n"), std::string::npos);
}

TEST_F(Messages, Texts) {
  const auto text = [&](image::ErrorKind kind, const char* helper, int64_t code) {
    return describe(image_, {.kind = kind, .helper = helper}, {1, code}).text;
  };
  using enum image::ErrorKind;
  EXPECT_EQ(text(map_full, "map_update_elem", -12),
            "Can't update map element: the kernel has no memory for another one at this moment.");
  EXPECT_EQ(text(divide_by_zero, "", 0),
            "Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.");
  EXPECT_EQ(text(array_bounds, "", 0), "Array access out of bounds. This can lead to unexpected results.");
  EXPECT_EQ(text(map_lookup, "map_lookup_elem", 0), "Can't lookup map element because it does not exist.");
  EXPECT_EQ(text(probe_read, "probe_read_user_str", -14), "Bad address");
  EXPECT_EQ(text(probe_read, "probe_read_kernel", -34), "Numerical result out of range");
  EXPECT_EQ(text(loop_limit, "loop", -7), "Argument list too long");
  EXPECT_EQ(text(stack_read, "ustack", -14), "Error reading ustack.");
  EXPECT_EQ(text(stack_read, "", -14), "Error reading kstack.");
  EXPECT_EQ(text(helper, "map_delete_elem", -2), "Can't delete map element because it does not exist.");
  EXPECT_EQ(text(helper, "signal", -1), "Operation not permitted");
  EXPECT_EQ(text(helper, "signal", INT64_MIN), "Unknown error");
  EXPECT_EQ(describe(image_, {.kind = divide_by_zero}, {1, 0}).kind, Message::Kind::runtime_error);
  EXPECT_EQ(describe(image_, {.kind = stack_read, .helper = "ustack"}, {1, 0}).kind, Message::Kind::runtime_error);
  EXPECT_EQ(describe(image_, {.kind = map_lookup, .helper = "map_lookup_elem"}, {1, 0}).kind,
            Message::Kind::helper_error);
}

TEST_F(Messages, TabsAreFourColumns) {
  EXPECT_EQ(shown(runtime_error(1)), "tool.bt:4:3-7: WARNING: t\n        f(1);    \n        ~~~~\n");
}

TEST_F(Messages, SeveralLinesStayVerbatimAndUnmarked) {
  EXPECT_EQ(shown(runtime_error(2)), "tool.bt:2-3: WARNING: t\n\tif (1) {\n\t}\n");
}

TEST_F(Messages, EmptyRangeHasOnlyBlanks) {
  EXPECT_EQ(shown(runtime_error(4)), "tool.bt:9:5-5: WARNING: t\nabc\n    \n");
}

TEST_F(Messages, MacroLevelsFollowFromTheInside) {
  EXPECT_EQ(shown(runtime_error(3)),
            "tool.bt:2:16-18: WARNING: t\nmacro bump(@n) { @n++; }\n               ~~\n"
            "tool.bt:4:3-7: WARNING: expanded from\n        f(1);    \n        ~~~~\n"
            "tool.bt:2-3: WARNING: expanded from\n\tif (1) {\n\t}\n");
}

TEST_F(Messages, WarnfAndErrorfShowNoSourceOfTheirOwn) {
  EXPECT_EQ(shown({.kind = Message::Kind::errorf, .text = "bad 7", .span = {0}}), "stdin:1:41-48: ERROR: bad 7\n");
  EXPECT_EQ(shown({.kind = Message::Kind::warnf, .text = "w\n", .span = {3}}),
            "tool.bt:2:16-18: WARNING: w\n"
            "tool.bt:4:3-7: WARNING: expanded from\n        f(1);    \n        ~~~~\n"
            "tool.bt:2-3: WARNING: expanded from\n\tif (1) {\n\t}\n");
  EXPECT_EQ(shown({.kind = Message::Kind::assert_failed, .text = "assert failed: no luck", .span = {}}),
            "ERROR: assert failed: no luck\n");
}

TEST_F(Messages, OnlyTheFirstLineIsColoured) {
  EXPECT_EQ(shown(runtime_error(4), true), "\033[33mtool.bt:9:5-5: WARNING: t\033[0m\nabc\n    \n");
  EXPECT_EQ(shown({.kind = Message::Kind::errorf, .text = "e", .span = {4}}, true),
            "\033[31mtool.bt:9:5-5: ERROR: e\033[0m\n");
}

TEST_F(Messages, JsonRecords) {
  const auto json = [&](const Message& message) {
    StringSink out, err;
    find_format("json")->make({image_, out, err})->message(message);
    EXPECT_EQ(err.text(), "");
    return out.text();
  };
  const image::ErrorSite site{.kind = image::ErrorKind::map_full, .helper = "map_update_elem", .map = {}, .span = {0}};
  EXPECT_EQ(json(describe(image_, site, {1, -7})),
            "{\"type\": \"helper_error\", \"msg\": \"Argument list too long\", \"helper\": \"map_update_elem\", "
            "\"retcode\": -7, "
            "\"filename\": \"stdin\", \"line\": 1, \"col\": 41}\n");
  EXPECT_EQ(json({.kind = Message::Kind::runtime_error, .text = "t", .span = {3}, .repeats = 2}),
            "{\"type\": \"runtime_error\", \"msg\": \"t\", \"filename\": \"tool.bt\", \"line\": 2, \"col\": 16, "
            "\"count\": 2}\n");
  EXPECT_EQ(json({.kind = Message::Kind::warnf, .text = "w 3\n", .span = {0}}),
            "{\"type\": \"warnf\", \"msg\": \"w 3\", \"filename\": \"stdin\", \"line\": 1, \"col\": 41}\n");
  EXPECT_EQ(json({.kind = Message::Kind::errorf, .text = "e", .span = {}}), "{\"type\": \"errorf\", \"msg\": \"e\"}\n");
}

}  // namespace
}  // namespace sonde::print
