// Readable names of C++ and Rust functions; what the Rust symbols stand for was compared with two other demanglers.
#include <gtest/gtest.h>

#include "base/demangle.h"

namespace sonde::base {
namespace {

std::string readable(std::string_view symbol) {
  const auto name = demangle(symbol);
  return name ? name->text : "(none)";
}

std::string plain(std::string_view symbol) {
  const auto name = demangle(symbol);
  return name ? std::string(name->without_parameters()) : "(none)";
}

TEST(Demangle, OnlyWhatIsMangled) {
  for (const char* symbol : {"", "main", "_Znonsense", "_R", "_RNv", "_R1", "_Resume", "main.(*Server).Handle"})
    EXPECT_EQ(readable(symbol), "(none)") << symbol;
}

TEST(Demangle, CppNamesHaveParameters) {
  EXPECT_EQ(readable("_ZN3App3Srv6handleEi"), "App::Srv::handle(int)");
  EXPECT_EQ(plain("_ZN3App3Srv6handleEi"), "App::Srv::handle");
  EXPECT_EQ(plain("_ZNK3App3Srv6handleEPFvvE"), "App::Srv::handle");
  EXPECT_EQ(plain("_ZN12_GLOBAL__N_16hiddenEv"), "(anonymous namespace)::hidden");
  EXPECT_EQ(plain("_ZN3AppclEi"), "App::operator()");
  EXPECT_EQ(plain("_ZZ4mainENKUliE_clEi"), "main::{lambda(int)#1}::operator()");
  EXPECT_EQ(plain("_ZN3App4dataE"), "App::data");
}

TEST(Demangle, OlderRustNamesLoseHashAndEscapes) {
  EXPECT_EQ(readable("_ZN3app4work17h0123456789abcdefE"), "app::work");
  EXPECT_EQ(readable("_ZN3app4work17h0123456789abcdefE.llvm.123"), "app::work");
  EXPECT_EQ(plain("_ZN64_$LT$app..Server$u20$as$u20$app..Handle$LT$$LP$A$C$B$RP$$GT$$GT$6handle17h0123456789abcdefE"),
            "<app::Server as app::Handle<(A,B)>>::handle");
}

TEST(Demangle, RustPaths) {
  EXPECT_EQ(readable("_RNvCs1234_7mycrate3foo"), "mycrate::foo");
  EXPECT_EQ(readable("_RNvCs1234_7mycrate3foo.llvm.8A6F"), "mycrate::foo");
  EXPECT_EQ(readable("_RNvCs1234_7mycrate3foo.cold"), "mycrate::foo.cold");
  EXPECT_EQ(readable("_RNvXCsd1KyoYBeSBP_4workNtB2_6ServerNtB2_6Handle6handle"),
            "<work::Server as work::Handle>::handle");
  EXPECT_EQ(readable("_RNvMCs1_1aNtB2_1S3new"), "<a::S>::new");
  EXPECT_EQ(readable("_RNCNvCs1_1a4main0Cs2_1b"), "a::main::{closure#0}");
  EXPECT_EQ(readable("_RNCNvCs1_1a4mains0_0"), "a::main::{closure#2}");
  EXPECT_EQ(readable("_RNCNvCs1_1a4main4name"), "a::main::{closure:name#0}");
}

TEST(Demangle, RustTypes) {
  EXPECT_EQ(readable("_RINvCs1_1a1fmE"), "a::f::<u32>");
  EXPECT_EQ(readable("_RINvCs1_1a1fThEReQShANtB2_1Sj3_E"), "a::f::<(u8,), &str, &mut [u8], [a::S; 3]>");
  EXPECT_EQ(readable("_RINvCs1_1a1fINtB2_3VecTmPeOaEEE"), "a::f::<a::Vec<(u32, *const str, *mut i8)>>");
  EXPECT_EQ(readable("_RINvCs1_1a1fFUKCmEuE"), "a::f::<unsafe extern \"C\" fn(u32)>");
  EXPECT_EQ(readable("_RINvCs1_1a1fFG_RL0_eEbE"), "a::f::<for<'a> fn(&'a str) -> bool>");
  EXPECT_EQ(readable("_RINvCs1_1a1fDNtB2_1TNtB2_4SendEL_E"), "a::f::<dyn a::T + a::Send>");
  EXPECT_EQ(readable("_RINvCs1_1a1fDINtB2_1TmEp4ItemhEL_E"), "a::f::<dyn a::T<u32, Item = u8>>");
  EXPECT_EQ(readable("_RINvCs1_1a1fDNtB2_1Tp4ItemhEL_E"), "a::f::<dyn a::T<Item = u8>>");
}

TEST(Demangle, RustConstants) {
  EXPECT_EQ(readable("_RINvCs1_1a1fKi7b_E"), "a::f::<123>");
  EXPECT_EQ(readable("_RINvCs1_1a1fKin7b_E"), "a::f::<-123>");
  EXPECT_EQ(readable("_RINvCs1_1a1fKo123456789abcdef012_E"), "a::f::<0x123456789abcdef012>");
  EXPECT_EQ(readable("_RINvCs1_1a1fKb1_Kb0_KpE"), "a::f::<true, false, _>");
  EXPECT_EQ(readable("_RINvCs1_1a1fKc76_Kc27_Kca_E"), "a::f::<'v', '\\'', '\\n'>");
  EXPECT_EQ(readable("_RINvCs1_1a1fKRe616263_E"), "a::f::<\"abc\">");
  EXPECT_EQ(readable("_RINvCs1_1a1fKAh1_h2_EE"), "a::f::<{[1, 2]}>");
  EXPECT_EQ(readable("_RINvCs1_1a1fKVNtB2_1SS1xh1_1yh2_EE"), "a::f::<{a::S { x: 1, y: 2 }}>");
  EXPECT_EQ(readable("_RINvCs1_1a1fKVNtB2_1UUE"), "a::f::<{a::U}>");
}

TEST(Demangle, RustPunycode) {
  EXPECT_EQ(readable("_RNvCs1_1au30____7hkackfecea1cbdathfdh9hlq6y"), "a::საჭმელად_გემრიელი_სადილი");
  EXPECT_EQ(readable("_RNvCs1_1au8gdel_5qa"), "a::gödel");
  EXPECT_EQ(readable("_RNvCs1_1au3AAA"), "a::punycode{AAA}");
}

// What refers to itself, nests or multiplies without end is no name, and is found out quickly.
TEST(Demangle, HostileRustNames) {
  EXPECT_EQ(readable("_RB_"), "(none)");
  EXPECT_EQ(readable("_RNvB_1f"), "(none)");
  EXPECT_EQ(readable("_RNvC1a99999999999999999999f"), "(none)");
  EXPECT_EQ(readable("_RINvC1a1f" + std::string(100'000, 'R') + "eE"), "(none)");
  std::string doubling = "_RINvC1a1fTmm";  // each tuple holds the one before it twice
  size_t last = 8;
  for (int i = 0; i < 40; ++i) {
    const size_t at = doubling.size() - 2;
    const auto reference = [&] {
      constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
      const size_t value = last - 1;
      std::string digits = value >= 62 ? std::string(1, kDigits[value / 62]) : std::string();
      return "B" + digits + kDigits[value % 62] + "_";
    };
    doubling += "ET" + reference() + reference();
    last = at + 1;
  }
  EXPECT_EQ(readable(doubling + "EE"), "(none)");
}

}  // namespace
}  // namespace sonde::base
