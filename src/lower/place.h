// Where a value is before it is read: a chain of members of one structure is one place.
#pragma once

#include <llvm/IR/Value.h>

#include <cstdint>

#include "types/type.h"

namespace sonde::lower {

// Where a value is before it is read. `owned`: memory of the program, loads are plain. `foreign`: any address, read by a
// helper. `context`: the probe's context, loads at constant offsets.
struct Place {
  enum class Kind : uint8_t { owned, foreign, context } kind = Kind::owned;
  llvm::Value* base = nullptr;  // pointer (owned, context) or i64 (foreign)
  uint32_t offset = 0;          // constant bytes still to be added
  types::Space space = types::Space::none;
};

// Byte offset into struct pt_regs of the argument register `number` of the C calling convention.
uint32_t argument_register_offset(bool arm64, uint32_t number);

}  // namespace sonde::lower
