// Where values are before they are read: fields, elements, array members, what pointers point to, and the probe's context.
// A chain of members of one structure is one address, so that only the bytes wanted are read.
#include <linux/bpf.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "lower/function.h"

namespace sonde::lower {

using probes::ArgSource;
using sema::as;
using sema::ExprKind;
using types::Kind;
using types::Space;

namespace {

constexpr uint32_t kWord = 8;

constexpr uint32_t kX86Result = 80;  // ax in struct pt_regs; x0 of arm64 is at its start

uint32_t path_offset(const std::vector<const types::CField*>& path) {
  uint32_t offset = 0;
  for (const types::CField* field : path) offset += field->offset;
  return offset;
}

bool is_context(TypeRef type) { return type->kind == Kind::pointer && type->context; }

const char* read_name(Space space) {
  switch (space) {
    case Space::kernel: return "probe_read_kernel";
    case Space::user: return "probe_read_user";
    case Space::none: return "probe_read";
  }
  SONDE_UNREACHABLE();
}

}  // namespace

bool FunctionLowering::has_place(const Expr& expr) const {
  switch (expr.kind) {
    case ExprKind::field:
    case ExprKind::dereference:
    case ExprKind::element:
    case ExprKind::index:
    case ExprKind::context_retval: return true;
    // Where a static probe has its arguments is known only once it is reached.
    case ExprKind::context_arg: return program.program.probe.arg_source != ArgSource::usdt;
    default: return false;
  }
}

Place FunctionLowering::place(const Expr& expr) {
  const probes::ResolvedProbe& probe = program.program.probe;
  switch (expr.kind) {
    case ExprKind::field: return field_place(as<sema::Field>(expr));
    case ExprKind::dereference: {
      const Expr& pointer = *as<sema::Dereference>(expr).pointer;
      if (is_context(pointer.type)) return {Place::Kind::context, context(), 0, Space::kernel};
      if (is_typed(pointer)) return typed_place(pointer);
      const Space space = pointer.type->kind == Kind::pointer ? pointer.type->space : probe.space;
      return {Place::Kind::foreign, scalar(pointer), 0, space};
    }
    case ExprKind::element: {
      const auto& node = as<sema::Element>(expr);
      Place from{Place::Kind::owned, nullptr, 0, Space::none};
      if (has_place(*node.base)) {
        from = place(*node.base);
      } else {
        from.base = memory(*node.base);
      }
      from.offset += node.base->type->members[node.index].offset;
      return from;
    }
    case ExprKind::index: return index_place(as<sema::Index>(expr));
    case ExprKind::context_arg: {
      const uint32_t number = as<sema::ContextArg>(expr).number;
      if (probe.arg_source == ArgSource::raw_words)
        return {Place::Kind::context, context(), number * kWord, probe.space};
      return {Place::Kind::context, context(), argument_register_offset(module.is_arm64(), number), probe.space};
    }
    case ExprKind::context_retval: {
      if (probe.arg_source == ArgSource::raw_words)
        return {Place::Kind::context, context(), probe.retval_word * kWord, probe.space};
      return {Place::Kind::context, context(), module.is_arm64() ? 0 : kX86Result, probe.space};
    }
    default: break;
  }
  return {Place::Kind::owned, memory(expr), 0, Space::none};
}

Place FunctionLowering::field_place(const sema::Field& expr) {
  const Expr& base = *expr.base;
  if (base.kind == ExprKind::context_args) return context_place(expr);
  Place from;
  if (is_typed(base)) {
    from = typed_place(base);
  } else if (base.type->kind == Kind::pointer) {
    from = is_context(base.type) ? Place{Place::Kind::context, context(), 0, Space::kernel}
                                 : Place{Place::Kind::foreign, scalar(base), 0, base.type->space};
  } else if (has_place(base)) {
    from = place(base);
  } else {
    from = {Place::Kind::owned, memory(base), 0, Space::none};
  }
  return member_place(from, *expr.record, expr.path);
}

// Goes on from the place of a record to one of its members: by a constant, or by a relocation in portable objects.
Place FunctionLowering::member_place(Place from, const types::CRecord& record,
                                     const std::vector<const types::CField*>& path) {
  const types::CField& field = *path.back();
  from.text_bytes = field.open_text ? field.type->size : 0;
  if (!relocates(from, record)) {
    from.offset += path_offset(path);
    return from;
  }
  if (!record.name().empty()) {
    from.root = &record;
    from.root_base = address(from);
    from.members.clear();
  }
  from.members.push_back(&field);
  from.offset = 0;
  if (field.bit_size != 0) return from;  // relocated as a whole where it is read
  llvm::Value* distance =
      builder.CreateLoad(module.i64, module.relocation(*from.root, from.members, Relocation::byte_offset));
  from.base = builder.CreateAdd(from.root_base, distance);
  return from;
}

// Members of kernel records are found by name in portable objects; those of a record without a name from the one around it.
bool FunctionLowering::relocates(const Place& from, const types::CRecord& record) const {
  return module.options().portable && record.from_kernel() && from.kind == Place::Kind::foreign &&
         (!record.name().empty() || from.root);
}

// A field of `args`.
Place FunctionLowering::context_place(const sema::Field& expr) {
  const probes::ResolvedProbe& probe = program.program.probe;
  switch (probe.arg_source) {
    case ArgSource::context_struct:
    case ArgSource::iterator: {
      if (!module.options().portable || probe.format_name.empty())
        return {Place::Kind::context, context(), path_offset(expr.path), Space::kernel};
      const std::string name = probe.format_name + ":" + expr.path.back()->name;
      llvm::Value* distance =
          builder.CreateLoad(module.i64, module.parameter(image::ParameterKind::tracepoint_field_offset, name, kWord));
      return {Place::Kind::foreign, builder.CreateAdd(builder.CreatePtrToInt(context(), module.i64), distance), 0,
              Space::kernel};
    }
    case ArgSource::raw_words:
    case ArgSource::registers:
    case ArgSource::entry_registers:
      return argument_place(static_cast<size_t>(expr.path.front() - expr.record->fields().data()));
    case ArgSource::none:
    case ArgSource::usdt:
    case ArgSource::perf_event: break;
  }
  SONDE_UNREACHABLE();
}

Place FunctionLowering::index_place(const sema::Index& expr) {
  const Expr& base = *expr.base;
  if (base.type->kind == Kind::pointer) {
    llvm::Value* pointer = plain_number(scalar(base), program.knows_address(base));
    llvm::Value* bytes = builder.CreateMul(scalar(*expr.index), constant(std::max(1u, base.type->element->size)));
    return {Place::Kind::foreign, builder.CreateAdd(pointer, bytes), 0, base.type->space};
  }
  const bool is_array = base.type->kind == Kind::array;
  const uint32_t size = is_array ? base.type->element->size : 1;
  Place from = has_place(base) ? place(base) : Place{Place::Kind::owned, memory(base), 0, Space::none};
  const uint32_t text_bytes = std::exchange(from.text_bytes, 0);
  const uint32_t count = is_array ? base.type->count.value_or(0) : text_bytes ? text_bytes : base.type->size;
  llvm::Value* index = scalar(*expr.index);
  if (auto* known = llvm::dyn_cast<llvm::ConstantInt>(index); known && (count == 0 || known->getZExtValue() < count)) {
    from.offset += static_cast<uint32_t>(known->getZExtValue()) * size;
    from.root = nullptr;
    return from;
  }
  if (count != 0) {
    if_then(
        builder.CreateICmpUGE(index, constant(count)),
        [&] {
          At at(*this, expr.range, expr.expanded_from);
          report_error(image::ErrorKind::array_bounds, "", constant(0), false);
        },
        true);
    index = bound(index, count);
  }
  from.root = nullptr;
  llvm::Value* bytes = builder.CreateMul(index, constant(size));
  if (from.kind == Place::Kind::owned) {
    from.base = offset(offset(from.base, from.offset), bytes);
  } else {
    from = {Place::Kind::foreign, builder.CreateAdd(address(from), bytes), 0, from.space};
  }
  from.offset = 0;
  return from;
}

llvm::Value* FunctionLowering::address(const Place& from) {
  if (from.typed) return typed_address(from);
  llvm::Value* base = from.kind == Place::Kind::foreign ? from.base : builder.CreatePtrToInt(from.base, module.i64);
  return from.offset == 0 ? base : builder.CreateAdd(base, constant(from.offset));
}

// A load at a constant offset of the context. Volatile: LLVM must not merge two of them into one at a computed offset, which
// the verifier refuses.
llvm::Value* FunctionLowering::context_load(uint32_t at, uint32_t size, bool is_signed) {
  llvm::Value* value = builder.CreateAlignedLoad(builder.getIntNTy(size * 8), offset(context(), at), llvm::Align(size),
                                                 /*isVolatile=*/true);
  return is_signed ? builder.CreateSExt(value, module.i64) : builder.CreateZExt(value, module.i64);
}

llvm::Value* FunctionLowering::read_scalar(const Place& from, TypeRef type) {
  switch (from.kind) {
    case Place::Kind::owned: return load(offset(from.base, from.offset), type);
    case Place::Kind::context:
      if (program.program.probe.arg_source == ArgSource::iterator) return iterator_member(from, type);
      if (program.program.probe.arg_source != ArgSource::context_struct)
        return canonical(context_load(from.offset, kWord, false), type);
      if (from.offset % type->size == 0) return context_load(from.offset, type->size, type->is_signed);
      break;
    case Place::Kind::foreign:
      if (llvm::Value* value = load_typed(from, type)) return value;
      break;
  }
  TempScope temporaries(*this);
  llvm::Value* to = allocate(kWord);
  read_foreign(from, to, constant(type->size));
  return load(to, type);
}

// A member of an iterator's context, one word each. A zero ends the program: the kernel's last call comes without objects, and
// the verifier lets nobody follow a pointer that was not compared with null.
llvm::Value* FunctionLowering::iterator_member(const Place& from, TypeRef type) {
  llvm::Value* value = canonical(context_load(from.offset, kWord, false), type);
  if (from.offset == 0) return value;  // ctx.meta is always there
  llvm::BasicBlock* absent = new_block("absent");
  llvm::BasicBlock* present = new_block("present");
  builder.CreateCondBr(as_bool(value), present, absent);
  continue_in(absent);
  leave(nullptr);
  continue_in(present);
  return value;
}

// Reads through a helper, which clears the destination when it fails.
void FunctionLowering::read_foreign(const Place& from, llvm::Value* to, llvm::Value* size) {
  const Space space = from.kind == Place::Kind::context ? Space::kernel : from.space;
  llvm::Value* code = probe_read(to, size, address(from), space);
  if (!module.options().runtime_warnings) return;
  if_then(
      builder.CreateICmpSLT(code, constant(0)),
      [&] { report_error(image::ErrorKind::probe_read, read_name(space), code, true); }, true);
}

void FunctionLowering::read_memory(const Place& from, TypeRef type, llvm::Value* to, bool padded) {
  if (from.text_bytes != 0) {
    Place bytes = from;
    bytes.text_bytes = 0;
    types::Type text = *type;
    text.size = from.text_bytes;
    store(offset(to, text.size), 1, constant(0));
    return read_memory(bytes, &text, to, padded);
  }
  if (from.kind == Place::Kind::owned) return copy_value(to, type, offset(from.base, from.offset), type, padded);
  if (padded && type->kind == Kind::string) {
    const Space space = from.kind == Place::Kind::context ? Space::kernel : from.space;
    zero(to, type->size);
    llvm::Value* at = address(from);
    llvm::Value* length = probe_read_string(to, constant(type->size), at, space);
    // The helper ends every string with a NUL; an array that is full has none.
    if_then(
        builder.CreateICmpEQ(length, constant(type->size)),
        [&] {
          probe_read(offset(to, type->size - 1), constant(1), builder.CreateAdd(at, constant(type->size - 1)), space);
        },
        true);
    return;
  }
  read_foreign(from, to, constant(type->size));
}

// Bits of the storage unit; the language reads them unsigned, but for enumerators, which keep their names.
llvm::Value* FunctionLowering::read_bitfield(const Place& from, const sema::Field& expr) {
  const types::CField& field = *expr.path.back();
  const uint32_t left = 64u - field.bit_offset - field.bit_size;
  const uint32_t right = 64u - field.bit_size;
  const auto shifted = [&](llvm::Value* value, llvm::Value* by) {
    return expr.type->is_signed ? builder.CreateAShr(value, by) : builder.CreateLShr(value, by);
  };
  if (!relocates(from, *expr.record)) {
    types::Type storage;
    storage.kind = Kind::integer;
    storage.size = field.type->size;
    llvm::Value* value = read_scalar(from, &storage);
    return shifted(builder.CreateShl(value, constant(left)), constant(right));
  }
  const auto number = [&](Relocation kind) {
    return builder.CreateLoad(module.i64, module.relocation(*from.root, from.members, kind));
  };
  TempScope temporaries(*this);
  llvm::Value* to = allocate(kWord);
  store(to, kWord, constant(0));
  Place unit = from;
  unit.base = builder.CreateAdd(from.root_base, number(Relocation::byte_offset));
  unit.offset = 0;
  read_foreign(unit, to, number(Relocation::byte_size));
  llvm::Value* value = builder.CreateShl(load(to, kWord, false), number(Relocation::left_shift));
  return shifted(value, number(Relocation::right_shift));
}

llvm::Value* FunctionLowering::kernel_field(llvm::Value* base, TypeRef record, std::string_view path) {
  SONDE_CHECK(record != nullptr && record->c_record != nullptr);
  Place from{Place::Kind::foreign, base, 0, Space::kernel};
  while (true) {
    const size_t dot = path.find('.');
    const std::vector<const types::CField*> fields = record->c_record->find(path.substr(0, dot));
    SONDE_CHECK(!fields.empty());
    from = member_place(from, *record->c_record, fields);
    const TypeRef type = fields.back()->type;
    if (dot == std::string_view::npos) return read_scalar(from, type);
    path.remove_prefix(dot + 1);
    record = type;
    if (type->kind != Kind::pointer) continue;
    record = type->element;
    from = {Place::Kind::foreign, read_scalar(from, type), 0, Space::kernel};
  }
}

// A tracepoint field of variable length: its word holds the offset of the data in the record, or from its own end on.
llvm::Value* FunctionLowering::data_loc(const Place& from, bool relative) {
  types::Type word;
  word.kind = Kind::integer;
  word.size = 4;
  llvm::Value* distance = builder.CreateAnd(read_scalar(from, &word), constant(0xffff));
  llvm::Value* base =
      relative ? builder.CreateAdd(address(from), constant(4)) : builder.CreatePtrToInt(context(), module.i64);
  return builder.CreateAdd(base, distance);
}

}  // namespace sonde::lower
