// The hand-picked pass pipeline and the ELF writer.
#include "lower/emit_object.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/IR/DiagnosticHandler.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/PassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include "base/check.h"

extern "C" {
void LLVMInitializeBPFTargetInfo();
void LLVMInitializeBPFTarget();
void LLVMInitializeBPFTargetMC();
void LLVMInitializeBPFAsmPrinter();
}

namespace sonde::lower {
namespace {

constexpr const char* kTriple = "bpfel-unknown-none";
// 32-bit arithmetic and atomics with fetch: kernels from 5.12 on.
constexpr const char* kProcessor = "v3";
// Has jumps of 32 bits, among other things.
constexpr const char* kFarProcessor = "v4";

// Takes what LLVM would print: sizes of frames, which it reports when asked by an attribute, and real complaints.
class Complaints : public llvm::DiagnosticHandler {
 public:
  Complaints(llvm::StringMap<uint32_t>& frames, std::string& text) : frames_(frames), text_(text) {}

  bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
    if (const auto* size = llvm::dyn_cast<llvm::DiagnosticInfoStackSize>(&info)) {
      frames_[size->getFunction().getName()] = static_cast<uint32_t>(size->getStackSize());
      return true;
    }
    if (info.getSeverity() != llvm::DS_Error) return true;
    std::string text;
    llvm::raw_string_ostream stream(text);
    llvm::DiagnosticPrinterRawOStream printer(stream);
    info.print(printer);
    // The same by its size, which says more.
    if (text.find("stack limit") == std::string::npos) text_ += text;
    return true;
  }

 private:
  llvm::StringMap<uint32_t>& frames_;
  std::string& text_;
};

// Instructions of LLVM's, fewer than will be emitted, beyond which a jump from one end of a function to the other may be too long.
constexpr unsigned kFarJumps = 5000;

// What is copied to have a way out near: giving back a slot of memory and the return.
constexpr size_t kShortWayOut = 12;

// Makes a copy of `block`, which ends in a return, for `before` alone, which only leads there.
llvm::BasicBlock* copy_way_out(llvm::BasicBlock& block, llvm::BasicBlock& before) {
  llvm::ValueToValueMapTy values;
  llvm::BasicBlock* copy = llvm::CloneBasicBlock(&block, values, ".near", block.getParent());
  for (llvm::PHINode& phi : block.phis()) {
    llvm::cast<llvm::Instruction>(values[&phi])->eraseFromParent();
    values[&phi] = phi.getIncomingValueForBlock(&before);
  }
  for (llvm::Instruction& instruction : *copy)
    llvm::RemapInstruction(&instruction, values, llvm::RF_NoModuleLevelChanges | llvm::RF_IgnoreMissingLocals);
  block.removePredecessor(&before, /*KeepOneInputPHIs=*/true);
  before.getTerminator()->setSuccessor(0, copy);
  copy->moveAfter(&before);
  return copy;
}

// A return of its own next to each place that leads to one: where a program leaves at once must not be where it ends, nor far
// from there.
void split_returns(llvm::Function& function) {
  llvm::SmallVector<llvm::BasicBlock*, 4> waiting;
  const auto add = [&](llvm::BasicBlock& block) {
    if (llvm::isa<llvm::ReturnInst>(block.getTerminator()) && block.size() <= kShortWayOut) waiting.push_back(&block);
  };
  for (llvm::BasicBlock& block : function) add(block);
  while (!waiting.empty()) {
    llvm::BasicBlock* block = waiting.pop_back_val();
    for (llvm::BasicBlock* before : llvm::SmallVector<llvm::BasicBlock*, 4>(llvm::predecessors(block))) {
      auto* jump = llvm::dyn_cast<llvm::BranchInst>(before->getTerminator());
      if (!jump || (jump->isConditional() && jump->getSuccessor(0) == jump->getSuccessor(1))) continue;
      const bool is_last = block->hasNPredecessors(1);
      if (jump->isConditional() && is_last) {
        block->moveAfter(before);
      } else if (jump->isConditional()) {
        copy_way_out(*block, *llvm::SplitEdge(before, block));
      } else {
        llvm::BasicBlock* copy = is_last ? block : copy_way_out(*block, *before);
        // Now `before` is a way out itself.
        if (llvm::MergeBlockIntoPredecessor(copy)) add(*before);
      }
    }
  }
}

// `Value`: the type that LLVM declares the option with.
template <typename Value>
void set_option(llvm::StringRef name, Value value) {
  const auto& options = llvm::cl::getRegisteredOptions();
  const auto option = options.find(name);
  if (option != options.end()) static_cast<llvm::cl::opt<Value>*>(option->second)->setValue(value);
}

std::unique_ptr<llvm::TargetMachine> machine_for(const llvm::Target& target, const char* processor) {
  return std::unique_ptr<llvm::TargetMachine>(target.createTargetMachine(
      kTriple, processor, "", llvm::TargetOptions(), llvm::Reloc::PIC_, {}, llvm::CodeGenOptLevel::Default));
}

bool is_long(const llvm::Function& function) { return function.getInstructionCount() > kFarJumps; }

}  // namespace

