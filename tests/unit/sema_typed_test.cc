// The typed tree: explicit conversions, folding, probes and filters.
#include <gtest/gtest.h>

#include "sema_support.h"

using sonde::testing::Checked;

namespace {

// The dump of a script, from the line behind `body` on.
std::string body(const std::string& script) {
  const std::string dump = Checked(script).dump();
  const size_t at = dump.find("  body\n");
  return at == std::string::npos ? dump : dump.substr(at + 7);
}

}  // namespace

TEST(Typed, CountsByCommand) {
  EXPECT_EQ(Checked("tracepoint:sched:first { @[comm] = count(); }").dump(),
            "map @[string[16]]: count_t\n"
            "program tracepoint:sched:first\n"
            "  body\n"
            "    @[comm():string[16]] <- count():count_t\n");
}

TEST(Typed, ConversionsAreExplicit) {
  EXPECT_EQ(body("begin { $a = (uint8)1; $b = $a + 1; @m[$a] = $b; @m[70000] = 2; }"),
            "    declare $a\n"
            "    $a = 1:uint8\n"
            "    declare $b\n"
            "    $b = (cast integer <uint64>($a) + 1:uint64):uint64\n"
            "    @m[cast integer <uint32>($a)] = $b\n"
            "    @m[70000:uint32] = 2:uint64\n");
}

TEST(Typed, ConditionsAreBooleans) {
  EXPECT_EQ(body("begin { $x = nsecs; if ($x) { print(1); } print($x && !$x); }"),
            "    declare $x\n"
            "    $x = nsecs():uint64\n"
            "    if cast to_bool <bool>($x) then {\n"
            "      print(1:int8):void\n"
            "    }\n"
            "    print((cast to_bool <bool>($x) && !cast to_bool <bool>($x):bool)):void\n");
}

TEST(Typed, LiteralsFoldExactly) {
  const auto printed = [](const std::string& expression) { return body("begin { print(" + expression + "); }"); };
  EXPECT_EQ(printed("1 - 2"), "    print(-1:int8):void\n");
  EXPECT_EQ(printed("~1"), "    print(18446744073709551614:uint64):void\n");
  EXPECT_EQ(printed("-7 / 2"), "    print(-3:int8):void\n");
  EXPECT_EQ(printed("-7 % 2"), "    print(-1:int8):void\n");
  EXPECT_EQ(printed("-8 >> 1"), "    print(-4:int8):void\n");
  EXPECT_EQ(printed("5 & 3 == 3"), "    print(1:int8):void\n");
  EXPECT_EQ(printed("\"ab\" + \"cd\""), "    print(\"abcd\":string[5]):void\n");
  EXPECT_EQ(printed("\"abcd\" + 1"), "    print(\"bcd\":string[4]):void\n");
  EXPECT_EQ(printed("\"hello\"[1]"), "    print(101:int8):void\n");
  EXPECT_EQ(printed("(1, \"x\").1"), "    print(\"x\":string[2]):void\n");
  EXPECT_EQ(printed("GREEN == 1"), "    print(true):void\n");
  EXPECT_EQ(printed("-9223372036854775808"), "    print(-9223372036854775808:int64):void\n");
}

TEST(Typed, FoldingReportsWhatDoesNotFit) {
  const std::string text = "unable to fold literals due to overflow or underflow\n";
  const std::string zero = text + "  HINT this divides by 0\n";
  const std::string shift = text + "  HINT numbers have 64 bits: shifts are by 0 to 63\n";
  const std::pair<const char*, std::string> cases[] = {{"1 / 0", zero},
                                                       {"1 % 0", zero},
                                                       {"1 << 64", shift},
                                                       {"1 << -1", shift},
                                                       {"18446744073709551615 + 1", text},
                                                       {"18446744073709551615 + -1", text},
                                                       {"9223372036854775807 * 9223372036854775807 * 4", text}};
  for (const auto& [expression, messages] : cases)
    EXPECT_EQ(Checked(std::string("begin { print(") + expression + "); }").messages(), messages) << expression;
}

TEST(Typed, CompoundAssignmentIsOneUpdate) {
  EXPECT_EQ(body("begin { @a += 5; @a -= 1; @b[1] *= 2; }"),
            "    @a += 5:int64\n"
            "    @a -= 1:int64\n"
            "    @b[1:int8] = (@b[1:int8]:int64 * 2:int64):int64\n");
}

