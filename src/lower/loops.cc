// Loops are functions that the kernel calls: bpf_loop for ranges and while, bpf_for_each_map_elem for maps. The verifier then
// looks at a body once, however often it runs. Bodies reach outer variables, scratch memory and the context through the
// shared frame; they return 1 to stop the loop and 0 to go on.
#include <linux/bpf.h>

#include <cerrno>

#include "lower/function.h"

namespace sonde::lower {
namespace {

constexpr uint64_t kLoopLimit = 1u << 23;  // BPF_MAX_LOOPS

}  // namespace

void FunctionLowering::start_loop_body() {
  break_ = new_block("break");
  continue_ = new_block("continue");
  llvm::IRBuilder<> at(break_);
  at.SetCurrentDebugLocation(builder.getCurrentDebugLocation());
  at.CreateRet(constant(1));
  at.SetInsertPoint(continue_);
  at.CreateRet(constant(0));
  llvm::BasicBlock* body = new_block("body");
  builder.CreateBr(body);
  continue_in(body);
}

void FunctionLowering::finish_loop_body() {
  if (open()) builder.CreateBr(continue_);
  finish_loop_scratch();
}

// Goes on with a `return` that the body ran.
void FunctionLowering::after_loop(const sema::Block& body) {
  available.forget_maps();
  if (!returns_from(body)) return;
  if_then(as_bool(load(offset(shared_, kSharedReturned), 8, false)), [&] {
    if (depth_ == 0) {
      leave(load(offset(shared_, kSharedReturnValue), 8, false));
    } else {
      builder.CreateRet(constant(1));
    }
  });
}

void FunctionLowering::report_loop_limit() {
  report_error(image::ErrorKind::loop_limit, "loop", constant(static_cast<uint64_t>(-E2BIG)), false);
}

void FunctionLowering::for_range(const sema::ForRange& stmt) {
  const bool is_signed = stmt.variable->type->is_signed;
  llvm::Value* begin = scalar(*stmt.begin);
  llvm::Value* end = scalar(*stmt.end);
  const uint32_t begin_at = kSharedBegin + 8 * depth_;
  const bool fixed = llvm::isa<llvm::ConstantInt>(begin);
  if (!fixed) store(offset(shared_, begin_at), 8, unfollowed(begin));

  FunctionLowering body(*this, {module.i32, module.ptr});
  body.start_loop_body();
  {
    TempScope variables(body);
    llvm::Value* index = body.builder.CreateZExt(body.function->getArg(0), module.i64);
    llvm::Value* first = fixed ? begin : body.load(body.offset(body.shared_, begin_at), 8, false);
    body.declare(stmt.variable);
    body.store_variable(stmt.variable, body.builder.CreateAdd(first, index));
    body.block(stmt.body);
  }
  body.finish_loop_body();

  llvm::Value* some = is_signed ? builder.CreateICmpSLT(begin, end) : builder.CreateICmpULT(begin, end);
  // Never called with a count of zero: where the verifier knows it, kernels from 6.7 on drop the body as dead code and then
  // miss it when they compile the call.
  if_then(some, [&] {
    llvm::Value* count = builder.CreateSub(end, begin);
    llvm::Value* too_many = builder.CreateICmpUGT(count, constant(kLoopLimit));
    if (!llvm::isa<llvm::ConstantInt>(too_many) || !llvm::cast<llvm::ConstantInt>(too_many)->isZero()) {
      if_then(too_many, [&] { report_loop_limit(); }, true);
      count = builder.CreateSelect(too_many, constant(kLoopLimit), count);
    }
    helper(BPF_FUNC_loop, {builder.CreateTrunc(count, module.i32), body.function, shared_, constant(0)});
  });
  after_loop(stmt.body);
}

void FunctionLowering::for_map(const sema::ForMap& stmt) {
  FunctionLowering body(*this, {module.ptr, module.ptr, module.ptr, module.ptr});
  body.start_loop_body();
  {
    TempScope variables(body);
    const TypeRef pair = stmt.variable->type;
    const types::Member& key = pair->members[0];
    const types::Member& value = pair->members[1];
    llvm::Value* home = body.declare(stmt.variable);
    body.zero_padding(pair, home);
    llvm::Value* key_home = body.offset(home, key.offset);
    llvm::Value* value_home = body.offset(home, value.offset);
    body.copy_value(key_home, key.type, body.function->getArg(1), stmt.map->key, false);
    if (module.desc(stmt.map).aggregate) {
      body.store(value_home, value.type->size, body.aggregate_value(stmt.map, body.function->getArg(1)));
    } else {
      body.copy_value(value_home, value.type, body.function->getArg(2), stmt.map->value, false);
    }
    body.block(stmt.body);
  }
  body.finish_loop_body();
  helper(BPF_FUNC_for_each_map_elem,
         {module.map(module.plan().maps.at(stmt.map)), body.function, shared_, constant(0)});
  after_loop(stmt.body);
}

void FunctionLowering::while_loop(const sema::While& stmt) {
  FunctionLowering body(*this, {module.i32, module.ptr});
  body.start_loop_body();
  {
    TempScope temporaries(body);
    llvm::BasicBlock* holds = body.new_block("while");
    body.available = body.branch(*stmt.condition, holds, body.break_).yes;
    body.continue_in(holds);
  }
  body.block(stmt.body);
  body.finish_loop_body();
  llvm::Value* runs = helper(BPF_FUNC_loop, {builder.getInt32(kLoopLimit), body.function, shared_, constant(0)});
  if_then(builder.CreateICmpEQ(runs, constant(kLoopLimit)), [&] { report_loop_limit(); }, true);
  after_loop(stmt.body);
}

}  // namespace sonde::lower