Result<> verify(const llvm::Module& module) {
  std::string complaint;
  llvm::raw_string_ostream stream(complaint);
  if (llvm::verifyModule(module, &stream)) return base::fail("generated code is malformed: " + complaint);
  return {};
}

Target::Target() {
  LLVMInitializeBPFTargetInfo();
  LLVMInitializeBPFTarget();
  LLVMInitializeBPFTargetMC();
  LLVMInitializeBPFAsmPrinter();
  // Sinking sums to where they are used keeps all their operands alive until there: with many operands the stack runs out.
  set_option("instcombine-code-sinking", false);
  set_option("disable-machine-sink", true);
  // Of the newer processor only the jumps.
  for (const char* other : {"disable-ldsx", "disable-movsx", "disable-bswap", "disable-sdiv-smod", "disable-storeimm"})
    set_option(other, true);
  std::string error;
  target_ = llvm::TargetRegistry::lookupTarget(kTriple, error);
  SONDE_CHECK(target_ != nullptr);
  machine_ = machine_for(*target_, kProcessor);
}

void Target::optimize(llvm::Module& module, bool sparing) const {
  module.setTargetTriple(kTriple);
  module.setDataLayout(machine_->createDataLayout());
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(machine_.get());
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);

  // Never code motion between branches: the verifier wants the address of a load and its check on one path.
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::SROAPass(llvm::SROAOptions::PreserveCFG));
  if (!sparing) {
    passes.addPass(llvm::EarlyCSEPass());
    passes.addPass(llvm::InstCombinePass());
  }
  passes.addPass(llvm::SimplifyCFGPass());
  passes.addPass(llvm::ADCEPass());
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    passes.run(function, functions);
    if (is_long(function)) split_returns(function);
  }
  // One that nothing calls any more would be a symbol without a type, which the linker refuses.
  for (llvm::Function& function : llvm::make_early_inc_range(module))
    if (function.isDeclaration() && function.use_empty()) function.eraseFromParent();
}

Result<> Target::emit(llvm::Module& module, std::vector<std::byte>& object, llvm::StringMap<uint32_t>& frames) const {
  for (llvm::Function& function : module)
    if (!function.isDeclaration()) function.addFnAttr("warn-stack-size", "0");
  std::string complaint;
  module.getContext().setDiagnosticHandler(std::make_unique<Complaints>(frames, complaint));
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  const bool far = llvm::any_of(module, is_long);
  // Blocks then stay where they were written, also those that are alike.
  set_option("disable-block-placement", far);
  set_option("enable-tail-merge", far ? llvm::cl::BOU_FALSE : llvm::cl::BOU_UNSET);
  const std::unique_ptr<llvm::TargetMachine> far_machine = far ? machine_for(*target_, kFarProcessor) : nullptr;
  llvm::TargetMachine& machine = far ? *far_machine : *machine_;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile,
                                  /*DisableVerify=*/true))
    return base::fail("LLVM cannot write BPF objects");
  passes.run(module);
  if (!complaint.empty()) return base::fail("LLVM cannot compile the program: " + complaint);
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
  object.assign(data, data + bytes.size());
  return {};
}

}  // namespace sonde::lower
