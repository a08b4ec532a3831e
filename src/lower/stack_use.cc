// The call graph of an object, as the verifier walks it.
#include "lower/stack_use.h"

#include <llvm/IR/Constants.h>
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

class MapUse {
 public:
  std::set<const llvm::GlobalObject*> maps;

  void function(const llvm::Function& code) {
    if (!seen_.insert(&code).second) return;
    for (const llvm::Instruction& instruction : llvm::instructions(code))
      for (const llvm::Use& operand : instruction.operands()) visit(operand);
  }

 private:
  void visit(const llvm::Value* value) {
    if (const auto* code = llvm::dyn_cast<llvm::Function>(value)) return function(*code);
    if (const auto* global = llvm::dyn_cast<llvm::GlobalVariable>(value)) return note(*global);
    // An address within a global is an expression over it.
    if (const auto* expression = llvm::dyn_cast<llvm::ConstantExpr>(value))
      for (const llvm::Use& operand : expression->operands()) visit(operand);
  }

  // All of a section of data is one map.
  void note(const llvm::GlobalVariable& global) {
    if (global.isDeclaration()) return;  // a relocation's
    const bool is_map = global.getSection() == ".maps";
    maps.insert(is_map ? &global : sections_.try_emplace(global.getSection(), &global).first->second);
  }

  std::set<const llvm::Function*> seen_;
  std::map<llvm::StringRef, const llvm::GlobalVariable*> sections_;
};

}  // namespace

std::set<const llvm::GlobalObject*> maps_used(const llvm::Function& entry) {
  MapUse use;
  use.function(entry);
  return use.maps;
}

std::vector<CallChain> call_chains(const llvm::Module& module, const llvm::StringMap<uint32_t>& frames) {
  CallGraph graph(module, frames);
  std::vector<CallChain> chains;
  for (const llvm::Function& function : module)
    if (!function.isDeclaration() && !function.hasLocalLinkage()) chains.push_back(graph.chain(&function));
  return chains;
}

}  // namespace sonde::lower
