// Routines written in C (stdlib/bpf): declared when a program calls them, their bitcode linked once all programs stand.
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Support/MemoryBuffer.h>

#include <algorithm>

#include "base/check.h"
#include "lower/module.h"
#include "stdlib/embedded.h"

namespace sonde::lower {
namespace {

constexpr InternalMap kUnwindMaps[] = {InternalMap::unwind_rows, InternalMap::unwind_spaces};

// A routine, the file that holds it, and the maps that it names.
struct RoutineRow {
  std::string_view name, file;
  llvm::ArrayRef<InternalMap> maps;
};
const RoutineRow kRoutines[] = {{"sonde_unwind", "unwind.bc", kUnwindMaps}};

const RoutineRow& row_of(std::string_view name) {
  const auto* row = std::ranges::find(kRoutines, name, &RoutineRow::name);
  SONDE_CHECK(row != std::end(kRoutines));
  return *row;
}

// Debug information of the routine becomes part of our own unit: with two, LLVM would write tables that nobody reads.
void join_unit(llvm::Module& routine, llvm::DICompileUnit* unit) {
  llvm::DebugInfoFinder finder;
  finder.processModule(routine);
  for (llvm::DISubprogram* function : finder.subprograms())
    if (function->getUnit()) function->replaceUnit(unit);
  if (llvm::NamedMDNode* units = routine.getNamedMetadata("llvm.dbg.cu")) routine.eraseNamedMetadata(units);
}

}  // namespace

llvm::FunctionCallee ModuleState::routine(std::string_view name, llvm::ArrayRef<llvm::Value*> operands) {
  const RoutineRow& row = row_of(name);
  for (const InternalMap which : row.maps) map(which);
  if (std::ranges::find(routine_files_, row.file) == routine_files_.end()) routine_files_.push_back(row.file);
  llvm::SmallVector<llvm::Type*, 5> parameters;
  for (const llvm::Value* operand : operands) parameters.push_back(operand->getType());
  return module_.getOrInsertFunction(llvm::StringRef(name), llvm::FunctionType::get(i64, parameters, false));
}

Result<> ModuleState::link_routines() {
  for (const std::string_view name : routine_files_) {
    const std::span<const stdlib::Embedded> files = stdlib::routines();
    const auto file = std::ranges::find(files, name, &stdlib::Embedded::name);
    SONDE_CHECK(file != files.end());
    auto parsed = llvm::parseBitcodeFile(
        llvm::MemoryBufferRef({file->content.data(), file->content.size()}, llvm::StringRef(name)), context_);
    SONDE_CHECK(bool(parsed));
    // The target is set for the whole module at the end; until then there is none to differ in.
    join_unit(**parsed, unit_);
    (*parsed)->setTargetTriple(module_.getTargetTriple());
    (*parsed)->setDataLayout(module_.getDataLayout());
    if (llvm::Linker::linkModules(module_, std::move(*parsed), llvm::Linker::LinkOnlyNeeded))
      return base::fail("cannot link the routine " + std::string(name));
  }
  return {};
}

}  // namespace sonde::lower
