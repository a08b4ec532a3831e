// Where the arguments of a static probe are while its instruction is reached: `SIZE@OPERAND` in the machine's assembler
// syntax, as <sys/sdt.h> records them. Each machine has a table and a parser of its own.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::probes {

// No more than these can be asked for; arguments beyond read as 0.
inline constexpr uint32_t kUsdtArguments = 12;

struct UsdtArgument {
  // unusable: recorded in a way that cannot be read (a floating-point register); `problem` says why.
  enum class Kind : uint8_t { constant, in_register, memory, unusable } kind = Kind::constant;
  uint32_t size = 8;  // 1, 2, 4, 8 bytes
  bool is_signed = false;
  int64_t value = 0;              // constant; bytes added to the address
  std::optional<uint32_t> base;   // byte offset into struct pt_regs of the register
  std::optional<uint32_t> index;  // of the second register
  uint32_t scale = 1;             // that the second register is multiplied by
  uint32_t index_bytes = 8;       // how much of the second register counts: 4 or 8
  bool index_signed = false;      // ... and how it is extended
  std::string problem;
  bool operator==(const UsdtArgument&) const = default;
};

enum class UsdtMachine : uint8_t { x86_64, arm64 };
// By EM_* of the binary; empty: the arguments of that machine are unknown.
std::optional<UsdtMachine> usdt_machine(uint16_t elf_machine);

// Distance of a symbol from the probe's instruction, for operands relative to the instruction pointer.
using SymbolDistance = std::function<std::optional<int64_t>(std::string_view symbol)>;

// The arguments of one note in order. Operands that make no sense are `unusable`.
std::vector<UsdtArgument> parse_usdt_arguments(std::string_view text, UsdtMachine machine,
                                               const SymbolDistance& distance);

}  // namespace sonde::probes
