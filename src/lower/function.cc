// The frame of a function: entry, predicate, scratch slot, exit. Everything in between is statements and expressions.
#include "lower/function.h"

#include <linux/bpf.h>

#include <cstddef>

#include <utility>

#include "base/check.h"

namespace sonde::lower {
namespace {

// Number of the lowest set bit of an 8-bit mask: bit * 0x1d puts a distinct number in bits 5 to 7, which picks a nibble.
// No branch and no table, so that the verifier sees one unknown slot number instead of eight cases.
constexpr uint64_t kDeBruijn = 0x1d;
constexpr uint64_t nibbles() {
  uint64_t table = 0;
  for (uint64_t slot = 0; slot < kScratchSlots; ++slot) table |= slot << (4 * (((1u << slot) * kDeBruijn >> 5) & 7));
  return table;
}

}  // namespace

FunctionLowering::At::At(FunctionLowering& function_lowering, source::Range range,
                         const std::vector<source::Range>* expanded_from)
    : function_(function_lowering), outer_(function_lowering.span) {
  if (range.valid()) function_.span = function_.module.span(range, expanded_from);
  function_.set_location();
}

FunctionLowering::At::~At() {
  function_.span = outer_;
  function_.set_location();
}

void FunctionLowering::set_location() { builder.SetCurrentDebugLocation(module.location(subprogram_, span)); }

FunctionLowering::FunctionLowering(ProgramState& program_state)
    : program(program_state), module(program_state.module), builder(program_state.module.context()) {
  const image::ProgramDesc& desc = module.image().programs[program.id.value];
  span = desc.span;
  start(desc.symbol, {module.ptr}, false);
  function->setSection(desc.section);
  context_ = function->getArg(0);
  context_->setName("ctx");
}

FunctionLowering::FunctionLowering(FunctionLowering& caller, llvm::ArrayRef<llvm::Type*> parameters)
    : program(caller.program),
      module(caller.module),
      builder(caller.module.context()),
      span(caller.span),
      depth_(caller.depth_ + 1) {
  start(program.loop_name(), parameters, true);
  shared_ = function->getArg(static_cast<unsigned>(parameters.size() - 1));
}

void FunctionLowering::start(const std::string& name, llvm::ArrayRef<llvm::Type*> parameters, bool is_static) {
  auto* type = llvm::FunctionType::get(module.i64, parameters, false);
  function = llvm::Function::Create(
      type, is_static ? llvm::GlobalValue::InternalLinkage : llvm::GlobalValue::ExternalLinkage, name, module.module());
  function->setDoesNotThrow();
  function->addFnAttr(llvm::Attribute::NoInline);
  // Not "nobuiltin" as such: no pass may invent a call of memcpy or strlen.
  function->addFnAttr("no-builtins");
  subprogram_ = module.subprogram(name, is_static);
  function->setSubprogram(subprogram_);
  allocas_ = llvm::BasicBlock::Create(module.context(), "entry", function);
  stack_left_ = program.stack_budget(depth_);
  builder.SetInsertPoint(allocas_);
  set_location();
}

void FunctionLowering::lower_entry() {
  const sema::Program& source = program.program;
  llvm::IRBuilder<> frame(allocas_);
  frame.SetCurrentDebugLocation(builder.getCurrentDebugLocation());
  return_value_ = frame.CreateAlloca(module.i64, nullptr, "result");
  frame.CreateStore(constant(source.probe.default_return), return_value_);
  if (program.shared_size > 0) {
    shared_ = frame.CreateAlloca(llvm::ArrayType::get(module.i64, program.shared_size / 8), nullptr, "shared");
    frame.CreateStore(context_, frame.CreateConstGEP1_64(module.i8, shared_, kSharedContext));
    builder.SetInsertPoint(allocas_);
    llvm::Value* unknown = helper(BPF_FUNC_get_prandom_u32, {});
    store(offset(shared_, kSharedUnknown), 8, unknown);
    // Written before the first turn as they are after it, each with a number of its own.
    for (uint32_t at = kSharedBegin; at < program.shared_size; at += 8)
      store(offset(shared_, at), 8, builder.CreateXor(unknown, constant(at)));
    if (program.loops_return)
      frame.CreateStore(constant(0), frame.CreateConstGEP1_64(module.i8, shared_, kSharedReturned));
  }
  llvm::BasicBlock* early = new_block("acquire");
  llvm::BasicBlock* predicate = new_block("predicate");
  llvm::BasicBlock* late = new_block("acquire");
  llvm::BasicBlock* body = new_block("body");
  leave_ = new_block("leave");
  llvm::BasicBlock* done = new_block("done");
  llvm::BasicBlock* rejected = leave_;
  if (source.probe.arg_source == probes::ArgSource::entry_registers) find_saved_arguments();
  builder.CreateBr(early);
  llvm::BranchInst::Create(predicate, early)->setDebugLoc(builder.getCurrentDebugLocation());
  llvm::BranchInst::Create(body, late)->setDebugLoc(builder.getCurrentDebugLocation());

  continue_in(predicate);
  if (source.predicate) {
    TempScope temporaries(*this);
    At at(*this, source.predicate->range, source.predicate->expanded_from);
    rejected = new_block("rejected");
    // What leaves from here (a null pointer followed) has no slot to give back either.
    llvm::BasicBlock* giving_back = std::exchange(leave_, rejected);
    available = branch(*source.predicate, late, rejected).yes;
    leave_ = giving_back;
  } else {
    builder.CreateBr(late);
  }
  const bool early_scratch = program.uses_scratch;
  continue_in(body);
  if (source.saves_for) save_arguments(*source.saves_for);
  this->block(source.body);
  if (open()) builder.CreateBr(leave_);
  if (rejected != leave_) {
    continue_in(rejected);
    if (early_scratch) {
      builder.CreateBr(leave_);
    } else {
      forget_saved_arguments();
      builder.CreateRet(constant(source.probe.default_return));
    }
  }
  if (program.uses_scratch) scratch();  // perhaps only loop bodies do: they find it in the shared frame
  finish_scratch(early_scratch ? early : late, leave_, done);
  leave_->moveAfter(&function->back());
  done->moveAfter(leave_);
  continue_in(done);
  forget_saved_arguments();
  // The verifier wants a known result of programs whose result nobody would look at.
  const auto* tracing = std::get_if<image::TracingAttach>(&source.probe.attach);
  const bool known = tracing && tracing->kind != image::TracingKind::raw_tracepoint;
  builder.CreateRet(known ? constant(source.probe.default_return) : builder.CreateLoad(module.i64, return_value_));
}

// Takes a free slot of this CPU's scratch memory where `acquire` ends and gives it back in `release`. Programs may interrupt
// each other (an NMI in the middle of another program) and, for probes in user space, be preempted, so a slot is claimed by
// an atomic operation on the CPU's mask.
void FunctionLowering::finish_scratch(llvm::BasicBlock* acquire, llvm::BasicBlock* release, llvm::BasicBlock* done) {
  if (!scratch_value_) {
    builder.SetInsertPoint(release);
    builder.CreateBr(done);
    return;
  }
  llvm::BasicBlock* next = acquire->getSingleSuccessor();
  acquire->getTerminator()->eraseFromParent();
  builder.SetInsertPoint(acquire);
  llvm::BasicBlock* found = new_block("cpu");
  llvm::BasicBlock* claim = new_block("claim");
  llvm::BasicBlock* got = new_block("slot");
  llvm::BasicBlock* busy = new_block("busy");
  const auto after = [&](llvm::BasicBlock* before, llvm::BasicBlock* block) {
    block->moveAfter(before);
    builder.SetInsertPoint(block);
  };

  llvm::IRBuilder<> frame(allocas_, allocas_->begin());
  llvm::Value* index = frame.CreateAlloca(module.i32);
  store(index, 4, helper(BPF_FUNC_get_smp_processor_id, {}));
  llvm::Value* cpu = helper_pointer(BPF_FUNC_map_lookup_elem, {module.map(InternalMap::scratch), index});
  builder.CreateCondBr(builder.CreateIsNotNull(cpu), found, done);

  after(acquire, found);
  llvm::Value* taken = builder.CreateAlignedLoad(module.i64, cpu, llvm::Align(8), /*isVolatile=*/true);
  // The number of slots and their size are filled in by ModuleState::finish().
  auto* free = llvm::BinaryOperator::CreateAnd(builder.CreateNot(taken), llvm::UndefValue::get(module.i64));
  builder.Insert(free);
  builder.CreateCondBr(as_bool(free), claim, busy);

  after(found, claim);
  llvm::Value* bit = builder.CreateAnd(free, builder.CreateNeg(free), "bit");
  llvm::Value* before =
      builder.CreateAtomicRMW(llvm::AtomicRMWInst::Or, cpu, bit, llvm::Align(8), llvm::AtomicOrdering::Monotonic);
  // Lost against a program that came between: it holds the slot still, which only preemption can do.
  builder.CreateCondBr(as_bool(builder.CreateAnd(before, bit)), busy, got);

  after(claim, got);
  llvm::Value* nibble = builder.CreateLShr(builder.CreateMul(bit, constant(kDeBruijn)), constant(5));
  nibble = builder.CreateShl(builder.CreateAnd(nibble, constant(kScratchSlots - 1)), constant(2));
  llvm::Value* slot = builder.CreateLShr(constant(nibbles()), nibble);
  auto* number = llvm::BinaryOperator::CreateAnd(slot, llvm::UndefValue::get(module.i64));
  builder.Insert(number);
  auto* bytes = llvm::BinaryOperator::CreateMul(number, llvm::UndefValue::get(module.i64));
  builder.Insert(bytes);
  llvm::Value* base = offset(offset(cpu, bytes), kScratchHeader);
  if (shared_) builder.CreateStore(base, offset(shared_, kSharedScratch));
  builder.CreateBr(next);

  continue_in(busy);
  count_loss(offsetof(image::LossCell, busy));
  builder.CreateBr(done);
  if (program.is_long) {  // next to what leads there
    for (llvm::BasicBlock *last = got, *block = busy; block;) {
      llvm::BasicBlock* following = block->getNextNode();
      block->moveAfter(last);
      last = std::exchange(block, following);
    }
  }

  builder.SetInsertPoint(release);
  builder.CreateAtomicRMW(llvm::AtomicRMWInst::And, cpu, builder.CreateNot(bit), llvm::Align(8),
                          llvm::AtomicOrdering::Monotonic);
  builder.CreateBr(done);

  module.need_scratch(program.scratch_size(), {free, number, bytes});
  scratch_value_->replaceAllUsesWith(base);
  scratch_value_->eraseFromParent();
}

// Loop bodies find it in the shared frame.
llvm::Value* FunctionLowering::context() {
  if (!context_) {
    llvm::IRBuilder<> at(allocas_, allocas_->begin());
    context_ = at.CreateLoad(module.ptr, at.CreateConstGEP1_64(module.i8, shared_, kSharedContext), "ctx");
  }
  return context_;
}

// In a loop body the slot's address comes with the shared frame.
void FunctionLowering::finish_loop_scratch() {
  if (!scratch_value_) return;
  static_assert(kSharedScratch == 0);
  auto* base = new llvm::LoadInst(module.ptr, shared_, "scratch", scratch_value_->getIterator());
  scratch_value_->replaceAllUsesWith(base);
  scratch_value_->eraseFromParent();
}

void FunctionLowering::leave(llvm::Value* value) {
  if (depth_ == 0) {
    if (value) builder.CreateStore(value, return_value_);
    builder.CreateBr(leave_);
    return;
  }
  builder.CreateStore(constant(1), offset(shared_, kSharedReturned));
  if (!value) value = constant(program.program.probe.default_return);
  builder.CreateStore(value, offset(shared_, kSharedReturnValue));
  builder.CreateRet(constant(1));
}

}  // namespace sonde::lower
