// Kernel memory behind pointers whose type the verifier knows by BTF: arguments of BTF-typed programs, the current task, and what
// their members point to. A member of it is one load, which gives 0 where the address is bad; everything else is read by a helper.
#include <linux/bpf.h>

#include "base/check.h"
#include "lower/function.h"

namespace sonde::lower {

using probes::ArgSource;
using sema::as;
using sema::ExprKind;
using types::CField;
using types::CRecord;
using types::Kind;

namespace {

struct Walk {
  bool allowed = false;
  const CField* pointer = nullptr;  // the member that was met is this pointer
};

bool refused(const CField& field) { return field.tag == "user" || field.tag == "percpu"; }

// The verifier's own search for the member at `offset` (btf_struct_walk): the first one in order of declaration decides, also in
// unions.
Walk walk(const CRecord& record, uint32_t offset, uint32_t size) {
  if (offset + size > record.size()) return {};
  for (const CField& field : record.fields()) {
    if (offset + size <= field.offset) break;
    const TypeRef type = field.type;
    if (!type || type->kind == Kind::none) return {};
    if (offset >= field.offset + type->size) continue;
    if (field.bit_size != 0 || offset < field.offset) return {};
    TypeRef met = type;
    uint32_t begin = field.offset;
    while (met->kind == Kind::array && met->element->size > 0) {
      met = met->element;
      begin += (offset - begin) / met->size * met->size;
    }
    if (met->kind == Kind::c_record) return walk(*met->c_record, offset - begin, size);
    if (met->kind == Kind::pointer) {
      if (met->size != size || offset != begin || refused(field)) return {};
      return {true, met == type ? &field : nullptr};
    }
    return {offset + size <= field.offset + type->size, nullptr};
  }
  return {};
}

bool is_kernel_record(TypeRef pointer) {
  return pointer->kind == Kind::pointer && !pointer->context && pointer->element->kind == Kind::c_record &&
         pointer->element->c_record->from_kernel();
}

// Arguments of these tracepoints may be an error code in place of an address: numbers to the verifier.
bool has_coded_arguments(std::string_view probe) {
  return probe.ends_with(":cachefiles_lookup") || probe.ends_with(":mr_integ_alloc");
}

}  // namespace

bool FunctionLowering::is_typed(const Expr& pointer) {
  const probes::ResolvedProbe& probe = program.program.probe;
  if (module.options().portable || module.options().runtime_warnings || !is_kernel_record(pointer.type)) return false;
  const bool tracing = probe.program_type == BPF_PROG_TYPE_TRACING && !has_coded_arguments(probe.full_name);
  switch (pointer.kind) {
    case ExprKind::call: return as<sema::Call>(pointer).row->typed_helper.has_value();
    case ExprKind::context_retval: return tracing && probe.arg_source == ArgSource::raw_words && pointer.type->trusted;
    case ExprKind::variable: {
      // Only a register remembers what it holds.
      const sema::Variable* variable = as<sema::VariableRead>(pointer).variable;
      const auto home = program.homes.find(variable);
      return tracing && pointer.type->trusted && program.typed_variables.contains(variable) &&
             home != program.homes.end() && home->second.where == Home::Where::local &&
             llvm::isa<llvm::AllocaInst>(home->second.local);
    }
    case ExprKind::field: {
      const auto& node = as<sema::Field>(pointer);
      if (node.base->kind == ExprKind::context_args)
        return tracing && probe.arg_source == ArgSource::raw_words && pointer.type->trusted;
      if (node.base->type->kind == Kind::pointer && node.base->type->context)
        return tracing && probe.arg_source == ArgSource::iterator && node.path.size() == 1;
      if (!is_typed(*node.base)) return false;
      uint32_t offset = 0;
      for (const CField* field : node.path) offset += field->offset;
      return walk(*node.record, offset, pointer.type->size).pointer == node.path.back();
    }
    default: return false;
  }
}

llvm::Value* FunctionLowering::typed_pointer(const Expr& pointer) {
  if (pointer.kind == ExprKind::call) return helper(*as<sema::Call>(pointer).row->typed_helper, {});
  return scalar(pointer);
}

Place FunctionLowering::typed_place(const Expr& pointer) {
  Place place{Place::Kind::foreign, typed_pointer(pointer), 0, types::Space::kernel};
  place.typed = pointer.type->element->c_record;
  return place;
}

// As a number for a helper. The verifier wants to see it tested before anything is added.
llvm::Value* FunctionLowering::typed_address(const Place& from) {
  if (from.offset == 0) return from.base;
  return value_if(as_bool(from.base), [&] { return builder.CreateAdd(settled(from.base), constant(from.offset)); });
}

// Null where the verifier would not have it.
llvm::Value* FunctionLowering::load_typed(const Place& from, TypeRef type) {
  if (!from.typed || from.offset % type->size != 0 || !walk(*from.typed, from.offset, type->size).allowed)
    return nullptr;
  return value_if(as_bool(from.base), [&] {
    llvm::Value* at = offset(builder.CreateIntToPtr(from.base, module.ptr), from.offset);
    llvm::Value* value = builder.CreateAlignedLoad(builder.getIntNTy(type->size * 8), at, llvm::Align(type->size),
                                                   /*isVolatile=*/true);
    return type->is_signed ? builder.CreateSExt(value, module.i64) : builder.CreateZExt(value, module.i64);
  });
}

}  // namespace sonde::lower
