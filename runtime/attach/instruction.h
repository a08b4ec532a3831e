// Instructions that the kernel's uprobes take for others.
#pragma once

#include <cstddef>
#include <span>

namespace sonde::attach {

inline constexpr size_t kLongestInstruction = 15;  // bytes, Intel SDM 2A 2.3.11

// Whether a uprobe at this code of an x86_64 program would make it go wrong. The kernel finds the jumps, calls and nops that it
// carries out itself by their opcode byte alone (branch_setup_ops() in arch/x86/kernel/uprobes.c; seen in 6.18). Instructions
// in VEX, EVEX and XOP encoding have opcodes of their own with the same bytes: vpbroadcastb would be taken for `jp`, vpcmpeqb
// for `je`, and not be executed. The string functions of C libraries begin with them. Bytes that are missing count as
// harmless.
bool is_taken_for_jump(std::span<const unsigned char> code);

}  // namespace sonde::attach
