// Inference: literals, promotion over the whole program, comptime.
#include <gtest/gtest.h>

#include <chrono>

#include "sema_support.h"

using sonde::testing::Checked;

TEST(Infer, LiteralsTakeTheSmallestSignedType) {
  const Checked checked(
      "begin { $a = 127; $b = 128; $c = 40000; $d = 3000000000; $e = 18446744073709551615; $f = -129; }");
  EXPECT_EQ(checked.type("$a"), "int8");
  EXPECT_EQ(checked.type("$b"), "int16");
  EXPECT_EQ(checked.type("$c"), "int32");
  EXPECT_EQ(checked.type("$d"), "int64");
  EXPECT_EQ(checked.type("$e"), "uint64");
  EXPECT_EQ(checked.type("$f"), "int16");
}

TEST(Infer, LaterAssignmentsReachEarlierReaders) {
  const Checked checked("begin { $a = 1; $b = $a; $a = (uint64)5; }");
  EXPECT_EQ(checked.type("$a"), "uint64");
  EXPECT_EQ(checked.type("$b"), "uint64");
}

TEST(Infer, MapsAreTypedAcrossProbes) {
  const Checked checked(
      "begin { $x = @t; } end { @t = nsecs; @k[1, \"a\"] = 1; } interval:s:1 { @k[300, \"abc\"] = 2; }");
  EXPECT_EQ(checked.type("$x"), "uint64");
  EXPECT_EQ(checked.type("@t"), "uint64");
  EXPECT_EQ(checked.type("@k[]"), "(int16,string[4])");
}

TEST(Infer, CountersAndUnwrittenMapsAreNumbers) {
  const Checked checked("begin { @n++; print(@k[5]); @s += 1; $w = (uint8)1; $w++; $v = (uint8)1; $v--; }");
  EXPECT_EQ(checked.type("@n"), "int64");
  EXPECT_EQ(checked.type("@k"), "int8");
  EXPECT_EQ(checked.type("@s"), "int64");
  EXPECT_EQ(checked.type("$w"), "uint64");
  EXPECT_EQ(checked.type("$v"), "int64");
}

TEST(Infer, AggregatesReadAsNumbers) {
  const Checked checked("begin { @c = count(); @m = max(-3); $c = @c; $m = @m; @a = 1; @a = @c; @k[@c] = 1; }");
  EXPECT_EQ(checked.type("@c"), "count_t");
  EXPECT_EQ(checked.type("$c"), "uint64");
  EXPECT_EQ(checked.type("$m"), "int64");
  EXPECT_EQ(checked.type("@a"), "uint64");
  EXPECT_EQ(checked.type("@k[]"), "uint64");
}

TEST(Infer, SubtractionIsSignedAndSaysSo) {
  const Checked checked("begin { $d = nsecs - @t; @t = nsecs; }");
  EXPECT_EQ(checked.type("$d"), "int64");
  EXPECT_EQ(checked.diagnostics().size(), 2u) << checked.messages();
}

TEST(Infer, DeclaredTypesStay) {
  EXPECT_EQ(Checked("begin { let $x : uint8 = 5; $x = 255; }").type("$x"), "uint8");
  EXPECT_FALSE(Checked("begin { let $x : uint8 = 256; }").ok());
  EXPECT_FALSE(Checked("begin { let $x : uint8 = -1; }").ok());
  const Checked narrowed("begin { let $x : uint8 = nsecs; }");
  EXPECT_TRUE(narrowed.ok());
  EXPECT_EQ(narrowed.diagnostics().size(), 1u);
  EXPECT_EQ(Checked("begin { let $s : string; $s = \"abc\"; }").type("$s"), "string[4]");
}

TEST(Infer, ComptimeKeepsOneBranch) {
  const Checked checked(
      "begin { $a = (uint32)1; if comptime (sizeof($a) == 4) { $b = \"yes\"; print($b); } else { nosuch(); } }");
  EXPECT_EQ(checked.type("$b"), "string[4]");
}

TEST(Infer, ComptimeMayNotChangeWhatItAskedFor) {
  const Checked checked("begin { $a = (uint32)1; if comptime (sizeof($a) == 4) { $a = (uint64)5; } }");
  EXPECT_FALSE(checked.ok());
  EXPECT_NE(checked.messages().find("has been locked"), std::string::npos) << checked.messages();
}

TEST(Infer, ComptimeBranchSeesOnlyWhatStoodBeforeIt) {
  const Checked checked("begin { if comptime (sizeof($a) == 1) { } $a = 1; }");
  EXPECT_EQ(checked.messages(), "Undefined or undeclared variable: $a\n");
  const Checked later("begin { $b = 1; if comptime (sizeof($b) == 1) { print($a); } $a = 1; }");
  EXPECT_NE(later.messages().find("Undefined or undeclared variable: $a"), std::string::npos) << later.messages();
}

TEST(Infer, ErrorsInLateBranchesEndTheSearch) {
  EXPECT_EQ(Checked("begin { if comptime (1) { if comptime (nosuch) { print(1); } $a = $b; } }").messages(),
            "Unknown identifier: 'nosuch'\nUndefined or undeclared variable: $b\n");
}

TEST(Infer, TypesDoNotGrowForEver) { EXPECT_FALSE(Checked("begin { $t = (1, 2); $t = ($t, 1); }").ok()); }

TEST(Infer, RecordsMatchByName) {
  EXPECT_EQ(Checked("begin { $r = (a=1, b=\"x\"); $r = (b=\"yyy\", a=(uint64)7); }").type("$r"),
            "record { .a = uint64, .b = string[4] }");
}

TEST(Infer, FindMakesVariableAndMapAlike) {
  const Checked checked("begin { let $v; @a[1] = 5; @a[2] = 300; if (find(@a, 1, $v)) { print($v); } $v = 70000; }");
  EXPECT_EQ(checked.type("$v"), "int32");
  EXPECT_EQ(checked.type("@a"), "int32");
}

// A chain in which every statement waits for the next one, and many writers of few maps: neither may cost more than a
// constant number of visits per statement.
TEST(Infer, TakesLinearTime) {
  std::string script = "begin {\n";
  for (int i = 0; i <= 4000; ++i) script += "let $v" + std::to_string(i) + " ;\n";
  for (int i = 0; i < 4000; ++i) script += "$v" + std::to_string(i) + " = $v" + std::to_string(i + 1) + ";\n";
  script += "$v4000 = 5;\n";
  for (int i = 0; i < 4000; ++i) script += "@m[" + std::to_string(i) + ", \"k\"] = " + std::to_string(i) + ";\n";
  const auto start = std::chrono::steady_clock::now();
  const Checked checked(script + "}");
  EXPECT_EQ(checked.type("$v0"), "int8");
  EXPECT_EQ(checked.type("@m"), "int16");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}
