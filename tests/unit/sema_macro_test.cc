// Macros: matching, hygiene, type parameters, limits.
#include <gtest/gtest.h>

#include "sema_support.h"

using sonde::testing::Checked;

namespace {

bool says(const Checked& checked, const std::string& text) {
  return checked.messages().find(text) != std::string::npos;
}

}  // namespace

TEST(Macro, VariablesArePassedByReference) {
  const Checked checked(
      "macro swap($a, $b) { let $t = $a; $a = $b; $b = $t; } begin { $p = 300; $q = 7; swap($p, $q); }");
  EXPECT_EQ(checked.type("$q"), "int16") << checked.messages();
}

TEST(Macro, ExpressionsAreEvaluatedAtEveryUse) {
  const Checked checked("macro twice(x) { x + x } begin { print(twice({ @n++; 5 })); }");
  const std::string dump = checked.dump();
  const size_t first = dump.find("@n++");
  ASSERT_NE(first, std::string::npos) << dump;
  EXPECT_NE(dump.find("@n++", first + 1), std::string::npos) << dump;
}

TEST(Macro, AssignedVariablesArePrivate) {
  const Checked checked("macro set() { $y = \"text\"; $y } begin { $y = 1; print(set()); print($y); }");
  EXPECT_EQ(checked.type("$y"), "int8");  // the first one is the script's
}

TEST(Macro, ReadOnlyVariablesAreTheCallers) {
  EXPECT_TRUE(Checked("macro peek() { $y } begin { $y = 1; print(peek()); }").ok());
  EXPECT_TRUE(says(Checked("macro peek() { $y } begin { print(peek()); }"), "Undefined or undeclared variable: $y"));
  // A name that the body assigns later is its own from the start.
  EXPECT_TRUE(
      says(Checked("macro f() { print($y); $y = 2; } begin { $y = 1; f(); }"), "Undefined or undeclared variable: $y"));
}

TEST(Macro, MapsAreParameters) {
  EXPECT_EQ(Checked("macro tally(@m, k) { @m[k]++; } begin { tally(@hits, \"run\"); }").type("@hits[]"), "string[4]");
  EXPECT_TRUE(says(Checked("macro f() { @x = 1; } begin { f(); }"), "Unhygienic access to map: @x"));
}

TEST(Macro, TypesAreParameters) {
  const Checked checked(
      "macro width(t) { sizeof(t) * 8 } macro as(t, e) { (t*)e } macro size(s) { sizeof(struct s) } "
      "macro at(t, member) { offsetof(t, member) } "
      "begin { $a = width(typeof(uint32)); $p = as(typeof(struct task_struct), 0); $s = size(task_struct); "
      "if comptime (width(typeof(uint32)) == 32 && at(typeof(struct task_struct), comm) == 8) { $good = 1; } }");
  EXPECT_EQ(checked.type("$a"), "int8");
  EXPECT_EQ(checked.type("$p"), "struct task_struct *");
  EXPECT_EQ(checked.type("$good"), "int8");
  EXPECT_TRUE(says(Checked("macro size(s) { sizeof(struct s) } begin { print(size(5)); }"),
                   "Invalid replacement for macro 'size'"));
}

TEST(Macro, OverloadsMatchByCountAndKind) {
  const Checked checked(
      "macro f($x) { \"variable\" } macro f(x) { 1 } macro f(x, y) { (x, y) } "
      "begin { $v = 1; $a = f($v); $b = f(2); $c = f(1, 2); }");
  EXPECT_EQ(checked.type("$a"), "string[9]");
  EXPECT_EQ(checked.type("$b"), "int8");
  EXPECT_EQ(checked.type("$c"), "(int8,int8)");
  EXPECT_TRUE(says(Checked("macro f(x) { 1 } macro f($x) { 2 } begin { }"), "Redefinition of macro: f"));
}

TEST(Macro, UsersMacrosHideBuiltins) {
  EXPECT_EQ(Checked("macro comm() { 5 } begin { $x = comm; }").type("$x"), "int8");
  EXPECT_TRUE(says(Checked("macro printf(a) { 1 } begin { printf(\"%d\", 2); }"),
                   "Call to printf() has arguments that do not match any definition."));
}

TEST(Macro, RecursionIsRefused) {
  EXPECT_TRUE(says(Checked("macro f(x) { g(x) } macro g(x) { f(x) } begin { f(1); }"),
                   "Recursive macro call detected. Call chain: f > g > f"));
  EXPECT_TRUE(Checked("macro f(x) { x + 1 } begin { print(f(f(f(1)))); }").ok());
}

TEST(Macro, ExpansionIsBounded) {
  std::string script = "macro m0(x) { x + 1 }\n";
  for (int i = 1; i < 40; ++i) {
    const std::string inner = "m" + std::to_string(i - 1) + "(x)";
    script += "macro m" + std::to_string(i) + "(x) { " + inner + " + " + inner + " }\n";
  }
  EXPECT_TRUE(says(Checked(script + "begin { $a = nsecs; print(m39($a)); }"), "program too large"));
  std::string deep = "macro m0(x) { x }\n";
  for (int i = 1; i < 200; ++i)
    deep += "macro m" + std::to_string(i) + "(x) { " + std::string(40, '(') + "m" + std::to_string(i - 1) + "(x)" + [] {
      std::string tail;
      for (int j = 0; j < 40; ++j) tail += "+1)";
      return tail;
    }() + " }\n";
  EXPECT_TRUE(says(Checked(deep + "begin { $a = nsecs; print(m199($a)); }"), "program too deep"));
}

TEST(Macro, DiagnosticsNameTheLevels) {
  const Checked checked("macro inner() { @n++; } macro outer() { inner(); } begin { outer(); }");
  ASSERT_EQ(checked.diagnostics().size(), 1u);
  EXPECT_EQ(checked.diagnostics()[0].expanded_from.size(), 2u);
}
