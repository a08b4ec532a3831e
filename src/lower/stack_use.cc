// The call graph of an object, as the verifier walks it.
#include "lower/stack_use.h"

#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

#include <algorithm>
#include <map>

namespace sonde::lower {
namespace {

// Frames are rounded up to this by kernels without the finer rule of the JIT compilers.
constexpr uint32_t kFrameUnit = 32;

class CallGraph {
 public:
  CallGraph(const llvm::Module& module, const llvm::StringMap<uint32_t>& frames) : frames_(frames) {
    for (const llvm::Function& function : module)
      for (const llvm::Instruction& instruction : llvm::instructions(function)) {
        if (!llvm::isa<llvm::CallBase>(instruction)) continue;
        for (const llvm::Use& operand : instruction.operands())
          if (const auto* callee = llvm::dyn_cast<llvm::Function>(operand); callee && !callee->isDeclaration())
            callees_[&function].push_back(callee);
      }
  }

  // Programs are functions that none calls: others are static.
  const CallChain& chain(const llvm::Function* function) {
    if (const auto known = chains_.find(function); known != chains_.end()) return known->second;
    CallChain chain{function, 0, {}};
    for (const llvm::Function* callee : callees_[function]) {
      const CallChain& below = this->chain(callee);
      chain.bytes = std::max(chain.bytes, below.bytes);
      if (below.deepest.size() > chain.deepest.size()) chain.deepest = below.deepest;
    }
    const auto own = frames_.find(function->getName());
    const uint32_t bytes = own == frames_.end() ? 1 : std::max(1u, own->second);
    chain.bytes += (bytes + kFrameUnit - 1) / kFrameUnit * kFrameUnit;
    chain.deepest.insert(chain.deepest.begin(), function);
    return chains_[function] = std::move(chain);
  }

 private:
  const llvm::StringMap<uint32_t>& frames_;
  std::map<const llvm::Function*, std::vector<const llvm::Function*>> callees_;
  std::map<const llvm::Function*, CallChain> chains_;
};

}  // namespace

std::vector<CallChain> call_chains(const llvm::Module& module, const llvm::StringMap<uint32_t>& frames) {
  CallGraph graph(module, frames);
  std::vector<CallChain> chains;
  for (const llvm::Function& function : module)
    if (!function.isDeclaration() && !function.hasLocalLinkage()) chains.push_back(graph.chain(&function));
  return chains;
}

}  // namespace sonde::lower
