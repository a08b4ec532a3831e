// Check hooks: result types and the texts of refusals.
#include <gtest/gtest.h>

#include "fake_environment.h"
#include "types/capability.h"

namespace sonde::builtins {
namespace {

using testing::FakeEnvironment;
using testing::number;
using testing::of_type;
using testing::text;
using testing::whole_map;
using testing::word;
using Arguments = std::vector<Argument>;

class Checks : public ::testing::Test {
 protected:
  // The printed result type, or the last message.
  std::string check(std::string_view name, Arguments arguments) {
    const size_t before = env_.diagnostics_.errors();
    CallView view{*find_builtin(name), {}, arguments, env_};
    const types::TypeRef type = view.row.check(view);
    EXPECT_EQ(type == nullptr, env_.diagnostics_.errors() > before) << name;
    return type ? types::printed(type) : last();
  }
  std::optional<std::variant<uint64_t, std::string>> fold(std::string_view name, Arguments arguments) {
    CallView view{*find_builtin(name), {}, arguments, env_};
    return view.row.fold(view);
  }
  std::string last() const { return env_.diagnostics_.all().empty() ? "" : env_.diagnostics_.all().back().text; }
  Argument number(int64_t value) { return testing::number(types_, value); }
  Argument text(const std::string& value) { return testing::text(types_, value); }
  Argument boolean(bool value) {
    Argument argument = of_type(types_.boolean());
    argument.boolean = value;
    return argument;
  }
  Argument u64() { return of_type(types_.integer(8, false)); }
  Argument pointer() { return of_type(types_.pointer(types_.integer(1, true), types::Space::user)); }

