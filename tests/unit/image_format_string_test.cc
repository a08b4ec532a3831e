// Which text of a format is a conversion (stdlib.md 5.1).
#include "image/format_string.h"

#include <gtest/gtest.h>

namespace sonde::image {
namespace {

// The pieces as "TEXT{FLAGS WIDTH LENGTH CONVERSION}", one after another.
std::string shape(const std::string& source) {
  constexpr const char* kLengths[] = {"", "hh", "h", "l", "ll", "j", "z", "t", "L"};
  std::string out;
  for (const FormatPiece& piece : parse_format(source).pieces) {
    out += piece.text;
    if (piece.conversion.empty()) continue;
    out += '{';
    if (piece.left) out += '-';
    if (piece.plus) out += '+';
    if (piece.space) out += ' ';
    if (piece.alternate) out += '#';
    if (piece.zero) out += '0';
    if (piece.width != 0) out += std::to_string(piece.width);
    out += kLengths[static_cast<size_t>(piece.length)];
    out += piece.conversion;
    out += '}';
  }
  return out;
}

TEST(FormatString, SplitsTextAndConversions) {
  EXPECT_EQ(shape("a %d b %s"), "a {d} b {s}");
  EXPECT_EQ(shape("%d%u\n"), "{d}{u}\n");
  EXPECT_EQ(shape(""), "");
  EXPECT_EQ(shape("no conversion"), "no conversion");
}

TEST(FormatString, PercentIsText) {
  EXPECT_EQ(shape("100%%"), "100%");
  EXPECT_EQ(shape("%5%x"), "%x");
  EXPECT_EQ(shape("%%d"), "%d");
  EXPECT_EQ(argument_count(parse_format("%%d %%s")), 0u);
}

TEST(FormatString, FlagsComeInTheirOrderOnly) {
  EXPECT_EQ(shape("%-+ #08lld"), "{-+ #08lld}");
  EXPECT_EQ(shape("%+-5d"), "%+-5d");
  EXPECT_EQ(shape("%010s"), "{010s}");
}

TEST(FormatString, PrecisionAndStarHaveNoEffect) {
  EXPECT_EQ(shape("%.2s"), "{s}");
  EXPECT_EQ(shape("%8.3d"), "{8d}");
  EXPECT_EQ(shape("%*d"), "{d}");
  EXPECT_EQ(shape("%.*s"), "{s}");
}

TEST(FormatString, LengthModifiers) { EXPECT_EQ(shape("%hhd%hd%ld%lld%jd%zu%td"), "{hhd}{hd}{ld}{lld}{jd}{zu}{td}"); }

TEST(FormatString, OwnConversionsAreLongestFirst) {
  EXPECT_EQ(shape("%r%rx%rh%gr%g"), "{r}{rx}{rh}{gr}{g}");
  EXPECT_EQ(shape("%rz"), "{r}z");
}

TEST(FormatString, WhatIsNoConversionStaysText) {
  EXPECT_EQ(shape("%k %b %"), "%k %b %");
  EXPECT_EQ(shape("%l"), "%l");
  EXPECT_EQ(shape("%-"), "%-");
  EXPECT_EQ(argument_count(parse_format("%k %d %")), 1u);
}

TEST(FormatString, KeepsItsSourceAndBoundsWidths) {
  EXPECT_EQ(parse_format("x%%\n").source, "x%%\n");
  EXPECT_LE(parse_format("%99999999999999999999d").pieces[0].width, 65536u);
}

}  // namespace
}  // namespace sonde::image
