// What goldens do not show: ranges of nodes, values of literals, the choice between token kinds at close quarters.
#include <gtest/gtest.h>

#include <string>

#include "parse/parse.h"

namespace sonde::parse {
namespace {

class Tree : public ::testing::Test {
 protected:
  const ast::Program* program(const std::string& script) {
    buffer_ = sources_.add("stdin", script);
    const ast::Program* result = parse(sources_, buffer_, arena_, diagnostics_);
    EXPECT_TRUE(diagnostics_.ok()) << script << ": " << (diagnostics_.ok() ? "" : diagnostics_.all().back().text);
    return result;
  }
  const ast::Block* body(const std::string& statements) {
    const ast::Program* result = program("begin { " + statements + " }");
    return result->probes.empty() ? nullptr : result->probes[0]->body;
  }
  const ast::Expr* value(const std::string& expr) { return body(expr)->value; }
  std::string text(source::Range range) const { return std::string(sources_.text(range)); }

  source::SourceSet sources_;
  source::BufferId buffer_;
  diag::Diagnostics diagnostics_;
  ast::Arena arena_;
};

TEST_F(Tree, RangesOfExpressions) {
  for (const char* expr :
       {"$x", "@m", "@m[1, 2]", "f(1)", "(1, 2)", "(a=1)", "(uint8)$x", "!$x", "$x++", "$a + $b", "$a.b.c", "$a[1]",
        "sizeof(int)", "$1", "$#", "\"text\"", "if 1 {2} else {3}", "comptime 1"}) {
    const ast::Expr* node = value(expr);
    ASSERT_TRUE(node) << expr;
    EXPECT_EQ(text(node->range), expr);
  }
}

TEST_F(Tree, StatementRangesEndBeforeTheSemicolon) {
  const ast::Block* block = body("$x = 1 ; f() ; let $y : int8 = 2 ; return ;");
  ASSERT_EQ(block->statements.size(), 4u);
  EXPECT_EQ(text(block->statements[0]->range), "$x = 1");
  EXPECT_EQ(text(block->statements[1]->range), "f()");
  EXPECT_EQ(text(block->statements[2]->range), "let $y : int8 = 2");
  EXPECT_EQ(text(block->statements[3]->range), "return");
}

TEST_F(Tree, RangesOfItems) {
  const ast::Program* result = program("config = { a = 1 }\nmacro m(x) { x }\nlet @a = hash(5);\na:b, c:d /1/ { }\n");
  EXPECT_EQ(text(*result->config_range), "config = { a = 1 }");
  EXPECT_EQ(text(result->config[0].range), "a = 1");
  EXPECT_EQ(text(result->macros[0]->range), "macro m(x) { x }");
  EXPECT_EQ(text(result->map_decls[0]->name_range), "@a");
  EXPECT_EQ(text(result->probes[0]->range), "a:b, c:d /1/ { }");
  EXPECT_EQ(text(result->probes[0]->attach_points[1].range), "c:d");
}

TEST_F(Tree, StringEscapes) {
  const auto* literal = ast::expr_cast<ast::StringLiteral>(value(R"("\n\t\r\"\\\7\101\x41\X4z\0-é")"));
  ASSERT_TRUE(literal);
  EXPECT_EQ(literal->value, std::string("\n\t\r\"\\\7AA\4z\0-é", 14));
}

TEST_F(Tree, IntegerKeepsItsSpelling) {
  const auto* literal = ast::expr_cast<ast::IntLiteral>(value("1_0ms"));
  ASSERT_TRUE(literal);
  EXPECT_EQ(literal->value, 10000000u);
  EXPECT_EQ(literal->spelling, "1_0ms");
}

TEST_F(Tree, ParenthesesDecide) {
  using Kind = ast::ExprKind;
  const std::pair<const char*, Kind> cases[] = {
      {"()", Kind::tuple},         {"(1)", Kind::int_literal},    {"(1,)", Kind::tuple},
      {"(a=1)", Kind::record},     {"(a==1)", Kind::binary},      {"(if=1)", Kind::record},
      {"(a)", Kind::identifier},   {"(a) - 1", Kind::cast},       {"(a)*$p", Kind::cast},
      {"(pid) - 1", Kind::binary}, {"(pid)*2", Kind::binary},     {"(arg0) - 1", Kind::binary},
      {"(argx) - 1", Kind::cast},  {"(a) + 1", Kind::binary},     {"(a) && 1", Kind::binary},
      {"(a) != 1", Kind::binary},  {"(a) & 1", Kind::binary},     {"(a) & $x", Kind::cast},
      {"(a*)$x", Kind::cast},      {"(a*2)", Kind::binary},       {"(a[2])$x", Kind::cast},
      {"(a[2])", Kind::index},     {"(struct a*)$x", Kind::cast}, {"(typeof($x))1", Kind::cast},
      {"f(a) - 1", Kind::binary},  {"(a)\"s\"", Kind::cast},      {"(a) /* c */ (1)", Kind::cast},
      {"($x) - 1", Kind::binary},  {"(a.b) - 1", Kind::binary},   {"(a)if 1 {2} else {3}", Kind::cast},
  };
  for (const auto& [expr, kind] : cases) {
    const ast::Expr* node = value(expr);
    ASSERT_TRUE(node) << expr;
    EXPECT_EQ(node->kind, kind) << expr;
  }
}

TEST_F(Tree, LastExpressionIsTheValue) {
  EXPECT_FALSE(body("1;")->value);
  EXPECT_TRUE(body("1")->value);
  EXPECT_TRUE(body("if 1 {2} else {3}")->value);
  EXPECT_FALSE(body("if 1 {2} else {3};")->value);
  EXPECT_EQ(body("if 1 {2} {3} 4")->statements.size(), 2u);
  EXPECT_FALSE(body("$x = 1")->value);
}

TEST_F(Tree, HeightGrowsWithNesting) {
  EXPECT_EQ(value("1")->height, 1u);
  EXPECT_EQ(value("1 + 2 + 3")->height, 3u);
  EXPECT_GT(value("{ $x = f(1); $x }")->height, value("f(1)")->height);
}

TEST_F(Tree, ShebangIsDroppedOnlyInFront) {
  EXPECT_TRUE(program("#!/usr/bin/env sonde\nbegin {}")->c_items.empty());
  EXPECT_TRUE(program("// c\n  #!/usr/bin/env sonde\nbegin {}")->c_items.empty());
  EXPECT_EQ(program("#define A 1\n#!x\nbegin {}")->c_items.size(), 2u);
}

TEST_F(Tree, PartialTreeAfterErrors) {
  const source::BufferId buffer = sources_.add("stdin", "begin { $x = 1; 1 + }\nend { }\nbegin 5 { }");
  const ast::Program* result = parse(sources_, buffer, arena_, diagnostics_);
  EXPECT_EQ(diagnostics_.errors(), 2u);
  ASSERT_EQ(result->probes.size(), 2u);
  EXPECT_EQ(result->probes[0]->body->statements.size(), 1u);
  EXPECT_EQ(result->probes[1]->attach_points[0].text, "end");
}

}  // namespace
}  // namespace sonde::parse
