// An instruction is prefixes, opcode, ModRM with what it announces (SIB, displacement), immediate. Opcode maps as in the Intel
// manual, volume 2, appendix A; one letter per opcode says what follows it.
#include "kernel/x86_length.h"

#include <algorithm>
#include <string_view>

namespace sonde::kernel {
namespace {

// . nothing          m ModRM            b immediate byte    w immediate word      z 2 or 4 bytes, by operand size
// B ModRM + byte     Z ModRM + z        q 4 bytes           v z, or 8 with REX.W  a address    e word + byte
// t ModRM, byte if it is TEST           T ModRM, z if it is TEST                  x no instruction
constexpr std::string_view kOneByte =
    "mmmmbzxxmmmmbzxx"
    "mmmmbzxxmmmmbzxx"
    "mmmmbzxxmmmmbzxx"
    "mmmmbzxxmmmmbzxx"
    "xxxxxxxxxxxxxxxx"
    "................"
    "xxxmxxxxzZbB...."
    "bbbbbbbbbbbbbbbb"
    "BZxBmmmmmmmmmmmm"
    "..........x....."
    "aaaa....bz......"
    "bbbbbbbbvvvvvvvv"
    "BBw.xxBZe.w..bx."
    "mmmmxxx.mmmmmmmm"
    "bbbbbbbbqqxb...."
    "x.xx..tT......mm";
constexpr std::string_view kTwoBytes =
    "mmmmx.....x.xm.B"
    "mmmmmmmmmmmmmmmm"
    "mmmmxxxxmmmmmmmm"
    "......x.xxxxxxxx"
    "mmmmmmmmmmmmmmmm"
    "mmmmmmmmmmmmmmmm"
    "mmmmmmmmmmmmmmmm"
    "BBBBmmm.mmmmmmmm"
    "qqqqqqqqqqqqqqqq"
    "mmmmmmmmmmmmmmmm"
    "...mBmxx...mBmmm"
    "mmmmmmmmmmBmmmmm"
    "mmBmBBBm........"
    "mmmmmmmmmmmmmmmm"
    "mmmmmmmmmmmmmmmm"
    "mmmmmmmmmmmmmmmm";

constexpr size_t kLongest = 15;

class Decoder {
 public:
  explicit Decoder(std::span<const uint8_t> code) : code_(code.subspan(0, std::min(code.size(), kLongest))) {}

  size_t length() {
    uint8_t opcode = prefixes();
    if (opcode == 0xc5 || opcode == 0xc4 || opcode == 0x62) return vector(opcode);
    if (opcode == 0x8f && at_ < code_.size() && (code_[at_] & 0x1f) >= 8) {
      // AMD's XOP: maps 8 and 9 have no immediate, 10 has four bytes.
      const uint8_t map = code_[at_] & 0x1f;
      at_ += 3;
      modrm();
      return finish(map == 8 ? 1 : map == 10 ? 4 : 0);
    }
    char shape = kOneByte[opcode];
    if (opcode == 0x0f) {
      opcode = next();
      if (opcode == 0x38 || opcode == 0x3a) {
        next();
        modrm();
        return finish(opcode == 0x3a ? 1 : 0);
      }
      shape = kTwoBytes[opcode];
    }
    return by_shape(shape);
  }

 private:
  uint8_t next() {
    if (at_ >= code_.size()) {
      cut_ = true;
      return 0;
    }
    return code_[at_++];
  }

  // Gives the byte behind them. REX counts only right before the opcode.
  uint8_t prefixes() {
    for (;;) {
      const uint8_t byte = next();
      switch (byte) {
        case 0x66: small_operand_ = true; break;
        case 0x67: small_address_ = true; break;
        case 0xf2:
        case 0xf3:
        case 0xf0:
        case 0x2e:
        case 0x36:
        case 0x3e:
        case 0x26:
        case 0x64:
        case 0x65: break;
        default:
          if ((byte & 0xf0) != 0x40) return byte;
          wide_ = byte & 8;
          if (at_ < code_.size() && (code_[at_] & 0xf0) != 0x40) return next();
          continue;
      }
      wide_ = false;
    }
  }

  size_t operand() const { return small_operand_ && !wide_ ? 2 : 4; }

  uint8_t modrm() {
    const uint8_t byte = next();
    const uint8_t mode = byte >> 6, rm = byte & 7;
    if (mode == 3) return byte;
    uint8_t base = rm;
    if (rm == 4) base = next() & 7;
    if (mode == 1) at_ += 1;
    if (mode == 2 || (mode == 0 && base == 5)) at_ += 4;
    return byte;
  }

  size_t finish(size_t immediate) {
    at_ += immediate;
    return cut_ || at_ > code_.size() ? 0 : at_;
  }

  // VEX and EVEX: the map and a ModRM byte are always there.
  size_t vector(uint8_t first) {
    uint8_t map = 1;
    if (first == 0xc4) map = next() & 0x1f;
    if (first == 0x62) map = next() & 7;
    at_ += first == 0xc5 ? 1 : first == 0xc4 ? 1 : 2;
    const uint8_t opcode = next();
    if (map == 1 && opcode == 0x77 && first != 0x62) return finish(0);
    modrm();
    const bool byte = map == 3 || (map == 1 && kTwoBytes[opcode] == 'B');
    return finish(byte ? 1 : 0);
  }

  size_t by_shape(char shape) {
    switch (shape) {
      case '.': return finish(0);
      case 'm': modrm(); return finish(0);
      case 'b': return finish(1);
      case 'w': return finish(2);
      case 'e': return finish(3);
      case 'q': return finish(4);
      case 'z': return finish(operand());
      case 'v': return finish(wide_ ? 8 : operand());
      case 'a': return finish(small_address_ ? 4 : 8);
      case 'B': modrm(); return finish(1);
      case 'Z': modrm(); return finish(operand());
      case 't': return finish((modrm() & 0x30) == 0 ? 1 : 0);
      case 'T': return finish((modrm() & 0x30) == 0 ? operand() : 0);
      default: return 0;
    }
  }

  std::span<const uint8_t> code_;
  size_t at_ = 0;
  bool cut_ = false;
  bool small_operand_ = false, small_address_ = false, wide_ = false;
};

}  // namespace

size_t x86_instruction_length(std::span<const uint8_t> code) { return Decoder(code).length(); }

}  // namespace sonde::kernel
