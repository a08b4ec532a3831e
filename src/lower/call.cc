// The abstract machine of builtin hooks, one LLVM instruction or a few per operation.
#include "lower/call.h"

#include <linux/bpf.h>

#include <llvm/IR/InlineAsm.h>

#include <algorithm>

#include "base/check.h"

namespace sonde::lower {

using builtins::ParamKind;
using sema::as;
using sema::ExprKind;

namespace {

llvm::Value* handle_of(const builtins::Operand& operand) {
  return std::visit([](auto handle) { return static_cast<llvm::Value*>(handle.handle); }, operand);
}

}  // namespace

llvm::Value* FunctionLowering::call(const sema::Call& node, llvm::Value* to, bool padded) {
  if ((module.plan().events.contains(&node) && !node.row->own_channel) ||
      plan::prints_to_sequence(program.program, node)) {
    event(node);
    return constant(0);
  }
  SONDE_CHECK(node.row->lower != nullptr);
  CallLowering machine(*this, node, node.type, to, padded || (to && on_stack(to)));
  llvm::Value* result = static_cast<llvm::Value*>(node.row->lower(machine).handle);
  if (node.row->returns && open()) leave(nullptr);
  return result ? result : constant(0);
}

CallLowering::CallLowering(FunctionLowering& function, const sema::Call& call, TypeRef result_type, llvm::Value* to,
                           bool padded)
    : function_(function),
      builder_(function.builder),
      call_(call),
      result_type_(result_type),
      to_(to),
      padded_(padded),
      arguments_(call.arguments.size()) {
  // All now and in order: a hook may use an argument in one branch and again behind it.
  for (size_t i = 0; i < arguments_.size(); ++i) {
    const Expr* argument = call.arguments[i];
    if (!argument || evaluated_by_hook(i)) continue;
    if (in_register(argument->type) || argument->type->kind == types::Kind::aggregate) {
      arguments_[i] = function_.scalar(*argument);
    } else if (argument->type->size > 0) {
      arguments_[i] = function_.memory(*argument);
    }
  }
}

// Keys are written padded, into memory of the map's key type; variables are written to; literals may not be needed at all.
bool CallLowering::evaluated_by_hook(size_t index) const {
  if (call_.arguments[index]->kind == ExprKind::map_ref || call_.arguments[index]->kind == ExprKind::text) return true;
  if (index >= call_.row->params.size()) return false;
  const ParamKind kind = call_.row->params[index].kind;
  return kind == ParamKind::map_key || kind == ParamKind::variable || kind == ParamKind::word ||
         kind == ParamKind::map || kind == ParamKind::place;
}

CallLowering::Reg CallLowering::argument(size_t index) {
  if (!arguments_[index]) arguments_[index] = function_.scalar(*call_.arguments[index]);
  return {arguments_[index]};
}

CallLowering::Mem CallLowering::argument_memory(size_t index) {
  if (!arguments_[index]) arguments_[index] = function_.memory(*call_.arguments[index]);
  return {arguments_[index]};
}

const sema::Map* CallLowering::map(size_t index) const {
  const Expr& expr = *call_.arguments[index];
  if (expr.kind == ExprKind::map_read) return as<sema::MapRead>(expr).map;
  SONDE_CHECK(expr.kind == ExprKind::map_ref);
  return as<sema::MapRef>(expr).map;
}

builtins::MapHandle CallLowering::argument_map(size_t index) {
  return {function_.module.map(function_.module.plan().maps.at(map(index)))};
}

CallLowering::Mem CallLowering::map_key(size_t map_index, size_t key_index) {
  return {function_.key(map(map_index), call_.arguments[key_index])};
}

CallLowering::Reg CallLowering::map_delete(size_t map_index, std::optional<size_t> key_index) {
  // delete(@m[k]) carries its key in the first argument.
  const Expr& subject = *call_.arguments[map_index];
  const Expr* key = key_index ? call_.arguments[*key_index] : nullptr;
  if (!key && subject.kind == ExprKind::map_read) key = as<sema::MapRead>(subject).key;
  return {function_.delete_entry(map(map_index), key)};
}

CallLowering::Reg CallLowering::map_has(size_t map_index, size_t key_index) {
  return {function_.find_entry(map(map_index), call_.arguments[key_index], nullptr)};
}

CallLowering::Reg CallLowering::map_find(size_t map_index, size_t key_index, size_t variable_index) {
  const Expr& variable = *call_.arguments[variable_index];
  SONDE_CHECK(variable.kind == ExprKind::address_of);
  return {function_.find_entry(map(map_index), call_.arguments[key_index], as<sema::AddressOf>(variable).variable)};
}

CallLowering::Reg CallLowering::map_length(size_t map_index) { return {function_.map_length(map(map_index))}; }

void CallLowering::with_cell(Reg block, const std::function<void(Mem)>& use) {
  SONDE_CHECK(updated_ != nullptr);
  if (const auto& at = function_.module.desc(updated_).block_offset)
    function_.store(function_.offset(key_, *at), sizeof(uint32_t), value(block));
  function_.with_entry(updated_, key_, [&](llvm::Value* cell) { use(Mem{cell}); });
}

CallLowering::Mem CallLowering::result() {
  SONDE_CHECK(to_ != nullptr);
  return {to_};
}

bool CallLowering::capable(uint32_t capability) const {
  return (function_.program.program.probe.capabilities & capability) == capability;
}

CallLowering::Reg CallLowering::constant(uint64_t number) { return {builder_.getInt64(number)}; }

CallLowering::Reg CallLowering::binary(Op op, Reg left, Reg right) {
  llvm::Value* a = value(left);
  llvm::Value* b = value(right);
  switch (op) {
    case Op::add: return {builder_.CreateAdd(a, b)};
    case Op::sub: return {builder_.CreateSub(a, b)};
    case Op::mul: return {builder_.CreateMul(a, b)};
    case Op::udiv: return {builder_.CreateUDiv(a, b)};
    case Op::umod: return {builder_.CreateURem(a, b)};
    case Op::bit_and: return {builder_.CreateAnd(a, b)};
    case Op::bit_or: return {builder_.CreateOr(a, b)};
    case Op::bit_xor: return {builder_.CreateXor(a, b)};
    case Op::shl: return {builder_.CreateShl(a, b)};
    case Op::lshr: return {builder_.CreateLShr(a, b)};
    case Op::ashr: return {builder_.CreateAShr(a, b)};
  }
  SONDE_UNREACHABLE();
}

CallLowering::Reg CallLowering::compare(Cmp cmp, Reg left, Reg right) {
  using Predicate = llvm::CmpInst::Predicate;
  const auto predicate = [&] {
    switch (cmp) {
      case Cmp::eq: return Predicate::ICMP_EQ;
      case Cmp::ne: return Predicate::ICMP_NE;
      case Cmp::ult: return Predicate::ICMP_ULT;
      case Cmp::ule: return Predicate::ICMP_ULE;
      case Cmp::ugt: return Predicate::ICMP_UGT;
      case Cmp::uge: return Predicate::ICMP_UGE;
      case Cmp::slt: return Predicate::ICMP_SLT;
      case Cmp::sle: return Predicate::ICMP_SLE;
      case Cmp::sgt: return Predicate::ICMP_SGT;
      case Cmp::sge: return Predicate::ICMP_SGE;
    }
    SONDE_UNREACHABLE();
  };
  return {function_.from_bool(builder_.CreateICmp(predicate(), value(left), value(right)))};
}

CallLowering::Reg CallLowering::select(Reg condition, Reg then_value, Reg else_value) {
  return {builder_.CreateSelect(function_.as_bool(value(condition)), value(then_value), value(else_value))};
}

// BPF has no instruction for it. Comparisons, as the kernel's own programs do, are the fastest where values are much alike, but
// each is two paths to the verifier, which in loops walks them again and again.
CallLowering::Reg CallLowering::log2(Reg number) {
  llvm::Value* rest = value(number);
  llvm::Value* result = builder_.getInt64(0);
  for (const uint64_t step : {32, 16, 8, 4, 2, 1}) {
    const auto place = static_cast<uint64_t>(__builtin_ctzll(step));
    llvm::Value* distance = nullptr;
    if (function_.program.is_branchy()) {
      // The upper half: zero, or all bits above it are set in its negative.
      llvm::Value* high = builder_.CreateNeg(builder_.CreateLShr(rest, builder_.getInt64(step)));
      distance = builder_.CreateAnd(builder_.CreateLShr(high, builder_.getInt64(63 - place)), builder_.getInt64(step));
    } else {
      llvm::Value* high = builder_.CreateICmpUGT(rest, builder_.getInt64((uint64_t{1} << step) - 1));
      distance = builder_.CreateShl(function_.from_bool(high), builder_.getInt64(place));
    }
    rest = builder_.CreateLShr(rest, distance);
    result = builder_.CreateOr(result, distance);
  }
  return {result};
}

CallLowering::Reg CallLowering::byte_swap(Reg number, uint32_t size) {
  if (size == 1) return number;
  llvm::Type* type = builder_.getIntNTy(size * 8);
  llvm::Value* swapped =
      builder_.CreateUnaryIntrinsic(llvm::Intrinsic::bswap, builder_.CreateTrunc(value(number), type));
  return {builder_.CreateZExt(swapped, function_.module.i64)};
}

CallLowering::Reg CallLowering::load(Mem memory, uint32_t offset, uint32_t size, bool is_signed) {
  return {function_.load(function_.offset(value(memory), offset), size, is_signed)};
}

void CallLowering::store(Mem memory, uint32_t offset, uint32_t size, Reg number) {
  function_.store(function_.offset(value(memory), offset), size, value(number));
}

void CallLowering::zero(Mem memory, uint32_t offset, uint32_t size) {
  function_.zero(function_.offset(value(memory), offset), size);
}

void CallLowering::copy(Mem to, Mem from, uint32_t size) { function_.copy(value(to), value(from), size); }

CallLowering::Mem CallLowering::offset(Mem memory, uint32_t bytes) { return {function_.offset(value(memory), bytes)}; }

CallLowering::Mem CallLowering::offset(Mem memory, Reg bytes) {
  return {function_.offset(value(memory), value(bytes))};
}

CallLowering::Reg CallLowering::bound(Reg number, uint32_t limit) { return {function_.bound(value(number), limit)}; }

CallLowering::Reg CallLowering::address(Mem memory) {
  return {builder_.CreatePtrToInt(value(memory), function_.module.i64)};
}

CallLowering::Mem CallLowering::temporary(uint32_t size) { return {function_.allocate(size)}; }

CallLowering::Mem CallLowering::untracked(uint32_t size) { return {function_.allocate_scratch(size)}; }

CallLowering::Mem CallLowering::string_constant(std::string_view bytes) {
  return {function_.module.text(std::string(bytes) + '\0')};
}

void CallLowering::atomic_add(Mem memory, uint32_t offset, Reg number) {
  builder_.CreateAtomicRMW(llvm::AtomicRMWInst::Add, function_.offset(value(memory), offset), value(number),
                           llvm::Align(8), llvm::AtomicOrdering::Monotonic);
}

void CallLowering::if_then(Reg condition, const std::function<void()>& then_part) {
  function_.if_then(function_.as_bool(value(condition)), then_part);
}

CallLowering::Reg CallLowering::if_else(Reg condition, const std::function<Reg()>& then_part,
                                        const std::function<Reg()>& else_part) {
  llvm::BasicBlock* yes = function_.new_block("then");
  llvm::BasicBlock* no = function_.new_block("else");
  llvm::BasicBlock* done = function_.new_block("after");
  builder_.CreateCondBr(function_.as_bool(value(condition)), yes, no);
  function_.continue_in(yes);
  llvm::Value* then_value = nullptr;
  function_.perhaps([&] { then_value = value(then_part()); });
  yes = builder_.GetInsertBlock();
  builder_.CreateBr(done);
  function_.continue_in(no);
  llvm::Value* else_value = nullptr;
  function_.perhaps([&] { else_value = value(else_part()); });
  no = builder_.GetInsertBlock();
  builder_.CreateBr(done);
  function_.continue_in(done);
  if (!then_value || !else_value) return {};
  llvm::PHINode* result = builder_.CreatePHI(function_.module.i64, 2);
  result->addIncoming(then_value, yes);
  result->addIncoming(else_value, no);
  return {result};
}

void CallLowering::repeat(uint32_t count, const std::function<void(Reg)>& body) {
  for (uint32_t i = 0; i < count; ++i) body(constant(i));
}

void CallLowering::walk(uint32_t count, std::initializer_list<builtins::Operand> given,
                        const std::function<Reg(Reg, Given)>& body) {
  llvm::Value* outer = function_.callback_frame();
  uint64_t at = 0;
  for (const builtins::Operand& operand : given) {
    builder_.CreateStore(handle_of(operand), function_.offset(outer, at));
    at += sizeof(uint64_t);
  }
  SONDE_CHECK(at <= kCallbackFrame);
  const ModuleState& module = function_.module;
  llvm::Function* callback = function_.static_function(function_.program.loop_name(), {module.i32, module.ptr}, [&] {
    llvm::Value* frame = function_.function->getArg(1);
    std::vector<builtins::Operand> copies;
    for (const builtins::Operand& operand : given) {
      llvm::Value* from = function_.offset(frame, copies.size() * sizeof(uint64_t));
      llvm::Value* copy = builder_.CreateLoad(handle_of(operand)->getType(), from);
      if (std::holds_alternative<Reg>(operand)) {
        copies.emplace_back(Reg{copy});
      } else {
        copies.emplace_back(Mem{copy});
      }
    }
    const Reg stop = body({builder_.CreateZExt(function_.function->getArg(0), module.i64)}, copies);
    llvm::BasicBlock* stopped = function_.new_block("stop");
    llvm::BasicBlock* more = function_.new_block("more");
    builder_.CreateCondBr(function_.as_bool(value(stop)), stopped, more);
    function_.continue_in(stopped);
    builder_.CreateRet(builder_.getInt64(1));
    function_.continue_in(more);
  });
  function_.helper(BPF_FUNC_loop, {builder_.getInt32(count), callback, outer, builder_.getInt64(0)});
}

CallLowering::Reg CallLowering::helper(uint32_t id, std::initializer_list<builtins::Operand> operands) {
  llvm::SmallVector<llvm::Value*, 5> values;
  for (const builtins::Operand& operand : operands) values.push_back(handle_of(operand));
  return {function_.helper(id, values)};
}

CallLowering::Reg CallLowering::routine(std::string_view name, std::initializer_list<builtins::Operand> operands) {
  llvm::SmallVector<llvm::Value*, 5> values;
  for (const builtins::Operand& operand : operands) values.push_back(handle_of(operand));
  return {builder_.CreateCall(function_.module.routine(name, values), values)};
}

CallLowering::Reg CallLowering::once(std::string_view name, const std::function<Reg()>& make) {
  if (llvm::Value* before = function_.available.find(name)) return {before};
  const Reg made = make();
  if (!function_.program.sparing()) function_.available.add(name, value(made));
  return made;
}

// Handed to helpers as it is: they want the pointer, not its number.
CallLowering::Reg CallLowering::context() { return {function_.context()}; }

CallLowering::Reg CallLowering::kernel_function(const builtins::KernelFunction& wanted,
                                                std::initializer_list<builtins::Operand> operands) {
  llvm::SmallVector<llvm::Value*, 4> values;
  for (const builtins::Operand& operand : operands) values.push_back(handle_of(operand));
  return {builder_.CreateCall(function_.module.kernel_function(wanted), values)};
}

bool CallLowering::has_kernel_function(std::string_view name) const {
  const auto& known = function_.module.options().has_kernel_function;
  return known && known(name);
}

CallLowering::Reg CallLowering::with_place(size_t index, const std::function<Reg(Reg)>& use, Reg otherwise) {
  const Expr& expr = *call_.arguments[index];
  if (in_register(expr.type)) {
    const Reg pointer = argument(index);
    return if_else(compare(Cmp::ne, pointer, constant(0)), [&] { return use(pointer); }, [&] { return otherwise; });
  }
  Place place = function_.place(expr);
  if (place.kind != Place::Kind::foreign) return use({function_.address(place)});
  return if_else(
      compare(Cmp::ne, {place.base}, constant(0)), [&] { return use({function_.address(place)}); },
      [&] { return otherwise; });
}

builtins::MapHandle CallLowering::packet_map() { return {function_.module.map(InternalMap::packets)}; }

uint32_t CallLowering::event_index() const { return function_.module.plan().events.at(&call_).value; }

types::Space CallLowering::space() const { return function_.program.program.probe.space; }

CallLowering::Reg CallLowering::probe_read(Mem to, Reg size, Reg address, types::Space space) {
  return {function_.probe_read(value(to), value(size), value(address), space)};
}

CallLowering::Reg CallLowering::probe_read_string(Mem to, Reg size, Reg address, types::Space space) {
  return {function_.probe_read_string(value(to), value(size), value(address), space)};
}

CallLowering::Reg CallLowering::kernel_field(Reg base, std::string_view record, std::string_view path) {
  SONDE_CHECK(function_.module.options().kernel_type != nullptr);
  return {function_.kernel_field(value(base), function_.module.options().kernel_type("struct", record), path)};
}

CallLowering::Reg CallLowering::kernel_field_address(Reg base, std::string_view record, std::string_view path) {
  const TypeRef type = function_.module.options().kernel_type("struct", record);
  SONDE_CHECK(type != nullptr && type->c_record != nullptr);
  const Place from{Place::Kind::foreign, value(base), 0, types::Space::kernel};
  const std::vector<const types::CField*> fields = type->c_record->find(path);
  SONDE_CHECK(!fields.empty());
  return {function_.address(function_.member_place(from, *type->c_record, fields))};
}

CallLowering::Reg CallLowering::saved_register(uint32_t offset) { return {function_.context_load(offset, 8, false)}; }

CallLowering::Reg CallLowering::parameter(image::ParameterKind kind, std::string_view name) {
  return {function_.load(function_.module.parameter(kind, name, 8), 8, false)};
}

CallLowering::Mem CallLowering::parameter_memory(image::ParameterKind kind, std::string_view name, uint32_t size) {
  return {function_.module.parameter(kind, name, size)};
}

void CallLowering::report_error(image::ErrorKind kind, std::string_view helper, Reg code, bool optional) {
  function_.report_error(kind, helper, value(code), optional);
}

image::StringId CallLowering::intern_string(std::string_view text) { return function_.module.intern_string(text); }

uint32_t CallLowering::program_index() const { return function_.program.id.value; }

}  // namespace sonde::lower
