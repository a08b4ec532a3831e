// Entries of several cells: a series of many intervals is kept in blocks, whose numbers stand in the keys.
#pragma once

#include "lower/function.h"

namespace sonde::lower {

enum class BlockVisit : uint8_t { find, remove };

// Looks for any block of the entry whose key is at `key_memory` (desc.key_size bytes, which are written to), or removes all of
// them. Gives 1 if there was one, else 0.
llvm::Value* visit_blocks(FunctionLowering& function, const sema::Map* map, llvm::Value* key_memory, BlockVisit visit);

}  // namespace sonde::lower
