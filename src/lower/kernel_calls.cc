// Calls of kernel helpers, and the counters of what went wrong in the kernel.
#include <linux/bpf.h>

#include <llvm/IR/MDBuilder.h>

#include <algorithm>
#include <cstddef>

#include "base/check.h"
#include "lower/function.h"

namespace sonde::lower {
namespace {

// Their results do not change during one run of a program: called once, however often the script asks.
bool is_constant_helper(uint32_t id) {
  switch (id) {
    case BPF_FUNC_get_current_pid_tgid:
    case BPF_FUNC_get_current_uid_gid:
    case BPF_FUNC_get_current_task:
    case BPF_FUNC_get_current_task_btf:
    case BPF_FUNC_get_smp_processor_id:
    case BPF_FUNC_get_numa_node_id:
    case BPF_FUNC_get_current_cgroup_id: return true;
    default: return false;
  }
}

}  // namespace

llvm::Value* FunctionLowering::helper(uint32_t id, llvm::ArrayRef<llvm::Value*> operands) {
  llvm::SmallVector<llvm::Type*, 5> parameters;
  for (llvm::Value* operand : operands) parameters.push_back(operand->getType());
  auto* type = llvm::FunctionType::get(module.i64, parameters, false);
  auto* callee = llvm::ConstantExpr::getIntToPtr(builder.getInt64(id), module.ptr);
  llvm::CallInst* call = builder.CreateCall(type, callee, operands);
  call->setDoesNotThrow();
  if (is_constant_helper(id) && operands.empty()) {
    call->setDoesNotAccessMemory();
    call->addFnAttr(llvm::Attribute::WillReturn);
  }
  return call;
}

llvm::Value* FunctionLowering::probe_read(llvm::Value* to, llvm::Value* size, llvm::Value* address,
                                          types::Space space) {
  uint32_t id = BPF_FUNC_probe_read;
  if (space == types::Space::kernel) id = BPF_FUNC_probe_read_kernel;
  if (space == types::Space::user) id = BPF_FUNC_probe_read_user;
  return helper(id, {to, builder.CreateTrunc(size, module.i32), address});
}

llvm::Value* FunctionLowering::probe_read_string(llvm::Value* to, llvm::Value* size, llvm::Value* address,
                                                 types::Space space) {
  uint32_t id = BPF_FUNC_probe_read_str;
  if (space == types::Space::kernel) id = BPF_FUNC_probe_read_kernel_str;
  if (space == types::Space::user) id = BPF_FUNC_probe_read_user_str;
  return helper(id, {to, builder.CreateTrunc(size, module.i32), address});
}

// Counts at the current place. The cell is this CPU's, so a plain addition does; user space adds up the CPUs.
void FunctionLowering::report_error(image::ErrorKind kind, std::string_view name, llvm::Value* code, bool optional,
                                    image::MapId map) {
  if (optional && !module.options().runtime_warnings) return;
  const image::ErrorSiteId site = module.error_site(kind, name, map, span, optional);
  if (program.is_long) {
    // A call instead of a copy of the code per place.
    builder.CreateCall(error_function(), {builder.getInt32(site.value), code});
    return;
  }
  TempScope temporaries(*this);
  llvm::Value* index = allocate(4);
  store(index, 4, constant(site.value));
  count_error(index, code);
}

// `index` is the address of the error site's number.
void FunctionLowering::count_error(llvm::Value* index, llvm::Value* code) {
  llvm::Value* cell = helper_pointer(BPF_FUNC_map_lookup_elem, {module.map(InternalMap::errors), index});
  if_then(builder.CreateIsNotNull(cell), [&] {
    llvm::Value* count = offset(cell, offsetof(image::ErrorCell, count));
    store(count, 8, builder.CreateAdd(load(count, 8, false), constant(1)));
    // Map operations that return an int leave the upper half of the register zero on kernels before 6.3.
    store(offset(cell, offsetof(image::ErrorCell, code)), 8,
          builder.CreateSExt(builder.CreateTrunc(code, module.i32), module.i64));
  });
}

// static long count_error(u32 site, long code), shared by all programs.
llvm::Function* FunctionLowering::error_function() {
  const std::string name = "count_error";
  if (llvm::Function* known = module.module().getFunction(name)) return known;
  return static_function(name, {module.i32, module.i64}, [&] {
    llvm::Value* index = builder.CreateAlloca(module.i32);
    builder.CreateStore(function->getArg(0), index);
    count_error(index, function->getArg(1));
  });
}

// A static function of the module whose code `body` emits; it returns 0.
llvm::Function* FunctionLowering::static_function(const std::string& name, llvm::ArrayRef<llvm::Type*> parameters,
                                                  const std::function<void()>& body) {
  const auto insertion = builder.saveIP();
  const auto location = builder.getCurrentDebugLocation();
  llvm::Function* outer = function;
  function = llvm::Function::Create(llvm::FunctionType::get(module.i64, parameters, false),
                                    llvm::GlobalValue::InternalLinkage, name, module.module());
  function->setDoesNotThrow();
  function->addFnAttr(llvm::Attribute::NoInline);
  llvm::DISubprogram* subprogram = module.subprogram(name, true);
  function->setSubprogram(subprogram);
  builder.SetInsertPoint(new_block("entry"));
  builder.SetCurrentDebugLocation(module.location(subprogram, span));
  body();
  builder.CreateRet(constant(0));
  llvm::Function* made = function;
  function = outer;
  builder.restoreIP(insertion);
  builder.SetCurrentDebugLocation(location);
  return made;
}

// Counts in this program's LossCell. Atomic: a preempted run of this program may be in the middle of the same addition.
void FunctionLowering::count_loss(uint32_t field_offset) {
  // Not allocate(): a run without a scratch slot counts too.
  llvm::Value* index = loss_key();
  llvm::Value* cell = helper_pointer(BPF_FUNC_map_lookup_elem, {module.map(InternalMap::losses), index});
  if_then(builder.CreateIsNotNull(cell), [&] {
    builder.CreateAtomicRMW(llvm::AtomicRMWInst::Add, offset(cell, field_offset), constant(1), llvm::Align(8),
                            llvm::AtomicOrdering::Monotonic);
  });
}

llvm::Value* FunctionLowering::loss_key() {
  if (!loss_key_) loss_key_ = llvm::IRBuilder<>(allocas_, allocas_->begin()).CreateAlloca(module.i32);
  store(loss_key_, 4, constant(program.id.value));
  return loss_key_;
}

llvm::Value* FunctionLowering::helper_pointer(uint32_t id, llvm::ArrayRef<llvm::Value*> operands) {
  llvm::SmallVector<llvm::Type*, 5> parameters;
  for (llvm::Value* operand : operands) parameters.push_back(operand->getType());
  auto* type = llvm::FunctionType::get(module.ptr, parameters, false);
  llvm::CallInst* call =
      builder.CreateCall(type, llvm::ConstantExpr::getIntToPtr(builder.getInt64(id), module.ptr), operands);
  call->setDoesNotThrow();
  return call;
}

// `value` below `limit`, else limit - 1. The comparison goes through an opaque copy: LLVM would drop it where it can prove
// the bound by ways the verifier cannot follow.
llvm::Value* FunctionLowering::bound(llvm::Value* value, uint64_t limit) {
  SONDE_CHECK(limit > 0);
  if (auto* known = llvm::dyn_cast<llvm::ConstantInt>(value))
    return constant(std::min<uint64_t>(known->getZExtValue(), limit - 1));
  llvm::Value* opaque = settled(value);
  // A power of two needs no branch: the mask is what the verifier understands best.
  llvm::BasicBlock* before = builder.GetInsertBlock();
  llvm::BasicBlock* high = new_block("high");
  llvm::BasicBlock* done = new_block("bounded");
  builder.CreateCondBr(builder.CreateICmpULT(opaque, constant(limit)), done, high);
  continue_in(high);
  builder.CreateBr(done);
  continue_in(done);
  llvm::PHINode* result = builder.CreatePHI(module.i64, 2);
  result->addIncoming(opaque, before);
  result->addIncoming(constant(limit - 1), high);
  return result;
}

llvm::BasicBlock* FunctionLowering::new_block(const char* name) {
  return llvm::BasicBlock::Create(module.context(), name, function);
}

// Goes on at the end of the function: blocks are laid out in the order in which they are written.
void FunctionLowering::continue_in(llvm::BasicBlock* block) {
  if (block != &function->back()) block->moveAfter(&function->back());
  builder.SetInsertPoint(block);
}

void FunctionLowering::if_then(llvm::Value* condition, const std::function<void()>& then_part, bool unlikely) {
  llvm::BasicBlock* then_block = new_block("then");
  llvm::BasicBlock* after = new_block("after");
  llvm::MDBuilder metadata(module.context());
  llvm::MDNode* weights = nullptr;
  if (program.is_long) {
    weights = metadata.createBranchWeights(2000, 1);  // stays here
  } else if (unlikely) {
    weights = metadata.createBranchWeights(1, 2000);  // goes to the end
  }
  builder.CreateCondBr(condition, then_block, after, weights);
  continue_in(then_block);
  perhaps(then_part);
  if (open()) builder.CreateBr(after);
  continue_in(after);
}

llvm::Value* FunctionLowering::value_if(llvm::Value* condition, const std::function<llvm::Value*()>& then_part) {
  llvm::BasicBlock* before = builder.GetInsertBlock();
  llvm::BasicBlock* some = new_block("some");
  llvm::BasicBlock* after = new_block("after");
  builder.CreateCondBr(condition, some, after);
  continue_in(some);
  llvm::Value* value = then_part();
  some = builder.GetInsertBlock();
  builder.CreateBr(after);
  continue_in(after);
  llvm::PHINode* result = builder.CreatePHI(module.i64, 2);
  result->addIncoming(constant(0), before);
  result->addIncoming(value, some);
  return result;
}

// Where a block that has to give a value was left by a jump: what would come next goes where nothing arrives.
void FunctionLowering::keep_open() {
  if (!open()) continue_in(new_block("unreachable"));
}

void FunctionLowering::perhaps(const std::function<void()>& part) {
  KnownValues before = available;
  part();
  available = open() ? KnownValues::both(before, available) : std::move(before);
}

// The value as the type holds it: cut to its width and extended by its sign.
llvm::Value* FunctionLowering::canonical(llvm::Value* value, TypeRef type) {
  if (type->size >= 8 || type->size == 0) return value;
  llvm::Value* narrow = builder.CreateTrunc(value, builder.getIntNTy(type->size * 8));
  return type->is_signed ? builder.CreateSExt(narrow, module.i64) : builder.CreateZExt(narrow, module.i64);
}

}  // namespace sonde::lower
