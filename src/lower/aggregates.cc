// Aggregations: the update of this CPU's cell, and reading a value over all CPUs by the merge rules of its AggDesc.
#include <linux/bpf.h>

#include "base/check.h"
#include "lower/blocks.h"
#include "lower/call.h"
#include "lower/function.h"

namespace sonde::lower {
namespace {

// What the per-CPU callbacks get: the key's address, then two accumulators.
constexpr uint32_t kKey = 0, kFirst = 8, kSecond = 16;

}  // namespace

void FunctionLowering::update_aggregate(const sema::UpdateAggregate& stmt) {
  llvm::Value* key_memory = key(stmt.map, stmt.key);
  CallLowering arguments(*this, *stmt.call, stmt.map->value, nullptr, false);
  if (stmt.call->row->update_blocks) {
    arguments.set_entry(stmt.map, key_memory);
    return stmt.call->row->update_blocks(arguments);
  }
  with_entry(stmt.map, key_memory, [&](llvm::Value* cell) { stmt.call->row->update(arguments, builtins::Mem{cell}); });
}

// A static function (cpu, frame) that `body` fills with what happens to the cell of one CPU. Made once per map and role.
llvm::Function* FunctionLowering::per_cpu_function(const std::string& name, image::MapId map,
                                                   const std::function<void(llvm::Value*, llvm::Value*)>& body) {
  if (llvm::Function* known = module.module().getFunction(name)) return known;
  return static_function(name, {module.i32, module.ptr}, [&] {
    llvm::Value* frame = function->getArg(1);
    llvm::Value* key_memory = builder.CreateLoad(module.ptr, offset(frame, kKey));
    llvm::Value* cell =
        helper_pointer(BPF_FUNC_map_lookup_percpu_elem, {module.map(map), key_memory, function->getArg(0)});
    if_then(builder.CreateIsNotNull(cell), [&] { body(frame, cell); });
  });
}

llvm::Value* FunctionLowering::callback_frame() {
  if (!callback_frame_) {
    llvm::IRBuilder<> at(allocas_, allocas_->begin());
    callback_frame_ = at.CreateAlloca(llvm::ArrayType::get(module.i64, kCallbackFrame / 8));
  }
  return callback_frame_;
}

// Runs a per_cpu_function for every possible CPU.
llvm::Value* FunctionLowering::for_each_cpu(llvm::Function* callback, llvm::Value* key_memory) {
  llvm::Value* frame = callback_frame();
  builder.CreateStore(key_memory, offset(frame, kKey));
  builder.CreateStore(constant(0), offset(frame, kFirst));
  builder.CreateStore(constant(0), offset(frame, kSecond));
  llvm::Value* cpus = builder.CreateLoad(module.i64, module.parameter(image::ParameterKind::cpu_count, "", 8));
  helper(BPF_FUNC_loop, {builder.CreateTrunc(cpus, module.i32), callback, frame, constant(0)});
  return frame;
}

llvm::Value* FunctionLowering::aggregate_value(const sema::Map* map, llvm::Value* key_memory) {
  const image::AggDesc& aggregate = *module.desc(map).aggregate;
  const auto [value, count] = aggregate_totals(map, key_memory);
  return aggregate.view == image::View::ratio ? average(value, count, aggregate.is_signed) : value;
}

// The first field folded over all CPUs, and the count where there is one.
std::pair<llvm::Value*, llvm::Value*> FunctionLowering::aggregate_totals(const sema::Map* map,
                                                                         llvm::Value* key_memory) {
  const image::MapDesc& desc = module.desc(map);
  const image::AggDesc& aggregate = *desc.aggregate;
  SONDE_CHECK(!aggregate.fields.empty());
  const image::CellField& field = aggregate.fields.front();
  llvm::Function* reader =
      per_cpu_function("read_" + desc.elf_name, module.plan().maps.at(map), [&](llvm::Value* frame, llvm::Value* cell) {
        llvm::Value* value = load(offset(cell, field.offset), 8, false);
        llvm::Value* total = offset(frame, kFirst);
        llvm::Value* second = offset(frame, kSecond);
        if (field.rule == image::MergeRule::add) {
          store(total, 8, builder.CreateAdd(load(total, 8, false), value));
          if (aggregate.view != image::View::ratio && aggregate.view != image::View::stats) return;
          SONDE_CHECK(aggregate.fields.size() > 1 || field.count > 1);
          const uint32_t count = aggregate.fields.size() > 1 ? aggregate.fields[1].offset : field.offset + 8;
          store(second, 8, builder.CreateAdd(load(second, 8, false), load(offset(cell, count), 8, false)));
          return;
        }
        // min and max: cells that hold nothing yet take no part; `second` says whether any has.
        SONDE_CHECK(aggregate.set_offset.has_value());
        if_then(as_bool(load(offset(cell, *aggregate.set_offset), 8, false)), [&] {
          using Predicate = llvm::CmpInst::Predicate;
          const bool least = field.rule == image::MergeRule::min;
          const Predicate better = aggregate.is_signed ? (least ? Predicate::ICMP_SLT : Predicate::ICMP_SGT)
                                                       : (least ? Predicate::ICMP_ULT : Predicate::ICMP_UGT);
          llvm::Value* first = builder.CreateICmpEQ(load(second, 8, false), constant(0));
          llvm::Value* wins = builder.CreateICmp(better, value, load(total, 8, false));
          if_then(builder.CreateOr(first, wins), [&] { store(total, 8, value); });
          store(second, 8, constant(1));
        });
      });
  llvm::Value* frame = for_each_cpu(reader, key_memory);
  return {load(offset(frame, kFirst), 8, false), load(offset(frame, kSecond), 8, false)};
}

// total / count, truncated toward zero; 0 without values. BPF divides unsigned only.
llvm::Value* FunctionLowering::average(llvm::Value* total, llvm::Value* count, bool is_signed) {
  return value_if(as_bool(count), [&] {
    if (!is_signed) return builder.CreateUDiv(total, count);
    llvm::Value* sign = builder.CreateAShr(total, constant(63));
    llvm::Value* size = builder.CreateSub(builder.CreateXor(total, sign), sign);
    llvm::Value* quotient = builder.CreateUDiv(size, count);
    return builder.CreateSub(builder.CreateXor(quotient, sign), sign);
  });
}

// Removes an entry; the cell of a scalar map is emptied on every CPU. Gives 1 if there was one.
llvm::Value* FunctionLowering::delete_entry(const sema::Map* map, const Expr* key_expr) {
  const image::MapDesc& desc = module.desc(map);
  const image::MapId id = module.plan().maps.at(map);
  if (!desc.scalar) {
    TempScope temporaries(*this);
    llvm::Value* key_memory = key(map, key_expr);
    available.written(map);
    if (desc.block_offset) return visit_blocks(*this, map, key_memory, BlockVisit::remove);
    llvm::Value* code = helper(BPF_FUNC_map_delete_elem, {module.map(id), key_memory});
    return from_bool(builder.CreateICmpEQ(code, constant(0)));
  }
  if (desc.block_offset) return visit_blocks(*this, map, key(map, nullptr), BlockVisit::remove);
  if (desc.kind == image::MapKind::percpu_array) {
    llvm::Function* clearer = per_cpu_function("clear_" + desc.elf_name, id,
                                               [&](llvm::Value*, llvm::Value* cell) { zero(cell, desc.value_size); });
    for_each_cpu(clearer, zero_key());
    return constant(1);
  }
  available.written(map);
  llvm::Value* cell = lookup(map, zero_key());
  return value_if(builder.CreateIsNotNull(cell), [&] {
    llvm::Value* there =
        desc.written_flag_offset ? load(offset(cell, *desc.written_flag_offset), 8, false) : constant(1);
    zero(cell, desc.value_size);
    return there;
  });
}

// Copies the entry to `variable` if there is one. Gives 0 or 1.
llvm::Value* FunctionLowering::find_entry(const sema::Map* map, const Expr* key_expr, const sema::Variable* variable) {
  TempScope temporaries(*this);
  llvm::Value* key_memory = key(map, key_expr);
  if (module.desc(map).block_offset) return visit_blocks(*this, map, key_memory, BlockVisit::find);
  llvm::Value* cell = lookup(map, key_memory);
  llvm::Value* found = builder.CreateIsNotNull(cell);
  if (variable) {
    if_then(found, [&] {
      llvm::Value* to = variable_address(variable);
      if (module.desc(map).aggregate) {
        store(to, variable->type->size, aggregate_value(map, key_memory));
      } else {
        copy_value(to, variable->type, cell, map->value, false);
      }
    });
    available.assigned(variable);
  }
  return from_bool(found);
}

// The helper that visits all entries says how many there were.
llvm::Value* FunctionLowering::map_length(const sema::Map* map) {
  const std::string name = "count_entries";
  llvm::Function* callback = module.module().getFunction(name);
  if (!callback) callback = static_function(name, {module.ptr, module.ptr, module.ptr, module.ptr}, [] {});
  llvm::Value* none = llvm::ConstantPointerNull::get(module.ptr);
  return helper(BPF_FUNC_for_each_map_elem, {module.map(module.plan().maps.at(map)), callback, none, constant(0)});
}

}  // namespace sonde::lower
