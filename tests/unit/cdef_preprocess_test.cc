// Conditionals, macros and the values of macros.
#include <gtest/gtest.h>

#include "cdef/constant.h"
#include "cdef/unit.h"
#include "fake_kernel.h"

namespace sonde::cdef {
namespace {

class Preprocess : public ::testing::Test {
 protected:
  Unit& read(const std::string& text) {
    unit_.read_header(sources_.add("unit.h", text), diagnostics_);
    return unit_;
  }
  std::string define(std::string_view name) {
    const auto found = unit_.define(name);
    return found ? found->text : "(none)";
  }
  std::string number(std::string_view name) { return unit_.define_number(name).value_or("(none)"); }
  std::string messages() const {
    std::string text;
    for (const diag::Diagnostic& diagnostic : diagnostics_.all()) text += diagnostic.text + "\n";
    return text;
  }
  uint64_t size(std::string_view name) {
    const auto type = unit_.find_type("struct", name);
    return type ? type->size : 0;
  }

  sonde::testing::FakeKernel kernel_;
  source::SourceSet sources_;
  diag::Diagnostics diagnostics_;
  Unit unit_{sources_, kernel_, {}};
};

TEST_F(Preprocess, ChainsExpand) {
  read("#define C 7\n#define B C\n#define A B\n#define SUM (A + B)\n#define SELF SELF\n#define EMPTY\n");
  EXPECT_EQ(define("A"), "7");
  EXPECT_EQ(define("SUM"), "(7 + 7)");
  EXPECT_EQ(define("SELF"), "(none)");
  EXPECT_EQ(define("EMPTY"), "(none)");
  EXPECT_EQ(define("NOWHERE"), "(none)");
}

TEST_F(Preprocess, FunctionLikeMacrosExpandInDefinitions) {
  read(
      "#define SQUARE(x) ((x) * (x))\n#define NINE SQUARE(3)\n#define JOIN(a, b) a ## b\n#define TEXT(x) #x\n"
      "#define LIST(first, ...) first, ## __VA_ARGS__\n#define FIELD(t, n) t JOIN(field_, n);\n"
      "struct S { FIELD(int, one) FIELD(long, two) };\n#define T TEXT(a \"b\")\n#define L LIST(1)\n#define M LIST(1, "
      "2, 3)\n");
  EXPECT_EQ(messages(), "");
  EXPECT_EQ(define("NINE"), "((3) * (3))");
  EXPECT_EQ(number("NINE"), "9");
  EXPECT_EQ(define("T"), "\"a \\\"b\\\"\"");
  EXPECT_EQ(define("L"), "1");
  EXPECT_EQ(define("M"), "1, 2, 3");
  EXPECT_EQ(size("S"), 16u);
  EXPECT_TRUE(unit_.is_function_macro("SQUARE"));
  EXPECT_FALSE(unit_.is_function_macro("NINE"));
}

TEST_F(Preprocess, NumbersByTheRulesOfC) {
  read(
      "#define A 10UL\n#define B 'a'\n#define C (-1)\n#define D (1 << 31)\n#define E (1U << 31)\n#define F ~0ULL\n"
      "#define G (0u - 1)\n#define H sizeof(int) * 2\n#define I (1 ? -1 : 0u)\n#define J (-1 < 0u)\n#define K '\\x41'\n"
      "#define L (unsigned char)300\n#define M 0b101\n#define N (7 / 0)\n#define O (0 && 7 / 0)\n#define P "
      "-9223372036854775807L - 1\n");
  EXPECT_EQ(number("A"), "10");
  EXPECT_EQ(number("B"), "97");
  EXPECT_EQ(number("C"), "-1");
  EXPECT_EQ(number("D"), "-2147483648");
  EXPECT_EQ(number("E"), "2147483648");
  EXPECT_EQ(number("F"), "18446744073709551615");
  EXPECT_EQ(number("G"), "4294967295");
  EXPECT_EQ(number("H"), "8");
  EXPECT_EQ(number("I"), "4294967295");
  EXPECT_EQ(number("J"), "0");
  EXPECT_EQ(number("K"), "65");
  EXPECT_EQ(number("L"), "44");
  EXPECT_EQ(number("M"), "5");
  EXPECT_EQ(number("N"), "(none)");
  EXPECT_EQ(number("O"), "0");
  EXPECT_EQ(number("P"), "-9223372036854775808");
}

TEST_F(Preprocess, Conditionals) {
  read(
      "#if defined(__linux__) && !defined NOTHING\n#define A 1\n#else\n#error no\n#endif\n"
      "#ifdef NOTHING\n# if 1\n#define A 2\n# endif\n#elif A + 1 == 2\n#define B 3\n#else\n#define B 4\n#endif\n"
      "#ifndef B\n#error B\n#endif\n#undef A\n#ifdef A\n#error still\n#endif\n"
      "#if 0\nthis is ' not C\n#endif\n#if UNKNOWN || __SIZEOF_POINTER__ != 8\n#error size\n#endif\n");
  EXPECT_EQ(messages(), "");
  EXPECT_EQ(define("B"), "3");
}

TEST_F(Preprocess, EndlessExpansionEnds) {
  std::string text = "#define M0 int\n";
  for (int i = 1; i < 40; ++i) {
    const std::string last = "M" + std::to_string(i - 1);
    text += "#define M" + std::to_string(i) + " " + last + " " + last + " " + last + "\n";
  }
  read(text + "struct S { M39 x; };\n");
  EXPECT_NE(messages().find("expands without end"), std::string::npos);
}

TEST_F(Preprocess, BundledHeadersNeedNoSystem) {
  read(
      "#include <stdint.h>\n#include <stddef.h>\n#include <stdbool.h>\n#include <limits.h>\n#include <linux/types.h>\n"
      "struct S { uint8_t a; bool b; __u32 c; size_t d; char e[UINT8_MAX]; };\n#define X offsetof(struct S, d)\n");
  EXPECT_EQ(messages(), "");
  EXPECT_EQ(size("S"), 272u);
  EXPECT_EQ(define("INT_MAX"), "2147483647");
  EXPECT_EQ(number("X"), "8");
}

TEST_F(Preprocess, DeclarationsThatAreNotTypesAreSkipped) {
  read(
      "extern int f(struct q *, int (*)(void)) __attribute__((nonnull(1)));\n"
      "static inline int g(int x) { if (x) { return 1; } return 2; }\n"
      "typedef int number, *pointer, row[3];\nint table[] = { 1, 2, { 3 } }, other = (1, 2);\n"
      "_Static_assert(sizeof(number) == 4, \"size\");\nstruct S { row r; pointer p; };\n"
      "typedef struct { int x; } anonymous;\n");
  EXPECT_EQ(messages(), "");
  EXPECT_EQ(size("S"), 24u);
  EXPECT_EQ(unit_.find_type("", "anonymous")->size, 4u);
}

TEST_F(Preprocess, TestsOfTheCompiler) {
  read(
      "#if defined __has_attribute && __has_attribute(packed)\n#define A 1\n#endif\n#define HAS(x) __has_attribute(x)\n"
      "#if HAS(aligned) && !__has_builtin(f)\n#define B 2\n#endif\n#if L'\\0' - 1 > 0 || u8\"a\"\n#define C "
      "3\n#endif\n");
  EXPECT_EQ(define("A"), "1");
  EXPECT_EQ(define("B"), "2");
  EXPECT_NE(messages(), "");  // a string is no integer
}

TEST_F(Preprocess, MacrosWithoutFixedValue) {
  read(
      "#define JOIN2(a, b) a ## b\n#define JOIN(a, b) JOIN2(a, b)\n#define PACK _Pragma(\"pack(push, 1)\")\n"
      "#define MORE(a, ...) a __VA_OPT__(+) __VA_ARGS__\n#define ONE MORE(1)\n#define SUM MORE(1, 2)\nPACK\n"
      "struct S { char a; int JOIN(b, __COUNTER__); int JOIN(b, __COUNTER__); int c[__LINE__]; };\n"
      "_Pragma(\"pack(pop)\") struct T { char a; int b; };\n#define WORDS \"one\" \" and \" \"two\"\n");
  EXPECT_EQ(messages(), "");
  EXPECT_EQ(define("ONE"), "1");
  EXPECT_EQ(number("SUM"), "3");
  EXPECT_EQ(define("WORDS"), "\"one and two\"");
  EXPECT_EQ(size("S"), 41u);
  EXPECT_EQ(size("T"), 8u);
}

TEST_F(Preprocess, AttributesThatMakeTypes) {
  read(
      "typedef int byte __attribute__((mode(QI)));\ntypedef unsigned wide __attribute__((__mode__(__DI__)));\n"
      "typedef int four __attribute__((vector_size(16)));\n"
      "struct [[deprecated]] S { byte a; wide b; four c; [[maybe_unused]] char d };\n");
  EXPECT_EQ(messages(), "");
  EXPECT_EQ(size("S"), 48u);
}

TEST_F(Preprocess, TypesOfExpressions) {
  read(
      "struct S { short a; struct { int x, y[4]; } b; char name[12]; struct task_struct *task; };\n"
      "extern long numbers[7], *where;\n#define S0 ((struct S *)0)\n#define COUNT (sizeof(numbers) / "
      "sizeof(numbers[0]))\n"
      "struct T { typeof(S0->a) a; char b[sizeof(S0->name)]; typeof(*where) c; typeof(1 + 1u) d; char e[COUNT]; "
      "typeof(&S0->b) f; char g[__builtin_offsetof(struct S, b.y[2])]; char h[sizeof S0->task->comm + GREEN]; };\n");
  EXPECT_EQ(messages(), "");
  EXPECT_EQ(number("COUNT"), "7");
  EXPECT_EQ(size("T"), 88u);
}

TEST_F(Preprocess, WhatIsBorrowed) {
  read("struct S { struct task_struct *t; u32 n; int c[BLUE]; struct Own *o; };\nstruct Own { int x; };\n");
  std::string names;
  const Borrowed borrowed = unit_.borrowed();
  for (const Borrowed::Name& name : borrowed.types) names += name.tag + " " + name.name + ";";
  EXPECT_NE(names.find("struct task_struct;"), std::string::npos);
  EXPECT_NE(names.find(" u32;"), std::string::npos);
  EXPECT_EQ(names.find("Own"), std::string::npos);
  ASSERT_EQ(borrowed.enumerators.size(), 1u);
  EXPECT_EQ(borrowed.enumerators[0].second, 7u);
  EXPECT_EQ(unit_.own_types(), (std::set<std::string>{"struct Own", "struct S"}));
}

}  // namespace
}  // namespace sonde::cdef
