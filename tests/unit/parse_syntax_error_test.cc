// The texts and ranges of syntax errors: each row of language.md 19.3 at least once. A case may hold several items;
// each gives its own error.
#include <gtest/gtest.h>

#include <span>
#include <string>

#include "parse/parse.h"

namespace sonde::parse {
namespace {

// "LINE:COL-END text" of every error, one a line.
std::string errors_of(const std::string& script) {
  source::SourceSet sources;
  diag::Diagnostics diagnostics;
  ast::Arena arena;
  const source::BufferId buffer = sources.add("stdin", script);
  parse(sources, buffer, arena, diagnostics);
  std::string out;
  for (const diag::Diagnostic& diagnostic : diagnostics.all()) {
    const source::Position first = sources.buffer(buffer).position(diagnostic.range.begin);
    const uint32_t end = first.column + diagnostic.range.end - diagnostic.range.begin;
    if (!out.empty()) out += '\n';
    out += std::to_string(first.line) + ":" + std::to_string(first.column) + "-" + std::to_string(end) + " " +
           diagnostic.text;
  }
  return out;
}

struct Case {
  const char* script;
  const char* errors;
};

void check(std::span<const Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(errors_of(c.script), c.errors) << c.script;
}

TEST(SyntaxError, MissingTokens) {
  constexpr Case cases[] = {
      {"begin { f() g() }", "1:13-14 syntax: expected ';'"},
      {"begin { f() $long }", "1:13-18 syntax: expected ';'"},
      {"begin { $x = 1, $y = 2 }", "1:15-16 syntax: expected ';'"},
      {"begin { 1 = 2; }", "1:11-12 syntax: expected ';'"},
      {"begin { f() += 2; }", "1:13-14 syntax: expected ';'"},
      {"begin { ($x) = 2; }", "1:14-15 syntax: expected ';'"},
      {"begin { *$p = 2; }", "1:13-14 syntax: expected ';'"},
      {"begin { $x--1 }", "1:13-14 syntax: expected ';'"},
      {"begin { 0xffu }", "1:13-14 syntax: expected ';'"},
      {"begin { $x / {1} }", "1:12-13 syntax: expected ';'"},
      {"begin { print(1);", "1:18-18 syntax: expected '}'"},
      {"begin { print(1);\n", "2:1-1 syntax: expected '}'"},
      {"begin { /* open }", "1:18-18 syntax: expected '}'"},
      {"struct X {", "1:11-11 syntax: expected '}'"},
      {"begin { f(1 }", "1:13-14 syntax: expected ')'"},
      {"begin { for ($i : 0..$n+1) {} }", "1:24-25 syntax: expected ')'"},
      {"begin { (pid=1) }", "1:13-14 syntax: expected ')'"},
      {"begin { @a[1 }", "1:14-15 syntax: expected ']'"},
      {"begin { sizeof 1 }", "1:16-17 syntax: expected '('"},
      {"begin foo { }", "1:7-10 syntax: expected '{'"},
      {"typedef int x;", "1:9-12 syntax: expected '{'"},
      {"interval :s:1 { }", "1:10-11 syntax: expected '{'"},
      {"begin { };", "1:10-11 syntax: expected '{'"},
      {"begin { if 1 == 1 { } }", "1:14-15 syntax: expected '{'"},
      {"begin { if ($a) == 1 { } }", "1:17-18 syntax: expected '{'"},
      {"struct X;", "1:9-10 syntax: expected '{'"},
      {"config { }", "1:8-9 syntax: expected '='"},
      {"begin { $x ? 1 ; }", "1:16-17 syntax: expected ':'"},
      {"begin { offsetof(struct X) }", "1:26-27 syntax: expected ','"},
  };
  check(cases);
}

TEST(SyntaxError, Expressions) {
  constexpr Case cases[] = {
      {"begin { ; }", "1:9-10 syntax: expected expression"},
      {"begin { f();; }", "1:13-14 syntax: expected expression"},
      {"begin { for $i : 0..5 {}; }", "1:25-26 syntax: expected expression"},
      {"begin { 'a' }", "1:9-10 syntax: expected expression"},
      {"begin { 1 + ; }", "1:13-14 syntax: expected expression"},
      {"begin { f(1,) }", "1:13-14 syntax: expected expression"},
      {"begin { (a=1, 2) }", "1:15-16 syntax: expected identifier"},
      {"begin { (struct *)1 }", "1:17-18 syntax: expected identifier"},
      {"begin { $ }", "1:10-11 syntax: expected identifier after '$'"},
      {"begin { $", "1:10-10 syntax: expected identifier after '$'"},
      {"begin { $x. }", "1:13-14 syntax: expected field name after '.'"},
      {"begin { $x->; }", "1:13-14 syntax: expected field name after '->'"},
      {"begin { &1; &$x.f; &@m[1]; }",
       "1:9-11 syntax: address-of operator (&) can only be used on a map or variable\n"
       "1:13-18 syntax: address-of operator (&) can only be used on a map or variable\n"
       "1:20-26 syntax: address-of operator (&) can only be used on a map or variable"},
      {"begin { (1)++; $x++++; ++$x++ }",
       "1:12-14 syntax: increment/decrement requires a variable or map\n"
       "1:20-22 syntax: increment/decrement requires a variable or map\n"
       "1:24-26 syntax: increment/decrement requires a variable or map"},
      {"begin { $x.f = 1 } end { @m.f += 1; $x.0 = 1 }",
       "1:9-13 syntax: Tuples and records are immutable once created. Consider creating a new value and assigning it "
       "instead.\n"
       "1:26-30 syntax: Tuples and records are immutable once created. Consider creating a new value and assigning it "
       "instead.\n"
       "1:37-41 syntax: Tuples and records are immutable once created. Consider creating a new value and assigning it "
       "instead."},
      {"begin { $x[0] = 1; @m[1][2] = 1 }",
       "1:9-14 syntax: invalid assignment target\n1:20-28 syntax: invalid assignment target"},
      {"begin { (a=1, b=2, a=3) }", "1:20-21 syntax: Named argument list already contains name: a"},
      {"begin { $0 + $9223372036854775808 }",
       "1:9-11 syntax: param $0 is out of integer range [1, 9223372036854775807]\n"
       "1:14-34 syntax: param $9223372036854775808 is out of integer range [1, 9223372036854775807]"},
  };
  check(cases);
}

TEST(SyntaxError, Statements) {
  constexpr Case cases[] = {
      {"begin /1 { }", "1:10-11 syntax: expected '/' to close predicate"},
      {"begin /$x = 1/ { }", "1:11-12 syntax: expected '/' to close predicate"},
      {"begin { if 1 {} else 1 }", "1:22-23 syntax: expected '{' or 'if' after 'else'"},
      {"begin { let @m; }", "1:13-15 syntax: expected variable after 'let'"},
      {"begin { let : int; }", "1:13-14 syntax: expected variable after 'let'"},
      {"begin { let $x : ; }", "1:18-19 syntax: expected type name"},
      {"begin { let $x : (int8); }", "1:18-19 syntax: expected type name"},
      {"begin { for (@x : @y) {} }", "1:14-16 syntax: expected variable in for loop"},
      {"begin { for ($x : @m[1]) {} }", "1:24-25 syntax: expected map or range in for loop"},
      {"begin { for ($x : 5) {} }", "1:20-21 syntax: expected map or range in for loop"},
      {"begin { import 5; }", "1:16-17 syntax: expected string after 'import'"},
      {"begin { import \"a.h\" }", "1:22-23 syntax: expected ';' after import"},
  };
  check(cases);
}

TEST(SyntaxError, TopLevel) {
  constexpr Case cases[] = {
      {"{ }", "1:1-2 syntax: expected attach point"},
      {",a { }", "1:1-2 syntax: expected attach point"},
      {"a,,b { }", "1:3-4 syntax: expected attach point"},
      {"macro 1() {}", "1:7-8 syntax: expected macro name"},
      {"macro f(1) {}", "1:9-10 syntax: expected macro argument ($var, @map, or identifier)"},
      {"macro f(pid) {}", "1:9-12 syntax: builtin 'pid' can't be used as a macro argument"},
      {"macro f(sarg12) {}", "1:9-15 syntax: builtin 'sarg12' can't be used as a macro argument"},
      {"fn 1() : int8 {}", "1:4-5 syntax: expected function name"},
      {"fn f(x : int8) : int8 {}", "1:6-7 syntax: expected variable in function argument"},
      {"let @a = 5(1);", "1:10-11 syntax: expected map type name"},
      {"let @a = hash(x);", "1:15-16 syntax: expected positive integer for map declaration max entries"},
      {"let @a = hash(-1);", "1:15-16 syntax: expected positive integer for map declaration max entries"},
      {"let $x = 5;", "1:5-7 syntax: root-level let statements need to be map declarations, e.g. let @a = hash(2);"},
      {"import 5;", "1:8-9 syntax: expected string after 'import'"},
      {"import \"x\" begin {}", "1:12-17 syntax: expected ';' after import"},
      {"config = { 5 = 1 }", "1:12-13 syntax: expected config key"},
      {"config = { a = - }", "1:16-17 syntax: expected string, int, boolean, or ident"},
      {"config = { a = 5q }", "1:16-18 syntax: invalid integer in config"},
      {"config = {} config = {}", "1:13-19 syntax: duplicate config block"},
      {"begin {} config = {}", "1:10-16 syntax: config must appear before probes and functions"},
      {"begin {} import \"x\";", "1:10-16 syntax: root imports must appear before probes and functions"},
      {"begin {} struct X { int a; };", "1:10-16 syntax: C definitions must appear before probes and functions"},
      {"begin {}\n#define X 1", "2:1-2 syntax: C definitions must appear before probes and functions"},
      {"struct X { int a; } __attribute__(packed);", "1:35-41 syntax: __attribute__ syntax error, expected '(('"},
      {"struct X { int a; } __attribute__((packed);",
       "1:43-44 syntax: __attribute__ syntax error, mismatched '(' and ')'"},
  };
  check(cases);
}

TEST(SyntaxError, Literals) {
  constexpr Case cases[] = {
      {"begin { \"abc\n }", "1:9-13 syntax: unterminated string"},
      {"begin { \"abc", "1:9-13 syntax: unterminated string"},
      {"begin { \"a\\qb\" }", "1:11-13 syntax: invalid escape character '\\q'"},
      {"begin { \"a\\400b\" }", "1:11-15 syntax: octal escape sequence out of range '\\400'"},
      {"begin { \"a\\xzb\" }", "1:11-13 syntax: invalid hex escape sequence"},
      {"begin { 1_ }", "1:9-11 syntax: trailing underscore in integer literal"},
      {"begin { 5x }", "1:9-11 syntax: invalid integer suffix 'x'"},
      {"begin { 5lu }", "1:9-12 syntax: invalid integer suffix 'lu'"},
      {"begin { 0b101 }", "1:9-14 syntax: invalid integer suffix 'b101'"},
      {"begin { 5ULL }", "1:9-13 syntax: invalid trailing bytes: 5ULL"},
      {"begin { 08 }", "1:9-11 syntax: invalid trailing bytes: 08"},
      {"begin { 1e0 }", "1:9-12 syntax: invalid trailing bytes: 1e0"},
      {"begin { 0x }", "1:9-11 syntax: invalid integer: "},
      {"begin { 12e3 }", "1:9-13 syntax: coefficient part of scientific literal must be 1-9: 12e3"},
      {"begin { 1e20 }", "1:9-13 syntax: overflow error, maximum value is 18446744073709551615: 1e20"},
      {"begin { 5000000000u }", "1:9-20 syntax: overflow error, maximum value is 4294967295: 5000000000u"},
  };
  check(cases);
}

TEST(SyntaxError, EveryItemGivesItsOwnError) {
  EXPECT_EQ(
      errors_of("begin { 1 + }\nend { ) }\nself:signal:SIGUSR1 { f() }\nmacro 5() {}\n"),
      "1:13-14 syntax: expected expression\n2:7-8 syntax: expected expression\n4:7-8 syntax: expected macro name");
}

// Also a large binary is refused at once.
TEST(SyntaxError, BinaryFilesAreNoScripts) {
  const std::string nul(1, '\0');
  const std::string text = "1:10-11 syntax: a NUL byte, as in binary files: this is no script";
  EXPECT_EQ(errors_of("begin { \"" + nul + "\" }"), text);
  EXPECT_EQ(errors_of("begin { \"" + std::string(10'000'000, '\0')), text);
}

TEST(SyntaxError, EveryStatementGivesItsOwnError) {
  constexpr Case cases[] = {
      {"begin { @x = ; print(1 2); $y = 5 $z = 6; }",
       "1:14-15 syntax: expected expression\n1:24-25 syntax: expected ')'\n1:35-37 syntax: expected ';'"},
      {"begin { if 1 { f(1 2) } else { f(3 4); } f(5 6) }",
       "1:20-21 syntax: expected ')'\n1:36-37 syntax: expected ')'\n1:46-47 syntax: expected ')'"},
      // Blocks and closed parentheses belong to the statement that is passed over.
      {"begin { for (i = 0; i < 10; i++) { f(1 2); } f(3); f(4 5); }",
       "1:14-15 syntax: expected variable in for loop\n1:56-57 syntax: expected ')'"},
      {"begin { f((1; g(2 3); }", "1:13-14 syntax: expected ')'\n1:19-20 syntax: expected ')'"},
      {"begin { $ } end { f(1 2) }", "1:10-11 syntax: expected identifier after '$'\n1:23-24 syntax: expected ')'"},
  };
  check(cases);
}

TEST(SyntaxError, ALineLikeAProbeTellsOfAnOpenBlock) {
  constexpr Case cases[] = {
      {"begin { f();\nend { f(1 2); }\n", "2:1-4 syntax: expected '}'"},
      {"begin { if 1 { f(); }\n\n  END {}\n", "3:3-6 syntax: expected '}'"},
      {"begin { f();\ninterval:s:1 { }\nkprobe:f { }", "2:1-9 syntax: expected '}'"},
      {"begin { f(); end { } }", "1:18-19 syntax: expected ';'"},
      {"begin { f();\nother { } }", "2:7-8 syntax: expected ';'"},
  };
  check(cases);
}

TEST(SyntaxError, DeepTreesAreRefusedOnce) {
  const auto repeat = [](const std::string& text, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += text;
    return out;
  };
  const std::string error = "syntax: nesting is too deep";
  for (const std::string& script :
       {"begin { " + repeat("!", 10000) + "1 }", "begin { 1" + repeat(" + 1", 10000) + " }",
        "begin " + repeat("{", 10000) + repeat("}", 10000), "begin { " + repeat("(int8)", 10000) + "1 }",
        "begin { " + repeat("if 1 {} else ", 10000) + "{} }"}) {
    const std::string errors = errors_of(script);
    EXPECT_NE(errors.find(error), std::string::npos) << script.substr(0, 30);
    EXPECT_EQ(errors.find('\n'), std::string::npos) << script.substr(0, 30);
  }
  EXPECT_EQ(errors_of("begin { " + repeat("(", 10000) + "1" + repeat(")", 10000) + " }"), "");
}

TEST(SyntaxError, ExpressionMustTakeAllOfTheText) {
  source::SourceSet sources;
  diag::Diagnostics diagnostics;
  ast::Arena arena;
  EXPECT_TRUE(parse_expression(sources, sources.add("A", "(1+2)*sizeof(int)"), arena, diagnostics));
  EXPECT_FALSE(parse_expression(sources, sources.add("B", "1 2"), arena, diagnostics));
  EXPECT_EQ(diagnostics.all().back().text, "syntax: unexpected input");
  EXPECT_FALSE(parse_expression(sources, sources.add("C", ""), arena, diagnostics));
  EXPECT_EQ(diagnostics.all().back().text, "syntax: expected expression");
  EXPECT_FALSE(parse_expression(sources, sources.add("D", "10UL"), arena, diagnostics));
  EXPECT_FALSE(parse_expression(sources, sources.add("E", "'a'"), arena, diagnostics));
}

}  // namespace
}  // namespace sonde::parse
