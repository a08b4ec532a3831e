// What the functions of an object need of what the kernel limits: stack, calls within calls, maps (private to this folder).
#pragma once

#include <llvm/ADT/StringMap.h>
#include <llvm/IR/Module.h>

#include <set>
#include <vector>

namespace sonde::lower {

// Limits of the verifier on a chain of calls, callbacks of loops included.
inline constexpr uint32_t kStackLimit = 512;
inline constexpr uint32_t kCallLimit = 8;
// Maps of one program, sections of data included (MAX_USED_MAPS).
inline constexpr uint32_t kMapLimit = 64;

// The chain that begins with `entry` and needs the most.
struct CallChain {
  const llvm::Function* entry = nullptr;
  uint32_t bytes = 0;                          // over the chain with the most bytes
  std::vector<const llvm::Function*> deepest;  // the chain with the most calls, `entry` first
};

// Of every function that nothing calls. `frames`: bytes of stack by name of the function, 0 where there is none.
std::vector<CallChain> call_chains(const llvm::Module& module, const llvm::StringMap<uint32_t>& frames);

// Maps and sections of data that `entry` and what it calls refer to.
std::set<const llvm::GlobalObject*> maps_used(const llvm::Function& entry);

}  // namespace sonde::lower
