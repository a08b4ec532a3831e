// Where a value is before it is read: a chain of members of one structure is one place.
#pragma once

#include <llvm/IR/Value.h>

#include <cstdint>
#include <vector>

#include "types/type.h"

namespace sonde::lower {

// Where a value is before it is read. `owned`: memory of the program, loads are plain. `foreign`: any address, read by a
// helper. `context`: the probe's context, loads at constant offsets.
struct Place {
  enum class Kind : uint8_t { owned, foreign, context } kind = Kind::owned;
  llvm::Value* base = nullptr;  // pointer (owned, context) or i64 (foreign)
  uint32_t offset = 0;          // constant bytes still to be added
  types::Space space = types::Space::none;
  // Bytes of a text that has no NUL of its own; 0: all that its type says are there.
  uint32_t text_bytes = 0;
  // foreign: the record that `base` points to, where the verifier knows this too: members are then loaded without a helper.
  const types::CRecord* typed = nullptr;
  // foreign, portable objects: where `base` came from if it is a place within a record without a name, which no relocation can
  // name: the address of the record around it that has one, and the members from there on.
  const types::CRecord* root = nullptr;
  llvm::Value* root_base = nullptr;
  std::vector<const types::CField*> members = {};
};

// Byte offset into struct pt_regs of the argument register `number` of the C calling convention.
uint32_t argument_register_offset(bool arm64, uint32_t number);

}  // namespace sonde::lower