  FakeEnvironment env_;
  types::TypeContext& types_ = env_.types_;
};

TEST_F(Checks, ValuesHaveTheirTypes) {
  const std::pair<std::string_view, std::string_view> wanted[] = {
      {"pid", "uint32"},
      {"tid", "uint32"},
      {"cgroup", "uint64"},
      {"cpu", "uint64"},
      {"gid", "uint64"},
      {"uid", "uint64"},
      {"jiffies", "uint64"},
      {"ncpus", "uint64"},
      {"nsecs", "uint64"},
      {"numaid", "uint64"},
      {"rand", "uint64"},
      {"elapsed", "uint64"},
      {"comm", "string[16]"},
      {"usermode", "int8"},
      {"username", "username_t"},
      {"has_cpid", "bool"},
      {"probetype", "string[7]"},
      {"probe", "string[16]"},
      {"kstack", "kstack_sonde_127"},
  };
  for (const auto& [name, type] : wanted) EXPECT_EQ(check(name, {}), type) << name;
  EXPECT_EQ(fold("probe", {}), (std::variant<uint64_t, std::string>("kprobe:vfs_read")));
}

TEST_F(Checks, WordsSelectModes) {
  EXPECT_EQ(check("pid", {word("init")}), "uint32");
  EXPECT_EQ(check("pid", {word("foo")}), "Invalid PID namespace mode: foo (expects: curr_ns or init)");
  EXPECT_EQ(check("pid", {number(1)}), "pid() only supports curr_ns and init as the argument");
  EXPECT_EQ(check("nsecs", {word("tai")}), "uint64");
  EXPECT_EQ(check("nsecs", {word("foo")}), "Invalid timestamp mode: foo");
  EXPECT_EQ(check("nsecs", {number(1)}), "nsecs() only supports timestamp_mode arguments (int provided)");
}

TEST_F(Checks, ClocksReachStrftime) {
  const Arguments words = {word("monotonic")};
  CallView view{*find_builtin("nsecs"), {}, words, env_};
  const types::TypeRef monotonic = view.row.check(view);
  EXPECT_EQ(monotonic->clock, image::Clock::monotonic);
  EXPECT_EQ(check("strftime", {text("%T"), u64()}), "timestamp");
  EXPECT_EQ(check("strftime", {text("%T"), of_type(monotonic)}), "strftime() can not take a monotonic timestamp");
  EXPECT_EQ(check("strftime", {text("%T"), number(-1)}), "strftime() does not accept negative timestamps");
}

TEST_F(Checks, FormatsAgreeWithTheirArguments) {
  EXPECT_EQ(check("printf", {text("%-6d %s %p\n"), u64(), of_type(types_.string(4)), pointer()}), "void");
  EXPECT_EQ(check("printf", {text("100%%")}), "void");
  EXPECT_EQ(check("printf", {text("%d")}), "not enough arguments for format string (0 supplied, 1 expected)");
  EXPECT_EQ(check("printf", {text("x"), u64()}), "too many arguments for format string (1 supplied, 0 expected)");
  EXPECT_EQ(check("printf", {text("%s"), of_type(types_.void_type())}), "unable to print none type for specifier: s");
  EXPECT_EQ(check("printf", {text("%f"), u64()}), "unsupported format specifier: f");
  EXPECT_EQ(check("printf", {text("%d"), of_type(types_.string(4))}),
            "unsupported format specifier for type 'string[4]': d");
  EXPECT_EQ(check("printf", {text("%r"), u64()}), "unsupported format specifier for type 'uint64': r");
  EXPECT_EQ(check("printf", {text("%rh"), of_type(types_.buffer(4))}), "void");
  EXPECT_EQ(check("printf", {text("%gr"), u64()}), "void");
  const Argument aggregate = of_type(types_.aggregate("count", false));
  EXPECT_EQ(check("printf", {text("%s"), aggregate}), "void");
  EXPECT_EQ(check("printf", {text("%d"), aggregate}), "unsupported format specifier for type 'count_t': d");
}

TEST_F(Checks, FailFormatsItsLiterals) {
  EXPECT_EQ(check("fail", {text("need %d, got %s"), number(5), text("x")}), "need 5, got x");
  EXPECT_EQ(check("fail", {text("[%4x|%-4d|%s]"), number(255), number(-7), boolean(true)}), "[  ff|-7  |true]");
  EXPECT_EQ(check("fail", {text("%d"), u64()}), "fail() arguments need to be literals");
}

TEST_F(Checks, PrintTakesValuesAndMaps) {
  const types::TypeRef count = types_.aggregate("count", false), hist = types_.aggregate("hist", true);
  EXPECT_EQ(check("print", {u64()}), "void");
  EXPECT_EQ(check("print", {u64(), number(1)}), "Non-map print() only takes 1 argument, 2 found");
  EXPECT_EQ(check("print", {whole_map(u64().type, count), number(5), number(10)}), "void");
  EXPECT_EQ(check("print", {whole_map(u64().type, count), u64()}), "print() expects a int literal (int provided)");
  EXPECT_EQ(check("print", {of_type(types_.void_type())}), "none type passed to print() is not printable");
  Argument one_key = whole_map(u64().type, hist);
  one_key.type = hist;
  one_key.keyed_read = true;
  EXPECT_EQ(check("print", {one_key}),
            "Map type hist_t cannot print the value of individual keys. You must print the whole map.");
  EXPECT_EQ(check("print", {whole_map(nullptr, types_.aggregate("stats", true)), number(1)}), "void");
  EXPECT_EQ(last(), "print()'s top and div arguments are ignored when used on stats() maps.");
}

TEST_F(Checks, MapFunctionsKnowScalarAndKeyed) {
  const Argument scalar = whole_map(nullptr, u64().type), keyed = whole_map(u64().type, u64().type);
  EXPECT_EQ(check("delete", {scalar}), "bool");
  EXPECT_EQ(check("delete", {keyed, u64()}), "bool");
  EXPECT_EQ(check("delete", {keyed}),
            "call to delete() with a single argument expects a map without explicit keys (scalar map)");
  EXPECT_EQ(check("delete", {scalar, u64()}),
            "call to delete() with two arguments expects a map with explicit keys (non-scalar map)");
  EXPECT_EQ(check("has_key", {scalar, u64()}), "call to has_key() expects a map with explicit keys (non-scalar map)");
  EXPECT_EQ(check("len", {keyed}), "int64");
  EXPECT_EQ(check("len", {of_type(types_.stack(true, image::StackMode::raw, 3))}), "int64");
  EXPECT_EQ(check("len", {scalar}), "call to len() expects a map with explicit keys (non-scalar map)");
  EXPECT_EQ(check("len", {u64()}), "call to len() expects a map, ustack, or kstack");
}

TEST_F(Checks, StringsHaveTheirCapacity) {
  EXPECT_EQ(check("str", {pointer()}), "string[64]");
  EXPECT_EQ(check("str", {pointer(), number(10)}), "string[11]");
  EXPECT_EQ(check("str", {pointer(), u64()}), "string[64]");
  EXPECT_EQ(env_.diagnostics_.all().size(), 0u);
  EXPECT_EQ(check("str", {pointer(), number(64)}), "string[64]");
  EXPECT_EQ(last(), "length param (64) is too long and will be shortened to 64 bytes (see SONDE_MAX_STRLEN)");
  EXPECT_EQ(check("str", {text("hello")}), "string[6]");
  EXPECT_EQ(check("str", {text("hello"), number(2)}), "string[3]");
  EXPECT_EQ(fold("str", {text("hello"), number(2)}), (std::variant<uint64_t, std::string>("he")));
  EXPECT_EQ(fold("str", {number(5)}), (std::variant<uint64_t, std::string>("5")));
  EXPECT_EQ(fold("str", {pointer()}), std::nullopt);
  EXPECT_EQ(check("str", {pointer(), number(-1)}), "strcannot use negative length (-1)");
  EXPECT_EQ(check("str", {of_type(types_.tuple({types_.integer(1, true), types_.integer(1, true)}))}),
            "str() expects a string, integer or a pointer type as first argument ((int8,int8) provided)");
}

TEST_F(Checks, BuffersHaveTheirCapacity) {
  EXPECT_EQ(check("buf", {pointer(), number(8)}), "buffer[12]");
  EXPECT_EQ(check("buf", {pointer(), u64()}), "buffer[68]");
  EXPECT_EQ(check("buf", {of_type(types_.array(types_.integer(2, false), 3))}), "buffer[10]");
  EXPECT_EQ(check("buf", {pointer()}), "buf() expects a length argument for non-array type pointer");
  EXPECT_EQ(check("buf", {pointer(), number(-1)}), "bufcannot use negative length (-1)");
  EXPECT_EQ(check("strncmp", {text("a"), text("b"), u64()}), "Builtin strncmp requires a non-negative literal");
  EXPECT_EQ(check("strncmp", {text("a"), text("b"), number(1)}), "uint64");
}

TEST_F(Checks, StacksCarryModeAndLimit) {
  EXPECT_EQ(check("kstack", {word("perf"), number(3)}), "kstack_perf_3");
  EXPECT_EQ(check("ustack", {number(5)}), "ustack_sonde_5");
  EXPECT_EQ(check("ustack", {word("build_id")}), "ustack_build_id_127");
  EXPECT_EQ(check("kstack", {word("build_id")}), "'build_id' stack mode can only be used for ustack");
  EXPECT_EQ(check("kstack", {word("nope")}),
            "Error parsing stack mode: kstack: Invalid value for stack_mode: valid values are sonde, raw, perf, and "
            "build_id.");
  EXPECT_EQ(check("kstack", {number(1025)}), "kstack([int limit]): limit shouldn't exceed 1024, 1025 given");
  EXPECT_EQ(check("ustack", {text("x")}), "ustack: invalid limit value");
  EXPECT_EQ(check("kstack", {u64()}), "kstack: invalid limit value");
  EXPECT_EQ(check("kstack", {number(-1)}), "kstack: invalid limit value");
  check("kstack", {number(3), word("perf")});
  EXPECT_EQ(env_.diagnostics_.all().rbegin()[1].text, "Expected stack mode as first argument");
  EXPECT_EQ(last(), "kstack: invalid limit value");
  env_.config_["stack_mode"] = "build_id";
  EXPECT_EQ(check("kstack", {}), "kstack_raw_127");
  EXPECT_EQ(last(), "'build_id' stack mode can only be used for ustack. Falling back to 'raw' mode.");
}

TEST_F(Checks, SymbolsResolveWhileCompiling) {
  env_.symbols_["_text"] = 0xffffffff81000000;
  EXPECT_EQ(check("kaddr", {text("_text")}), "uint64");
  EXPECT_EQ(fold("kaddr", {text("_text")}), (std::variant<uint64_t, std::string>(uint64_t{0xffffffff81000000})));
  EXPECT_EQ(check("kaddr", {text("nosuch")}), "Failed to resolve kernel symbol: nosuch");
  EXPECT_EQ(check("cgroupid", {text("/nonexist")}),
            "Failed to get `cgroupid` for path: \"/nonexist\": No such file or directory");
  EXPECT_EQ(check("ksym", {of_type(types_.string(4))}), "ksym() expects an integer or pointer argument");
  EXPECT_EQ(check("usym", {pointer()}), "usym_t");
  EXPECT_EQ(check("kptr", {of_type(types_.string(4))}),
            "kptr() only supports integer or pointer arguments (string provided)");
  const Arguments user_pointer = {pointer()};
  CallView view{*find_builtin("kptr"), {}, user_pointer, env_};
  EXPECT_EQ(view.row.check(view)->space, types::Space::kernel);
}

TEST_F(Checks, FuncFollowsTheProbe) {
  env_.capabilities_ = types::kHasFunc | types::kHasReg;
  EXPECT_EQ(check("func", {}), "ksym_t");
  env_.capabilities_ |= types::kUserContext;
  EXPECT_EQ(check("func", {}), "usym_t");
  env_.capabilities_ |= types::kHasRetval;
  EXPECT_EQ(check("func", {}), "usym_t");
  env_.features_ = false;
  EXPECT_EQ(check("func", {}),
            "BPF_FUNC_get_func_ip not available for your kernel version. Consider using the 'probe' builtin instead.");
  EXPECT_EQ(check("reg", {text("ip")}), "uint64");
  EXPECT_EQ(check("reg", {text("rax")}), "'rax' is not a valid register on this architecture (x86_64)");
}

TEST_F(Checks, NetworkAddresses) {
  const types::TypeRef byte = types_.integer(1, false);
  EXPECT_EQ(check("ntop", {u64()}), "inet[24]");
  EXPECT_EQ(check("ntop", {number(10), of_type(types_.array(byte, 16))}), "inet[24]");
  EXPECT_EQ(check("ntop", {of_type(types_.array(byte, 5))}), "ntop() argument must be 4 or 16 bytes in size");
  EXPECT_EQ(check("ntop", {of_type(types_.tuple({byte}))}), "ntop() expects an integer or array argument, got tuple");
  EXPECT_EQ(check("ntop", {text("x"), u64()}), "ntop() only supports int arguments (string provided)");
  EXPECT_EQ(check("pton", {text("1.2.3.4")}), "uint8[4]");
  EXPECT_EQ(check("pton", {text("::1")}), "uint8[16]");
  EXPECT_EQ(check("pton", {u64()}), "pton() expects an string literal at the first argument");
  EXPECT_EQ(check("pton", {text("abc")}), "pton() expects an string argument of an IPv4/IPv6 address, got abc");
  EXPECT_EQ(check("pton", {text("1.2.3")}), "pton() expects a valid IPv4/IPv6 address, got 1.2.3");
  EXPECT_EQ(check("pton", {text("::ffff:1.2.3.4")}), "pton() expects a valid IPv4/IPv6 address, got ::ffff:1.2.3.4");
  EXPECT_EQ(check("macaddr", {text("abcdef")}), "macaddr() does not support literal string arguments");
  EXPECT_EQ(check("macaddr", {of_type(types_.array(byte, 5))}), "macaddr() argument must be at least 6 bytes in size");
  EXPECT_EQ(check("bswap", {of_type(types_.integer(2, true))}), "uint16");
  EXPECT_EQ(check("bswap", {text("x")}), "bswap() only supports integer arguments (string provided)");
}

TEST_F(Checks, NamedParametersTakeTheDefaultsType) {
  EXPECT_EQ(check("getopt", {text("a")}), "bool");
  EXPECT_EQ(check("getopt", {text("b"), number(5)}), "uint64");
  EXPECT_EQ(check("getopt", {text("c"), number(-5), text("what it is")}), "int64");
  EXPECT_EQ(check("getopt", {text("d"), text("x")}), "string[64]");
  ASSERT_EQ(env_.options_.size(), 4u);
  EXPECT_EQ(env_.options_[2], (ScriptOption{"c", "what it is", image::ParameterKind::signed_integer, "-5"}));
  EXPECT_EQ(check("getopt", {u64()}), "First argument to 'getopt' must be a string literal.");
  EXPECT_EQ(check("getopt", {text("a"), u64()}),
            "Second argument to 'getopt' must be a string literal, integer literal, or a boolean literal.");
  EXPECT_EQ(check("getopt", {}),
            "The 'getopt' function can take a maximum of three arguments and a minimum of one argument.");
}

TEST_F(Checks, SignalsAreChecked) {
  const auto signal = [&](Argument number) { return check("__signal", {number, text("signal")}); };
  EXPECT_EQ(signal(text("SEGV")), "int64");
  EXPECT_EQ(signal(number(64)), "int64");
  EXPECT_EQ(signal(u64()), "int64");
  EXPECT_EQ(signal(text("FOO")), "Invalid string for signal: FOO");
  EXPECT_EQ(signal(number(65)), "signal() accepts a string literal or an integer between 1 and 64 (inclusive)");
  EXPECT_EQ(signal(number(-1)), "signal() accepts a string literal or a positive integer");
  EXPECT_EQ(signal(pointer()), "signal() accepts a string literal or an integer");
  env_.unsafe_ = false;
  EXPECT_EQ(signal(number(1)), "signal() is unsafe. To use you need the --unsafe flag");
  env_.capabilities_ = 0;
  env_.probetype_ = "special";
  EXPECT_EQ(signal(number(1)), "signal() can not be used for this probetype special");
}

TEST_F(Checks, UnsafeActionsAskForTheirProbe) {
  env_.capabilities_ = types::kHasReg | types::kHasArgN;
  EXPECT_EQ(check("override", {number(0)}), "void");
  EXPECT_EQ(check("write_user", {pointer(), pointer(), number(4)}), "bool");
  EXPECT_EQ(check("write_user", {pointer(), u64(), number(4)}),
            "write_user() only supports pointer arguments (int provided)");
  env_.unsafe_ = false;
  EXPECT_EQ(check("override", {number(0)}), "override() is unsafe. To use you need the --unsafe flag");
  env_.capabilities_ |= types::kUserContext;
  EXPECT_EQ(check("override", {number(0)}), "override() can only be used inside kprobes");
}

TEST_F(Checks, TextsAreStringsOrBytes) {
  EXPECT_EQ(check("assert_str", {text("a")}), "void");
  EXPECT_EQ(check("assert_str", {pointer()}), "void");
  EXPECT_EQ(check("__strlen", {of_type(types_.array(types_.integer(1, true), 4))}), "uint64");
  EXPECT_EQ(check("assert_str", {u64()}), "string-like values must be either strings, arrays or pointers");
  EXPECT_EQ(check("assert_str", {of_type(types_.array(u64().type, 2))}),
            "string-like arrays must contain a char-like type");
  EXPECT_EQ(check("assert_str", {of_type(types_.pointer(u64().type, types::Space::user))}),
            "string-like pointers must point to a char-like type");
  EXPECT_EQ(check("__str_concat", {text("a"), text("b")}), "string[1024]");
  EXPECT_EQ(check("strerror", {text("x")}), "Cannot cast from \"string[2]\" to \"int32\"");
  EXPECT_EQ(check("strerror", {number(1)}), "string[64]");
  EXPECT_EQ(fold("default_str_length", {}), (std::variant<uint64_t, std::string>(uint64_t{64})));
}

TEST_F(Checks, PredicatesFold) {
  const auto holds = [&](std::string_view name, Argument argument) {
    return std::get<0>(*fold(name, {argument})) == 1;
  };
  EXPECT_TRUE(holds("is_str", text("a")));
  EXPECT_FALSE(holds("is_str", of_type(types_.buffer(3))));
  EXPECT_TRUE(holds("is_ptr", pointer()));
  EXPECT_FALSE(holds("is_integer", boolean(true)));
  EXPECT_TRUE(holds("is_unsigned_integer", u64()));
  EXPECT_FALSE(holds("is_unsigned_integer", number(5)));
  EXPECT_TRUE(holds("is_literal", number(4)));
  EXPECT_FALSE(holds("is_literal", u64()));
  EXPECT_TRUE(holds("is_scalar", whole_map(nullptr, u64().type)));
  EXPECT_FALSE(holds("is_scalar", whole_map(u64().type, u64().type)));
}

}  // namespace
}  // namespace sonde::builtins
