// Entries of maps: how each storage is read, made and changed. Scalar maps are arrays of one cell; keyed maps are hashes.
// Cells of aggregations are per CPU and changed by plain instructions, shared cells by atomic ones.
#include <linux/bpf.h>

#include "base/check.h"
#include "lower/function.h"

namespace sonde::lower {

using sema::BinaryOp;
using sema::ExprKind;

namespace {

bool always_there(const image::MapDesc& desc) {
  return desc.kind == image::MapKind::array || desc.kind == image::MapKind::percpu_array;
}

// Whether evaluating the value cannot read the map that is about to be overwritten.
bool writes_in_place(const Expr& value) {
  switch (value.kind) {
    case ExprKind::text:
    case ExprKind::variable:
    case ExprKind::call:
    case ExprKind::field:
    case ExprKind::dereference: return true;
    default: return false;
  }
}

}  // namespace

llvm::Value* FunctionLowering::key(const sema::Map* map, const Expr* key) {
  const image::MapDesc& desc = module.desc(map);
  const bool keyed = key && !desc.scalar;
  if (!keyed && !desc.block_offset) return zero_key();
  llvm::Value* to = allocate(desc.key_size);
  if (keyed) store_value(*key, to, true);
  // The number of the block is set by those who look for one.
  const uint32_t used = keyed ? map->key->size : 0;
  if (desc.block_offset) zero(offset(to, used), desc.key_size - used);
  return to;
}

llvm::Value* FunctionLowering::lookup(const sema::Map* map, llvm::Value* key_memory) {
  return helper_pointer(BPF_FUNC_map_lookup_elem, {module.map(module.plan().maps.at(map)), key_memory});
}

void FunctionLowering::mark_written(const sema::Map* map, llvm::Value* cell) {
  if (const auto& flag = module.desc(map).written_flag_offset) store(offset(cell, *flag), 8, constant(1));
}

// A missing key is worth a message only to those who asked for all.
void FunctionLowering::report_missing(llvm::Value* found) {
  if (!module.options().runtime_warnings) return;
  if_then(
      builder.CreateIsNull(found),
      [&] { report_error(image::ErrorKind::map_lookup, "map_lookup_elem", constant(0), true); }, true);
}

llvm::Value* FunctionLowering::map_scalar(const sema::Map* map, const Expr* key_expr) {
  if (llvm::Value* read_before = available.find(map, key_expr)) return read_before;
  TempScope temporaries(*this);
  llvm::Value* key_memory = key(map, key_expr);
  if (module.desc(map).aggregate) {
    // Its cells are read one CPU after the other; whether there are any is only asked for the message.
    if (module.options().runtime_warnings && !always_there(module.desc(map))) report_missing(lookup(map, key_memory));
    return aggregate_value(map, key_memory);
  }
  llvm::Value* cell = lookup(map, key_memory);
  report_missing(cell);
  llvm::BasicBlock* before = builder.GetInsertBlock();
  llvm::BasicBlock* found = new_block("found");
  llvm::BasicBlock* done = new_block("read");
  builder.CreateCondBr(builder.CreateIsNotNull(cell), found, done);
  continue_in(found);
  llvm::Value* value = load(cell, map->value);
  builder.CreateBr(done);
  continue_in(done);
  llvm::PHINode* result = builder.CreatePHI(module.i64, 2);
  result->addIncoming(constant(0), before);
  result->addIncoming(value, found);
  if (program.sparing()) return result;
  available.add(map, key_expr, result);
  return result;
}

void FunctionLowering::map_memory(const sema::Map* map, const Expr* key_expr, llvm::Value* to, bool padded) {
  TempScope temporaries(*this);
  llvm::Value* cell = lookup(map, key(map, key_expr));
  report_missing(cell);
  llvm::BasicBlock* found = new_block("found");
  llvm::BasicBlock* missing = new_block("missing");
  llvm::BasicBlock* done = new_block("read");
  builder.CreateCondBr(builder.CreateIsNotNull(cell), found, missing);
  continue_in(found);
  copy_value(to, map->value, cell, map->value, padded);
  builder.CreateBr(done);
  continue_in(missing);
  zero(to, map->value->size);
  builder.CreateBr(done);
  continue_in(done);
}

// Zeros for a new entry: small ones on the stack, which spares the object a read-only map.
llvm::Value* FunctionLowering::empty_cell(const image::MapDesc& desc) {
  constexpr uint32_t kSmall = 64;
  if (desc.value_size > kSmall) return module.zeros(desc.value_size);
  llvm::Value* cell = allocate(desc.value_size);
  zero(cell, desc.value_size);
  return cell;
}

void FunctionLowering::with_entry(const sema::Map* map, llvm::Value* key_memory,
                                  const std::function<void(llvm::Value*)>& use) {
  const image::MapDesc& desc = module.desc(map);
  const image::MapId id = module.plan().maps.at(map);
  llvm::Value* first = lookup(map, key_memory);
  if (always_there(desc)) return if_then(builder.CreateIsNotNull(first), [&] { use(first); });
  llvm::BasicBlock* before = builder.GetInsertBlock();
  llvm::BasicBlock* create = new_block("create");
  llvm::BasicBlock* full = new_block("full");
  llvm::BasicBlock* entry = new_block("entry");
  llvm::BasicBlock* done = new_block("updated");
  builder.CreateCondBr(builder.CreateIsNotNull(first), entry, create);

  // Two CPUs may create the entry at once: neither replaces the other's, both go on with what is there then.
  continue_in(create);
  llvm::Value* code =
      helper(BPF_FUNC_map_update_elem, {module.map(id), key_memory, empty_cell(desc), constant(BPF_NOEXIST)});
  llvm::Value* second = lookup(map, key_memory);
  builder.CreateCondBr(builder.CreateIsNotNull(second), entry, full);

  continue_in(full);
  report_error(image::ErrorKind::map_full, "map_update_elem", code, false, id);
  builder.CreateBr(done);

  continue_in(entry);
  llvm::PHINode* cell = builder.CreatePHI(module.ptr, 2);
  cell->addIncoming(first, before);
  cell->addIncoming(second, create);
  perhaps([&] { use(cell); });
  builder.CreateBr(done);
  continue_in(done);
}

void FunctionLowering::assign_map(const sema::AssignMap& stmt) {
  store_entry(stmt);
  available.written(stmt.map);
}

void FunctionLowering::store_entry(const sema::AssignMap& stmt) {
  const image::MapDesc& desc = module.desc(stmt.map);
  const image::MapId id = module.plan().maps.at(stmt.map);
  const TypeRef type = stmt.map->value;
  if (always_there(desc)) {
    const bool in_place = in_register(type) || writes_in_place(*stmt.value);
    llvm::Value* value = in_register(type) ? scalar(*stmt.value) : in_place ? nullptr : memory(*stmt.value);
    llvm::Value* cell = lookup(stmt.map, zero_key());
    return if_then(builder.CreateIsNotNull(cell), [&] {
      if (in_register(type)) {
        store(cell, type->size, value);
      } else if (in_place) {
        store_value(*stmt.value, cell, false);
      } else {
        copy_value(cell, type, value, stmt.value->type, false);
      }
      mark_written(stmt.map, cell);
    });
  }
  llvm::Value* key_memory = key(stmt.map, stmt.key);
  llvm::Value* value = allocate(desc.value_size);
  store_value(*stmt.value, value, false);
  llvm::Value* code = helper(BPF_FUNC_map_update_elem, {module.map(id), key_memory, value, constant(BPF_ANY)});
  if_then(as_bool(code), [&] { report_error(image::ErrorKind::map_full, "map_update_elem", code, false, id); }, true);
}

void FunctionLowering::update_map(const sema::UpdateMap& stmt) {
  llvm::Value* value = scalar(*stmt.value);
  llvm::Value* key_memory = key(stmt.map, stmt.key);
  with_entry(stmt.map, key_memory, [&](llvm::Value* cell) {
    using Rmw = llvm::AtomicRMWInst;
    const auto atomic = [&](Rmw::BinOp op, llvm::Value* operand) {
      builder.CreateAtomicRMW(op, cell, operand, llvm::Align(8), llvm::AtomicOrdering::Monotonic);
    };
    switch (stmt.op) {
      case BinaryOp::add: atomic(Rmw::Add, value); break;
      case BinaryOp::sub: atomic(Rmw::Add, builder.CreateNeg(value)); break;
      case BinaryOp::bit_and: atomic(Rmw::And, value); break;
      case BinaryOp::bit_or: atomic(Rmw::Or, value); break;
      case BinaryOp::bit_xor: atomic(Rmw::Xor, value); break;
      default: SONDE_UNREACHABLE();
    }
    mark_written(stmt.map, cell);
  });
  available.written(stmt.map);
}

llvm::Value* FunctionLowering::increment(const sema::Increment& expr) {
  const uint64_t step = expr.increment ? uint64_t{expr.step} : uint64_t{0} - expr.step;
  if (expr.variable) {
    llvm::Value* before = load_variable(expr.variable);
    if (expr.variable->type->kind == types::Kind::pointer)
      before = plain_number(before, program.has_known_addresses || program.is_btf_typed());
    llvm::Value* after = canonical(builder.CreateAdd(before, constant(step)), expr.variable->type);
    store_variable(expr.variable, after);
    return expr.prefix ? after : before;
  }
  TempScope temporaries(*this);
  At at(*this, expr.range, expr.expanded_from);
  llvm::Value* key_memory = key(expr.map, expr.key);
  // The result goes through a variable: there is none when the map is full. One for all, since LLVM makes registers of variables
  // in a time that grows with their number times that of the branches.
  if (!increment_result_) increment_result_ = llvm::IRBuilder<>(allocas_, allocas_->begin()).CreateAlloca(module.i64);
  llvm::Value* result = increment_result_;
  builder.CreateStore(constant(0), result);
  with_entry(expr.map, key_memory, [&](llvm::Value* cell) {
    llvm::Value* before = builder.CreateAtomicRMW(llvm::AtomicRMWInst::Add, cell, constant(step), llvm::Align(8),
                                                  llvm::AtomicOrdering::Monotonic);
    builder.CreateStore(expr.prefix ? builder.CreateAdd(before, constant(step)) : before, result);
    mark_written(expr.map, cell);
  });
  available.written(expr.map);
  return builder.CreateLoad(module.i64, result);
}

}  // namespace sonde::lower
