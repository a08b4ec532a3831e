// LLVM's BPF target: optimisation and code generation (private to this folder).
#pragma once

#include <llvm/ADT/StringMap.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "base/result.h"

namespace sonde::lower {

// Fails with LLVM's complaint about malformed IR.
Result<> verify(const llvm::Module& module);

class Target {
 public:
  Target();
  // Only passes that pay for themselves in programs of this kind.
  // `sparing`: none that keeps values longer than the code says.
  void optimize(llvm::Module& module, bool sparing) const;
  // `frames` gets the bytes of stack of every function that has any. More than the kernel allows is no failure here. Where jumps
  // reach too far for 16 bits, and only there, the object has jumps of 32 bits, which Linux knows since 6.6.
  Result<> emit(llvm::Module& module, std::vector<std::byte>& object, llvm::StringMap<uint32_t>& frames) const;

 private:
  const llvm::Target* target_ = nullptr;
  std::unique_ptr<llvm::TargetMachine> machine_;
};

}  // namespace sonde::lower
