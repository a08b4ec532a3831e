// The pass list of this folder: functions of all programs, module-wide data, a few optimisations, the object.
#include "lower/lower.h"

#include <llvm/Config/llvm-config.h>

#include <llvm/Support/raw_ostream.h>

#include "base/check.h"
#include "lower/emit_object.h"
#include "lower/function.h"

namespace sonde::lower {
namespace {

std::string text_of(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

}  // namespace

std::string llvm_version() { return LLVM_VERSION_STRING; }

Result<Output> lower(const sema::TypedProgram& program, plan::Plan& plan, const source::SourceSet& sources,
                     const Options& options) {
  llvm::LLVMContext context;
  context.setDiscardValueNames(!options.want_ir);
  ModuleState state(context, plan, sources, options);
  for (const sema::Program& source : program.programs) {
    ProgramState one(state, source, plan.programs.at(&source));
    FunctionLowering(one).lower_entry();
  }
  state.finish();
  SONDE_TRY(state.link_routines());
  // From here on names, sections and sizes are final.
  Output output;
  if (options.want_ir) output.ir_before = text_of(state.module());
  if (options.verify_ir) SONDE_TRY(verify(state.module()));
  const Target target;
  target.optimize(state.module());
  if (options.want_ir) output.ir_after = text_of(state.module());
  SONDE_TRY(target.emit(state.module(), plan.image.object));
  return output;
}

}  // namespace sonde::lower
