// Lengths of x86_64 instructions, to tell where they begin. Knows the shape of every instruction, not its meaning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sonde::kernel {

// Bytes of the instruction at the start of `code`; 0: none that is known, or it is cut off.
size_t x86_instruction_length(std::span<const uint8_t> code);

}  // namespace sonde::kernel
