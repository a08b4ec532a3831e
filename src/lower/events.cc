// Records for user space, written in place: reserve, fill, submit. Whatever may branch away is evaluated before the reserve,
// since a record once reserved must be submitted on every path.
#include <linux/bpf.h>

#include <cstddef>

#include "base/check.h"
#include "lower/call.h"
#include "lower/function.h"
#include "plan/plan.h"

namespace sonde::lower {

using sema::as;
using sema::ExprKind;

namespace {

// The one place where the wake-up policy is chosen. 0: the kernel wakes the consumer when it has caught up.
constexpr uint64_t kSubmitFlags = 0;

// So many numbers may wait in registers, or on the stack, until the record is there; the others do in scratch memory.
constexpr uint32_t kWaitingNumbers = 12;

// The arguments that travel, in the order of the record's fields.
llvm::SmallVector<const Expr*, 8> travelling(const sema::Call& call, const image::EventLayout& layout) {
  llvm::SmallVector<const Expr*, 8> fields;
  const size_t first = call.row->format_argument ? *call.row->format_argument + 1 : 0;
  for (size_t i = first; i < call.arguments.size() && fields.size() < layout.fields.size(); ++i)
    fields.push_back(call.arguments[i]);
  return fields;
}

bool is_number(const Expr& expr) {
  return in_register(expr.type) || (expr.type->kind == types::Kind::aggregate && expr.type->aggregate != "stats");
}

}  // namespace

void FunctionLowering::event(const sema::Call& call) {
  if (plan::prints_to_sequence(program.program, call)) return print_sequence(call);
  const image::EventId id = module.plan().events.at(&call);
  const image::EventLayout& layout = module.image().events[id.value];
  const bool hooked = call.row->lower != nullptr;
  llvm::SmallVector<const Expr*, 8> fields;
  if (!hooked) fields = travelling(call, layout);
  // A hook evaluates its arguments when it is set up.
  std::optional<CallLowering> machine;
  llvm::SmallVector<llvm::Value*, 8> ready;
  uint32_t waiting = 0;
  for (const Expr* field : fields) {
    llvm::Value* value = nullptr;
    if (is_number(*field) && field->kind != ExprKind::context_args) {
      value = scalar(*field);
      if (!llvm::isa<llvm::Constant>(value) && ++waiting > (program.sparing() ? 0 : kWaitingNumbers)) {
        llvm::Value* aside = allocate_scratch(8);
        store(aside, 8, value);
        value = aside;
      }
    } else if (may_leave(*field)) {
      value = memory(*field);
    }
    ready.push_back(value);
  }
  if (hooked) machine.emplace(*this, call, call.type, nullptr, false);
  llvm::Value* record =
      helper_pointer(BPF_FUNC_ringbuf_reserve, {module.map(InternalMap::ring), constant(layout.size), constant(0)});
  llvm::BasicBlock* fill = new_block("fill");
  llvm::BasicBlock* lost = new_block("lost");
  llvm::BasicBlock* done = new_block("sent");
  builder.CreateCondBr(builder.CreateIsNotNull(record), fill, lost);

  continue_in(fill);
  store(offset(record, offsetof(image::EventHeader, event)), 4, constant(id.value));
  store(offset(record, offsetof(image::EventHeader, cpu)), 4, constant(0));
  store(offset(record, offsetof(image::EventHeader, time)), 8, helper(BPF_FUNC_ktime_get_ns, {}));
  perhaps([&] {
    if (hooked) {
      machine->set_result(offset(record, image::kEventHeaderSize));
      call.row->lower(*machine);
    } else {
      fill_event(layout, record, fields, ready);
    }
  });
  helper(BPF_FUNC_ringbuf_submit, {record, constant(kSubmitFlags)});
  builder.CreateBr(done);

  continue_in(lost);
  count_loss(offsetof(image::LossCell, events));
  builder.CreateBr(done);

  continue_in(done);
  if (call.row->returns) leave(nullptr);
}

void FunctionLowering::fill_event(const image::EventLayout& layout, llvm::Value* record,
                                  llvm::ArrayRef<const Expr*> fields, llvm::ArrayRef<llvm::Value*> ready) {
  for (size_t i = 0; i < layout.fields.size(); ++i) {
    llvm::Value* to = offset(record, layout.fields[i].offset);
    const uint32_t size = module.image().types[layout.fields[i].type.value].size;
    if (i >= fields.size()) {  // exit() without a code
      zero(to, size);
      continue;
    }
    const Expr& field = *fields[i];
    if (ready[i] && is_number(field)) {
      const bool aside = ready[i]->getType()->isPointerTy();
      store(to, size, aside ? recall(ready[i], 8, false) : ready[i]);
    } else if (ready[i]) {
      copy_value(to, field.type, ready[i], field.type, false);
    } else if (field.kind == ExprKind::context_args) {
      copy_arguments(field.type->element, to);
    } else if (field.type->kind == types::Kind::aggregate) {
      store_stats(as<sema::MapRead>(field), to);
    } else {
      TempScope temporaries(*this);
      store_value(field, to, false);
    }
  }
}

// `args` as a whole: the record the provider described, collected from the context.
void FunctionLowering::copy_arguments(TypeRef type, llvm::Value* to) {
  const probes::ResolvedProbe& probe = program.program.probe;
  if (probe.arg_words.empty()) {
    read_memory({Place::Kind::context, context(), 0, types::Space::kernel}, type, to, false);
    return;
  }
  const std::vector<types::CField>& fields = type->c_record->fields();
  for (size_t i = 0; i < fields.size() && i < probe.arg_words.size(); ++i) {
    const Place from = argument_place(i);
    llvm::Value* field = offset(to, fields[i].offset);
    if (in_register(fields[i].type)) {
      store(field, fields[i].type->size, read_scalar(from, fields[i].type));
    } else {
      read_memory(from, fields[i].type, field, false);
    }
  }
}

// A stats() entry as a record of count, average, total.
void FunctionLowering::store_stats(const sema::MapRead& read, llvm::Value* to) {
  TempScope temporaries(*this);
  llvm::Value* key_memory = key(read.map, read.key);
  const auto [total, count] = aggregate_totals(read.map, key_memory);
  store(to, 8, count);
  store(offset(to, 8), 8, average(total, count, module.desc(read.map).aggregate->is_signed));
  store(offset(to, 16), 8, total);
}

}  // namespace sonde::lower
