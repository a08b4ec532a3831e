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

// A return of its own next to each place that leads to one: where a program leaves at once for want of memory must not be where
// it ends, nor far from there.
void split_returns(llvm::Function& function) {
  llvm::SmallVector<llvm::ReturnInst*, 4> returns;
  for (llvm::BasicBlock& block : function)
    if (auto* leave = llvm::dyn_cast<llvm::ReturnInst>(block.getTerminator());
        leave && block.getFirstNonPHIOrDbg() == leave)
      returns.push_back(leave);
  for (llvm::ReturnInst* leave : returns) {
    llvm::BasicBlock* block = leave->getParent();
    for (llvm::BasicBlock* before : llvm::SmallVector<llvm::BasicBlock*, 4>(llvm::predecessors(block))) {
      auto* jump = llvm::dyn_cast<llvm::BranchInst>(before->getTerminator());
      if (block->hasNPredecessors(1)) {
        block->moveAfter(before);
      } else if (jump && jump->isUnconditional()) {
        llvm::FoldReturnIntoUncondBranch(leave, block, before);
      } else if (jump && jump->getSuccessor(0) != jump->getSuccessor(1)) {
        llvm::FoldReturnIntoUncondBranch(leave, block, llvm::SplitEdge(before, block));
      }
    }
  }
}

void set_option(llvm::StringRef name, bool value) {
  const auto& options = llvm::cl::getRegisteredOptions();
  const auto option = options.find(name);
  if (option != options.end()) static_cast<llvm::cl::opt<bool>*>(option->second)->setValue(value);
}

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
  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(kTriple, error);
  SONDE_CHECK(target != nullptr);
  machine_.reset(target->createTargetMachine(kTriple, kProcessor, "", llvm::TargetOptions(), llvm::Reloc::PIC_, {},
                                             llvm::CodeGenOptLevel::Default));
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
  bool is_long = false;
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    passes.run(function, functions);
    if (function.getInstructionCount() <= kFarJumps) continue;
    split_returns(function);
    is_long = true;
  }
  // Blocks then stay where they were written.
  set_option("disable-block-placement", is_long);
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
  if (machine_->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile,
                                    /*DisableVerify=*/true))
    return base::fail("LLVM cannot write BPF objects");
  passes.run(module);
  if (!complaint.empty()) return base::fail("LLVM cannot compile the program: " + complaint);
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
  object.assign(data, data + bytes.size());
  return {};
}

}  // namespace sonde::lower