TEST(Typed, FieldsGoThroughPointers) {
  EXPECT_EQ(body("fentry:vfs_read { print(args.task.parent.pid); print(*args.task); print(args.task.flags); }"),
            "    print(args.task:struct task_struct *(kernel).parent:struct task_struct *(kernel).pid:int32):void\n"
            "    print(*args.task:struct task_struct *(kernel):struct task_struct):void\n"
            "    print(args.task:struct task_struct *(kernel).flags:uint32):void\n");
  EXPECT_EQ(Checked("fentry:vfs_read { print(args.task.cpu_data); }").messages(),
            "Attempting to access pointer field 'cpu_data' with unsupported tag attribute: percpu\n");
  EXPECT_EQ(
      Checked("fentry:vfs_read { print(args.task.pod); }").messages(),
      "Struct/union of type 'struct task_struct' does not contain a field named 'pod'\n  HINT did you mean `pid`?\n");
}

TEST(Typed, IndexingChecksLiterals) {
  EXPECT_EQ(Checked("fentry:vfs_read { print(args.task.bits[4]); }").messages(),
            "the index 4 is out of bounds for array of size 4\n");
  EXPECT_EQ(Checked("fentry:vfs_read { $i = -1; print(args.task.bits[$i]); }").messages(),
            "The array index operator [] only accepts non-negative integer indices. Got: int8\n");
  EXPECT_TRUE(Checked("fentry:vfs_read { for ($i : 0..4) { print(args); } }")
                  .messages()
                  .starts_with("'args' builtin is not allowed in a for-loop"));
}

TEST(Typed, CastsFollowTheTable) {
  const auto refused = [](const std::string& expression) {
    return !Checked("begin { $s = \"abc\"; $n = nsecs; $t = (1, 2); print(" + expression + "); }").ok();
  };
  for (const char* good :
       {"(int8)$n", "(bool)$n", "(bool)$s", "(int8[8])$n", "(int8[])$s", "(int16[])$n", "(int8[4])$s", "(string[10])$s",
        "(struct task_struct *)$n", "(int8 *)$s", "(username_t)$n", "(enum color)$n", "(u32)$n", "(enum color)7"})
    EXPECT_FALSE(refused(good)) << good;
  for (const char* bad : {"(string)$n", "(string)$s", "(string[2])$s", "(int8[3])$n", "(int8)$t", "(bool)$t",
                          "(enum color)5", "(struct task_struct)$n", "(timestamp)$n", "(int8[5])$s"})
    EXPECT_TRUE(refused(bad)) << bad;
}

TEST(Typed, EachAttachPointIsAProgram) {
  const Checked checked("begin, end, tracepoint:sched:* { print(probe); }");
  ASSERT_TRUE(checked.ok()) << checked.messages();
  ASSERT_EQ(checked.program().programs.size(), 4u);
  EXPECT_EQ(checked.program().programs[3].probe.full_name, "tracepoint:sched:second");
  EXPECT_NE(checked.dump().find("print(\"tracepoint:sched:first\":string[23])"), std::string::npos) << checked.dump();
}

TEST(Typed, PidFilterStandsInFrontOfThePredicate) {
  const Checked checked("tracepoint:sched:first /args.value > 3/ { } interval:s:1 { }", {.pid = 42});
  ASSERT_TRUE(checked.ok()) << checked.messages();
  EXPECT_NE(checked.dump().find("predicate ((pid():uint32 == 42:uint32):bool && (args.value:int32 > 3:int32):bool)"),
            std::string::npos)
      << checked.dump();
  EXPECT_EQ(checked.program().programs[1].predicate, nullptr);
}

TEST(Typed, ScriptParametersAreLiterals) {
  const Checked checked("begin { print($1); print(str($1)); print(str($1 + 2)); print($2); print($#); unroll($3) { } }",
                        {.positional = {"0x10", "abc", "3"}});
  EXPECT_EQ(checked.dump(),
            "program begin\n"
            "  body\n"
            "    print(16:int8):void\n"
            "    print(\"0x10\":string[5]):void\n"
            "    print(\"10\":string[3]):void\n"
            "    print(\"abc\":string[4]):void\n"
            "    print(3:int8):void\n"
            "    unroll 3\n");
}

TEST(Typed, SameMessageOnlyOnce) {
  EXPECT_EQ(Checked("begin, end, interval:s:1 { print($x); }").messages(), "Undefined or undeclared variable: $x\n");
}
