// Calls of functions that stand in another object, which the linker joins with this one (imports.md).
#include "lower/function.h"

namespace sonde::lower {

llvm::Value* FunctionLowering::c_call(const sema::CCall& call) {
  llvm::SmallVector<llvm::Value*, 5> arguments;
  for (const sema::Expr* argument : call.arguments) {
    if (argument->kind != sema::ExprKind::map_ref) {
      arguments.push_back(scalar(*argument));
      continue;
    }
    const sema::Map* map = sema::as<sema::MapRef>(*argument).map;
    arguments.push_back(builder.CreatePtrToInt(module.map(module.plan().maps.at(map)), module.i64));
  }
  llvm::Value* result = builder.CreateCall(module.c_function(*call.function), arguments);
  available.forget_maps();  // it may have been given one to write to
  return result;
}

}  // namespace sonde::lower
