// The pass list of this folder: functions of all programs, module-wide data, a few optimisations, the object.
#include "lower/lower.h"

#include <llvm/Config/llvm-config.h>

#include <llvm/Support/raw_ostream.h>

#include <algorithm>

#include "base/check.h"
#include "lower/emit_object.h"
#include "lower/function.h"
#include "lower/stack_use.h"

namespace sonde::lower {
namespace {

constexpr size_t kDataSections = 4;  // .rodata, .data, .bss and room for one more

std::string text_of(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

// One compilation of all programs, the object checked against the limits that depend on LLVM's choices.
class Attempt {
 public:
  Attempt(const sema::TypedProgram& program, plan::Plan& plan, const source::SourceSet& sources, const Options& options,
          bool sparing)
      : program_(program),
        plan_(plan),
        options_(options),
        sparing_(sparing),
        state_(context_, plan, sources, options, sparing) {
    context_.setDiscardValueNames(!options.want_ir);
  }

  Result<Output> run() {
    for (const sema::Program& source : program_.programs) {
      ProgramState one(state_, source, plan_.programs.at(&source));
      FunctionLowering(one).lower_entry();
    }
    state_.finish();
    SONDE_TRY(state_.link_routines());
    // From here on names, sections and sizes are final.
    Output output;
    if (options_.want_ir) output.ir_before = text_of(state_.module());
    if (options_.verify_ir) SONDE_TRY(verify(state_.module()));
    const Target target;
    target.optimize(state_.module(), sparing_);
    if (options_.want_ir) output.ir_after = text_of(state_.module());
    llvm::StringMap<uint32_t> frames;
    SONDE_TRY(target.emit(state_.module(), plan_.image.object, frames));
    chains_ = call_chains(state_.module(), frames);
    output.too_many_maps = count_maps();
    return output;
  }

  // The program that needs the most stack.
  const CallChain& largest() const { return *std::ranges::max_element(chains_, {}, &CallChain::bytes); }
  bool fits() const { return chains_.empty() || largest().bytes <= kStackLimit; }

  // The program with the most calls within calls.
  const CallChain& deepest() const {
    return *std::ranges::max_element(chains_, {}, [](const CallChain& chain) { return chain.deepest.size(); });
  }
  bool too_deep() const { return !chains_.empty() && deepest().deepest.size() > kCallLimit; }

 private:
  std::optional<MapsLimit> count_maps() {
    if (plan_.image.maps.size() + kDataSections <= kMapLimit) return {};
    for (const sema::Program& source : program_.programs) {
      const image::ProgramDesc& desc = plan_.image.programs[plan_.programs.at(&source).value];
      const auto used = maps_used(*state_.module().getFunction(desc.symbol));
      if (used.size() <= kMapLimit) continue;
      const auto internal = std::ranges::count_if(used, [&](const llvm::GlobalObject* global) {
        const auto named = std::ranges::find(plan_.image.maps, global->getName(), &image::MapDesc::elf_name);
        return named == plan_.image.maps.end() || named->internal;
      });
      return MapsLimit{source.range, static_cast<uint32_t>(used.size()), static_cast<uint32_t>(internal), kMapLimit};
    }
    return {};
  }

  const sema::TypedProgram& program_;
  plan::Plan& plan_;
  const Options& options_;
  const bool sparing_;
  llvm::LLVMContext context_;
  ModuleState state_;
  std::vector<CallChain> chains_;
};

}  // namespace

std::string llvm_version() { return LLVM_VERSION_STRING; }

Result<Output> lower(const sema::TypedProgram& program, plan::Plan& plan, const source::SourceSet& sources,
                     const Options& options) {
  const plan::Plan planned = plan;
  for (const bool sparing : {false, true}) {
    if (sparing) plan = planned;
    Attempt attempt(program, plan, sources, options, sparing);
    Result<Output> output = attempt.run();
    if (!output) return output;
    // The language's limit on loops within loops keeps the calls of their bodies within this.
    if (attempt.too_deep())
      return base::fail("the code of " + attempt.deepest().entry->getName().str() + " calls " +
                        std::to_string(attempt.deepest().deepest.size()) + " levels deep, the kernel " +
                        std::to_string(kCallLimit));
    if (attempt.fits()) return output;
    // How many values wait on the stack is LLVM's choice and known only now: once more, with fewer of them.
    if (sparing)
      return base::fail("the code of " + attempt.largest().entry->getName().str() + " needs " +
                        std::to_string(attempt.largest().bytes) + " bytes of stack, more than the " +
                        std::to_string(kStackLimit) + " that the kernel has");
  }
  SONDE_UNREACHABLE();
}

}  // namespace sonde::lower
