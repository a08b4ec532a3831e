// System V x86_64 (psABI 3.2.3) and AAPCS64 (6.8.2), as far as C types go.
#include "debuginfo/calling_convention.h"

#include <dwarf.h>

#include <iterator>

#include "debuginfo/dwarf_types.h"

namespace sonde::debuginfo {
namespace {

constexpr uint32_t kWord = 8;
constexpr uint32_t kX86Registers = 6, kArm64Registers = 8, kFloatRegisters = 8;
// DWARF numbers of rdi rsi rdx rcx r8 r9.
constexpr unsigned kX86Numbers[] = {5, 4, 1, 2, 8, 9};

// What the words of a record are made of.
struct Words {
  bool integer[2] = {false, false};
  bool floating[2] = {false, false};
};

void classify(Dwarf_Die type, uint64_t at, Words& words) {
  const auto plain = plain_type(type);
  if (!plain) return;
  Dwarf_Die die = *plain;
  const int tag = ::dwarf_tag(&die);
  const bool record = tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
  if (record) {
    Dwarf_Die child;
    if (::dwarf_child(&die, &child) != 0) return;
    do {
      const int kind = ::dwarf_tag(&child);
      if (kind != DW_TAG_member && kind != DW_TAG_inheritance) continue;
      if (const auto member = type_of(&child)) classify(*member, at + member_offset(&child), words);
    } while (::dwarf_siblingof(&child, &child) == 0);
    return;
  }
  if (tag == DW_TAG_array_type) {
    const auto element = type_of(&die);
    const uint64_t size = element ? size_of(*element) : 0;
    const uint64_t total = size_of(die);
    for (uint64_t i = 0; size && i + size <= total && at + i < 2UL * kWord; i += size)
      classify(*element, at + i, words);
    return;
  }
  if (at / kWord > 1) return;
  auto& kind = tag == DW_TAG_base_type && is_floating(&die) ? words.floating : words.integer;
  kind[at / kWord] = true;
}

bool is_record(Dwarf_Die type) {
  const int tag = ::dwarf_tag(&type);
  return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

}  // namespace

std::optional<uint32_t> argument_register(Machine machine, unsigned number) {
  switch (machine) {
    case Machine::x86_64:
      for (uint32_t i = 0; i < kX86Registers; ++i)
        if (kX86Numbers[i] == number) return i;
      return std::nullopt;
    case Machine::arm64: return number < kArm64Registers ? std::optional<uint32_t>(number) : std::nullopt;
  }
  return std::nullopt;
}

unsigned argument_register_name(Machine machine, uint32_t number) {
  return machine == Machine::x86_64 ? kX86Numbers[number] : number;
}

std::optional<uint32_t> saved_register_offset(Machine machine, unsigned number) {
  // arch/x86/include/uapi/asm/ptrace.h, in DWARF's order: ax dx cx bx si di bp sp r8 to r15.
  constexpr uint32_t kX86Offsets[] = {80, 96, 88, 40, 104, 112, 32, 152, 72, 64, 56, 48, 24, 16, 8, 0};
  constexpr unsigned kArm64General = 31;
  switch (machine) {
    case Machine::x86_64: return number < std::size(kX86Offsets) ? std::optional(kX86Offsets[number]) : std::nullopt;
    case Machine::arm64: return number < kArm64General ? std::optional(number * kWord) : std::nullopt;
  }
  return std::nullopt;
}

bool returned_in_memory(Machine machine, std::optional<Dwarf_Die> type) {
  const auto plain = plain_type(type);
  // arm64 passes the address in a register of its own.
  return machine == Machine::x86_64 && plain && is_record(*plain) && size_of(*plain) > 2UL * kWord;
}

RegisterAllocator::RegisterAllocator(Machine machine, bool hidden_result)
    : machine_(machine),
      used_(hidden_result ? 1 : 0),
      limit_(machine == Machine::x86_64 ? kX86Registers : kArm64Registers) {}

RegisterAllocator::Place RegisterAllocator::next_address() {
  if (used_ == limit_) return {.on_stack = true};
  return {used_++, 1, false};
}

RegisterAllocator::Place RegisterAllocator::next(std::optional<Dwarf_Die> type) {
  const auto plain = plain_type(type);
  Words words;
  uint32_t wanted = 1;
  if (plain && is_record(*plain)) {
    const uint64_t size = size_of(*plain);
    // On arm64 a large record is copied and its address passed; nobody could tell it from a pointer.
    if (size > 2UL * kWord) {
      if (machine_ == Machine::arm64 && used_ < limit_) ++used_;
      return {.on_stack = true};
    }
    if (size == 0) return {};
    wanted = static_cast<uint32_t>((size + kWord - 1) / kWord);
    classify(*plain, 0, words);
  } else if (plain) {
    classify(*plain, 0, words);
    wanted = size_of(*plain) > kWord ? 2 : 1;
  }
  const bool all_floating = !words.integer[0] && !words.integer[1] && (words.floating[0] || words.floating[1]);
  if (all_floating) {
    if (floats_ + wanted > kFloatRegisters) return {.on_stack = true};
    floats_ += wanted;
    return {};
  }
  // A record of which one word is floating point is split between the two kinds of registers.
  const bool split = wanted == 2 && machine_ == Machine::x86_64 &&
                     ((words.floating[0] && !words.integer[0]) || (words.floating[1] && !words.integer[1]));
  const uint32_t needed = split ? 1 : wanted;
  if (used_ + needed > limit_) return {.on_stack = true};
  const uint32_t first = used_;
  used_ += needed;
  if (split) {
    ++floats_;
    return {};
  }
  return {first, needed, false};
}

}  // namespace sonde::debuginfo
