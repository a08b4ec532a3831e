// First instructions of functions as assembled by GNU as.
#include "runtime/attach/instruction.h"

#include <gtest/gtest.h>

#include <vector>

namespace sonde::attach {
namespace {

using Code = std::vector<unsigned char>;

TEST(Instruction, VectorInstructionsWithOpcodesOfJumpsCallsAndNops) {
  EXPECT_TRUE(is_taken_for_jump(Code{0xc5, 0xf9, 0x74, 0xc0}));              // vpcmpeqb %xmm0,%xmm0,%xmm0
  EXPECT_TRUE(is_taken_for_jump(Code{0xc5, 0xf8, 0x77}));                    // vzeroupper
  EXPECT_TRUE(is_taken_for_jump(Code{0x62, 0xf2, 0x7d, 0x28, 0x7a, 0xc6}));  // vpbroadcastb %esi,%ymm0
  EXPECT_TRUE(is_taken_for_jump(Code{0xc4, 0xe2, 0x7d, 0x78, 0xc0}));        // vpbroadcastb %xmm0,%ymm0
  EXPECT_TRUE(is_taken_for_jump(Code{0xc5, 0xf1, 0xe8, 0xc2}));              // vpsubsb %xmm2,%xmm1,%xmm0
  EXPECT_TRUE(is_taken_for_jump(Code{0xc5, 0xf8, 0x90, 0xc8}));              // kmovw %k0,%k1
  EXPECT_TRUE(is_taken_for_jump(Code{0x67, 0xc5, 0xf9, 0x7f, 0x00}));        // vmovdqa %xmm0,(%eax)
  EXPECT_TRUE(is_taken_for_jump(Code{0x8f, 0xe9, 0x78, 0xe8, 0xc0}));        // an XOP instruction
}

TEST(Instruction, OthersAreWhatTheyAre) {
  EXPECT_FALSE(is_taken_for_jump(Code{0xc5, 0xf8, 0x57, 0xc0}));              // vxorps: push takes two bytes at most
  EXPECT_FALSE(is_taken_for_jump(Code{0xc5, 0xf9, 0xef, 0xc0}));              // vpxor
  EXPECT_FALSE(is_taken_for_jump(Code{0x62, 0xe1, 0xfe, 0x28, 0x6f, 0x06}));  // vmovdqu64 (%rsi),%ymm16
  EXPECT_FALSE(is_taken_for_jump(Code{0x74, 0x10}));                          // je
  EXPECT_FALSE(is_taken_for_jump(Code{0xe8, 0, 0, 0, 0}));                    // call
  EXPECT_FALSE(is_taken_for_jump(Code{0x66, 0x0f, 0x74, 0xc0}));              // pcmpeqb: the kernel looks at 0x0f
  EXPECT_FALSE(is_taken_for_jump(Code{0x8f, 0x00, 0x74}));                    // pop (%rax)
  EXPECT_FALSE(is_taken_for_jump(Code{0xf3, 0x0f, 0x1e, 0xfa}));              // endbr64
}

TEST(Instruction, CodeThatIsCutShort) {
  EXPECT_FALSE(is_taken_for_jump({}));
  EXPECT_FALSE(is_taken_for_jump(Code{0x67}));
  EXPECT_FALSE(is_taken_for_jump(Code{0x8f}));
  EXPECT_FALSE(is_taken_for_jump(Code{0xc5, 0xf9}));
  EXPECT_FALSE(is_taken_for_jump(Code{0x62, 0xf2, 0x7d, 0x28}));
}

}  // namespace
}  // namespace sonde::attach
