// Memory of a program: stack slots and scratch, loads and stores, copies of byte blocks.
#include <linux/bpf.h>

#include <llvm/IR/InlineAsm.h>

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "lower/function.h"

namespace sonde::lower {
namespace {

constexpr uint32_t kWord = 8;
// Objects up to this size may be on the stack.
constexpr uint32_t kStackObject = 128;
// Up to this size, words are stored one by one; beyond it, one helper call is cheaper (and smaller).
constexpr uint32_t kInlineBytes = 256;
// So many scalar variables may be alive in registers, which means on the stack where there are more than a few.
constexpr uint32_t kRegisterVariables = 24;
constexpr uint32_t kSparingVariables = 2;
// So many operands may wait in registers for what is to their right.
constexpr uint32_t kWaitingOperands = 12;
constexpr uint32_t kSparingOperands = 1;

uint32_t round_up(uint32_t value) { return (value + kWord - 1) / kWord * kWord; }

// The same value: exclusive-or of it and `mask`, and of that and `mask`, which LLVM must not see through.
llvm::Value* turned_twice(llvm::IRBuilder<>& builder, llvm::Value* value, llvm::Value* mask) {
  auto* type = llvm::FunctionType::get(value->getType(), {value->getType()}, false);
  auto* empty = llvm::InlineAsm::get(type, "", "=r,0", /*hasSideEffects=*/false);
  llvm::CallInst* opaque = builder.CreateCall(type, empty, {builder.CreateXor(value, mask)});
  opaque->setDoesNotAccessMemory();
  return builder.CreateXor(opaque, mask);
}

}  // namespace

uint32_t access_size(uint32_t alignment, uint32_t offset, uint32_t left) {
  uint32_t size = kWord;
  while (size > left || size > alignment || offset % size != 0) size /= 2;
  return size;
}

FunctionLowering::TempScope::TempScope(FunctionLowering& function)
    : function_(function),
      slots_(function.live_slots_.size()),
      scratch_(function.program.scratch_mark()),
      registers_(function.registers_) {}

FunctionLowering::TempScope::~TempScope() {
  while (function_.live_slots_.size() > slots_) {
    function_.slots_[function_.live_slots_.back()].used = false;
    function_.live_slots_.pop_back();
  }
  function_.program.scratch_release(scratch_);
  function_.registers_ = registers_;
}

// A free stack slot that fits without wasting more than half, else a new one, else null.
llvm::Value* FunctionLowering::stack_memory(uint32_t size) {
  size_t best = slots_.size();
  for (size_t i = 0; i < slots_.size(); ++i) {
    const StackSlot& slot = slots_[i];
    if (slot.used || slot.size < size) continue;
    if (slot.size > 2 * size && size + slot.size <= stack_left_) continue;
    if (best == slots_.size() || slot.size < slots_[best].size) best = i;
  }
  if (best == slots_.size()) {
    if (size > stack_left_) return nullptr;
    stack_left_ -= size;
    llvm::IRBuilder<> at(allocas_, allocas_->begin());
    auto* memory = at.CreateAlloca(llvm::ArrayType::get(module.i8, size));
    memory->setAlignment(llvm::Align(kWord));
    slots_.push_back({memory, size, false});
  }
  slots_[best].used = true;
  live_slots_.push_back(best);
  return slots_[best].memory;
}

llvm::Value* FunctionLowering::allocate(uint32_t size) {
  const uint32_t rounded = round_up(std::max(size, 1u));
  if (rounded <= module.options().stack_object.value_or(kStackObject)) {
    if (llvm::Value* memory = stack_memory(rounded)) return memory;
  }
  return allocate_scratch(rounded);
}

llvm::Value* FunctionLowering::allocate_scratch(uint32_t size) {
  return offset(scratch(), program.scratch_allocate(round_up(size)));
}

llvm::Value* FunctionLowering::declare(const sema::Variable* variable) {
  if (const auto known = program.homes.find(variable);
      known != program.homes.end() && known->second.where != Home::Where::local)
    return variable_address(variable);
  Home home;
  const uint32_t register_variables =
      program.is_branched ? 0 : (module.sparing() ? kSparingVariables : kRegisterVariables);
  const bool fits = registers_ < register_variables;
  if (in_register(variable->type) && fits) {
    ++registers_;
    // Promoted to registers unless its address is taken.
    llvm::IRBuilder<> at(allocas_, allocas_->begin());
    auto* memory = at.CreateAlloca(builder.getIntNTy(variable->type->size * 8), nullptr, variable->name.substr(1));
    memory->setAlignment(llvm::Align(kWord));
    home.local = memory;
  } else if (in_register(variable->type)) {
    home.local = allocate_scratch(variable->type->size);
  } else {
    home.local = allocate(variable->type->size);
  }
  program.homes[variable] = home;
  return home.local;
}

// Both values; the left one waits in memory where too many wait in registers.
std::pair<llvm::Value*, llvm::Value*> FunctionLowering::operands(const Expr& left_expr, const Expr& right_expr) {
  // An address may be one of memory that was allocated for the operand; a number needs its memory no more.
  std::optional<TempScope> temporaries;
  if (left_expr.type->kind != types::Kind::pointer) temporaries.emplace(*this);
  llvm::Value* left = scalar(left_expr);
  temporaries.reset();
  if (right_expr.kind == sema::ExprKind::constant) return {left, scalar(right_expr)};
  if (module.sparing() && !llvm::isa<llvm::Constant>(left)) left = settled(left);
  if (waiting_ < (module.sparing() ? kSparingOperands : kWaitingOperands) || llvm::isa<llvm::Constant>(left)) {
    ++waiting_;
    llvm::Value* right = scalar(right_expr);
    --waiting_;
    return {left, right};
  }
  TempScope memory(*this);
  llvm::Value* aside = allocate_scratch(kWord);
  store(aside, kWord, left);
  llvm::Value* right = settled(scalar(right_expr));
  return {recall(aside, kWord, false), right};
}

// The value, made before whatever is read from memory after this place. LLVM would read all operands of a long sum first and add
// them then, which takes a register for each.
llvm::Value* FunctionLowering::settled(llvm::Value* value) {
  if (llvm::isa<llvm::Constant>(value)) return value;
  auto* type = llvm::FunctionType::get(module.i64, {module.i64}, false);
  return builder.CreateCall(type, llvm::InlineAsm::get(type, "", "=r,0", /*hasSideEffects=*/true), {value});
}

llvm::Value* FunctionLowering::variable_address(const sema::Variable* variable) {
  const auto known = program.homes.find(variable);
  SONDE_CHECK(known != program.homes.end());
  switch (known->second.where) {
    case Home::Where::local: return known->second.local;
    case Home::Where::shared: return offset(shared_, known->second.offset);
    case Home::Where::scratch: return offset(scratch(), known->second.offset);
  }
  SONDE_UNREACHABLE();
}

// The verifier follows what lies on the stack: a variable that a loop body changes would have another value in every turn, and
// every comparison of it would tell two cases apart for all that comes after. So nothing is known of the values in the shared
// frame: what is stored has gone through a number that the verifier does not know, and what is loaded becomes a number of its
// own, of which a comparison tells nothing about the frame.
llvm::Value* FunctionLowering::load_variable(const sema::Variable* variable) {
  const TypeRef type = variable->type;
  llvm::Value* value = recall(variable_address(variable), type->size, type->is_signed);
  if (!program.homes.at(variable).unfollowed) return value;
  return turned_twice(builder, value, constant(~uint64_t{0}));
}

void FunctionLowering::store_variable(const sema::Variable* variable, llvm::Value* value) {
  llvm::Value* home = variable_address(variable);
  const Home& where = program.homes.at(variable);
  // Kernels before 6.7 look at a body with the values of its first turn only, and drop what these make unreachable: also null.
  if (where.unfollowed || (where.where == Home::Where::shared && llvm::isa<llvm::Constant>(value))) {
    store(home, kWord, unfollowed(value));
  } else {
    store(home, variable->type->size, value);
  }
  available.assigned(variable);
}

// The same value, of which the verifier knows nothing; for the shared frame.
llvm::Value* FunctionLowering::unfollowed(llvm::Value* value) {
  return turned_twice(builder, value, load(offset(shared_, kSharedUnknown), kWord, false));
}

llvm::Value* FunctionLowering::offset(llvm::Value* pointer, uint64_t bytes) {
  return bytes == 0 ? pointer : builder.CreateConstGEP1_64(module.i8, pointer, bytes);
}

llvm::Value* FunctionLowering::offset(llvm::Value* pointer, llvm::Value* bytes) {
  return builder.CreateGEP(module.i8, pointer, bytes);
}

// All bases (stack slots, scratch, map values, records) are 8-byte aligned; a variable offset may be anything.
uint32_t FunctionLowering::known_alignment(llvm::Value* pointer) {
  llvm::APInt bytes(64, 0);
  llvm::Value* base = pointer->stripAndAccumulateConstantOffsets(module.module().getDataLayout(), bytes, true);
  uint64_t distance = bytes.getZExtValue() | kWord;
  if (const auto* variable = llvm::dyn_cast<llvm::GEPOperator>(base)) {
    // An element: a bounded index times the element's size.
    uint64_t unit = 1;
    if (const auto* scaled = llvm::dyn_cast<llvm::BinaryOperator>(variable->getOperand(1)))
      if (const auto* size = llvm::dyn_cast<llvm::ConstantInt>(scaled->getOperand(1));
          size && scaled->getOpcode() == llvm::Instruction::Mul)
        unit = size->getZExtValue();
    distance |= unit | known_alignment(variable->getOperand(0));
  }
  return static_cast<uint32_t>(distance & -distance);
}

bool FunctionLowering::on_stack(llvm::Value* pointer) const {
  const llvm::Value* base = pointer->stripInBoundsOffsets();
  while (const auto* step = llvm::dyn_cast<llvm::GEPOperator>(base)) base = step->getPointerOperand();
  return llvm::isa<llvm::AllocaInst>(base) || base == shared_;
}

llvm::Value* FunctionLowering::load(llvm::Value* from, uint32_t size, bool is_signed) {
  const llvm::Align alignment(std::min(size, known_alignment(from)));
  llvm::Value* value = builder.CreateAlignedLoad(builder.getIntNTy(size * 8), from, alignment);
  return is_signed ? builder.CreateSExt(value, module.i64) : builder.CreateZExt(value, module.i64);
}

llvm::Value* FunctionLowering::load(llvm::Value* from, TypeRef type) { return load(from, type->size, type->is_signed); }

// What was put into scratch memory for want of registers must not be kept in one all the same.
llvm::Value* FunctionLowering::recall(llvm::Value* from, uint32_t size, bool is_signed) {
  llvm::Value* value = load(from, size, is_signed);
  if (on_stack(from)) return value;
  llvm::Value* loaded = value;
  if (auto* extended = llvm::dyn_cast<llvm::CastInst>(value)) loaded = extended->getOperand(0);
  llvm::cast<llvm::LoadInst>(loaded)->setVolatile(true);
  return value;
}

void FunctionLowering::store(llvm::Value* to, uint32_t size, llvm::Value* value) {
  const llvm::Align alignment(std::min(size, known_alignment(to)));
  builder.CreateAlignedStore(builder.CreateTrunc(value, builder.getIntNTy(size * 8)), to, alignment);
}

void FunctionLowering::zero(llvm::Value* to, uint32_t size) {
  if (size > kInlineBytes) {
    // A read from the null page fails before it touches memory, and the helper then clears the destination.
    helper(BPF_FUNC_probe_read_kernel, {to, builder.getInt64(size), constant(0)});
    return;
  }
  const uint32_t alignment = known_alignment(to);
  for (uint32_t at = 0; at < size;) {
    const uint32_t width = access_size(alignment, at, size - at);
    store(offset(to, at), width, constant(0));
    at += width;
  }
}

void FunctionLowering::copy(llvm::Value* to, llvm::Value* from, uint32_t size) {
  if (size > kInlineBytes) {
    helper(BPF_FUNC_probe_read_kernel, {to, builder.getInt64(size), from});
    return;
  }
  const uint32_t alignment = std::min(known_alignment(to), known_alignment(from));
  for (uint32_t at = 0; at < size;) {
    const uint32_t width = access_size(alignment, at, size - at);
    store(offset(to, at), width, load(offset(from, at), width, false));
    at += width;
  }
}

// Copies a string; with `padded` all bytes behind its end become zero.
void FunctionLowering::copy_string(llvm::Value* to, uint32_t to_size, llvm::Value* from, uint32_t from_size,
                                   bool padded) {
  const uint32_t size = std::min(to_size, from_size);
  if (!padded) {
    copy(to, from, size);
    if (to_size > from_size) {
      // A source without a NUL in its capacity still ends there.
      if (to_size - from_size <= kInlineBytes) return zero(offset(to, from_size), to_size - from_size);
      store(offset(to, from_size), 1, constant(0));
    }
    return;
  }
  zero(to, to_size);
  llvm::Value* length = helper(BPF_FUNC_probe_read_kernel_str, {to, builder.getInt64(size), from});
  // The helper always ends with a NUL; a string that fills its capacity has none.
  if_then(
      builder.CreateICmpEQ(length, constant(size)),
      [&] { store(offset(to, size - 1), 1, load(offset(from, size - 1), 1, false)); }, true);
}

void FunctionLowering::copy_value(llvm::Value* to, TypeRef to_type, llvm::Value* from, TypeRef from_type, bool padded) {
  using types::Kind;
  if (in_register(to_type)) {
    llvm::Value* value = load(from, from_type);
    if (to_type->kind == Kind::boolean && from_type->kind != Kind::boolean) value = from_bool(as_bool(value));
    return store(to, to_type->size, value);
  }
  if (to_type->kind == Kind::string && from_type->kind == Kind::string)
    return copy_string(to, to_type->size, from, from_type->size, padded);
  const bool members = to_type->kind == Kind::tuple || to_type->kind == Kind::record;
  if (members && (padded || to_type != from_type)) {
    zero_padding(to_type, to);
    for (size_t i = 0; i < to_type->members.size(); ++i) {
      const types::Member& member = to_type->members[i];
      const types::Member* source = &from_type->members[i];
      if (to_type->kind == Kind::record)
        for (const types::Member& other : from_type->members)
          if (other.name == member.name) source = &other;
      copy_value(offset(to, member.offset), member.type, offset(from, source->offset), source->type, padded);
    }
    return;
  }
  if (to_type->kind == Kind::array && to_type != from_type && from_type->kind == Kind::array &&
      to_type->element != from_type->element) {
    for (uint32_t i = 0; i < to_type->count.value_or(0); ++i)
      copy_value(offset(to, uint64_t{i} * to_type->element->size), to_type->element,
                 offset(from, uint64_t{i} * from_type->element->size), from_type->element, padded);
    return;
  }
  copy(to, from, std::min(to_type->size, from_type->size));
  if (to_type->size > from_type->size) zero(offset(to, from_type->size), to_type->size - from_type->size);
}

// The u32 0 that addresses the only cell of a scalar map.
llvm::Value* FunctionLowering::zero_key() {
  if (!zero_key_) {
    llvm::IRBuilder<> at(allocas_, allocas_->begin());
    zero_key_ = at.CreateAlloca(module.i32);
    at.CreateStore(at.getInt32(0), zero_key_);
  }
  return zero_key_;
}

llvm::Value* FunctionLowering::scratch() {
  program.uses_scratch = true;
  if (!scratch_value_) {
    // Replaced once it is known where the slot comes from.
    scratch_value_ =
        new llvm::LoadInst(module.ptr, llvm::ConstantPointerNull::get(module.ptr), "scratch", allocas_->begin());
  }
  return scratch_value_;
}

}  // namespace sonde::lower
