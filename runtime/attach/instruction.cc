// Finds the opcode byte behind a vector prefix (Intel SDM 2A 2.3.5 and 2.7.1; AMD64 manual volume 6, 1.2).
#include "runtime/attach/instruction.h"

#include <optional>

namespace sonde::attach {
namespace {

constexpr unsigned char kEvex = 0x62, kVex3 = 0xc4, kVex2 = 0xc5, kXop = 0x8f;

// Segment overrides and the size of addresses: what may stand in front of a vector prefix.
bool is_legacy_prefix(unsigned char byte) {
  return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0x64 || byte == 0x65 || byte == 0x67;
}

// How many bytes the vector prefix at the begin of `code` has.
std::optional<size_t> vector_prefix(std::span<const unsigned char> code) {
  constexpr unsigned char kMapBits = 0x1f;
  constexpr unsigned char kLeastXopMap = 8;  // below it is `pop`
  switch (code[0]) {
    case kVex2: return 2;
    case kVex3: return 3;
    case kEvex: return 4;
    case kXop:
      if (code.size() > 1 && (code[1] & kMapBits) >= kLeastXopMap) return 3;
      return std::nullopt;
    default: return std::nullopt;
  }
}

// What the kernel emulates: conditional jumps, nop, call, jmp.
bool is_emulated(unsigned char opcode) {
  return (opcode >= 0x70 && opcode <= 0x7f) || opcode == 0x90 || opcode == 0xe8 || opcode == 0xe9 || opcode == 0xeb;
}

}  // namespace

bool is_taken_for_jump(std::span<const unsigned char> code) {
  while (!code.empty() && is_legacy_prefix(code[0])) code = code.subspan(1);
  if (code.empty()) return false;
  const auto prefix = vector_prefix(code);
  return prefix && code.size() > *prefix && is_emulated(code[*prefix]);
}

}  // namespace sonde::attach
