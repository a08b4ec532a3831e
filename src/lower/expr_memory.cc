// Expressions whose value is memory: written to a destination, or borrowed where they already are somewhere.
#include <algorithm>

#include "base/check.h"
#include "lower/function.h"

namespace sonde::lower {

using sema::as;
using sema::CastKind;
using sema::ExprKind;
using types::Kind;

// Address of memory that holds the value: where it lives if it does, else a temporary. Only to be read.
llvm::Value* FunctionLowering::memory(const Expr& expr) {
  if (expr.kind == ExprKind::text) {
    std::string bytes = as<sema::Text>(expr).bytes;
    bytes.resize(expr.type->size, '\0');
    return module.text(bytes);
  }
  if (expr.kind == ExprKind::variable) return variable_address(as<sema::VariableRead>(expr).variable);
  if (has_place(expr)) {
    At at(*this, expr.range, expr.expanded_from);
    const Place from = place(expr);
    if (from.kind == Place::Kind::owned && from.text_bytes == 0) return offset(from.base, from.offset);
    llvm::Value* to = allocate(expr.type->size);
    read_memory(from, expr.type, to, false);
    return to;
  }
  llvm::Value* to = allocate(expr.type->size);
  store_value(expr, to, false);
  return to;
}

void FunctionLowering::store_value(const Expr& expr, llvm::Value* to, bool padded) {
  const TypeRef type = expr.type;
  if (in_register(type)) return store(to, type->size, scalar(expr));
  switch (expr.kind) {
    case ExprKind::text: {
      std::string bytes = as<sema::Text>(expr).bytes;
      // A key ends at the first NUL, whether a literal or a variable is looked up.
      if (padded) bytes.resize(std::min(bytes.find('\0'), bytes.size()));
      bytes.resize(type->size, '\0');
      if (type->size > 256) return copy(to, module.text(bytes), type->size);
      // Words of the literal as immediates: no load, no relocation.
      for (uint32_t at = 0; at < type->size;) {
        uint32_t width = known_alignment(to);
        while (width > type->size - at || at % width != 0) width /= 2;
        uint64_t word = 0;
        for (uint32_t i = 0; i < width; ++i) word |= uint64_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
        store(offset(to, at), width, constant(word));
        at += width;
      }
      return;
    }
    case ExprKind::variable:
      return copy_value(to, type, variable_address(as<sema::VariableRead>(expr).variable), type, padded);
    case ExprKind::map_read: {
      At at(*this, expr.range, expr.expanded_from);
      return map_memory(as<sema::MapRead>(expr).map, as<sema::MapRead>(expr).key, to, padded);
    }
    case ExprKind::call: {
      At at(*this, expr.range, expr.expanded_from);
      call(as<sema::Call>(expr), to, padded);
      return;
    }
    case ExprKind::conditional:
      return conditional(as<sema::Conditional>(expr), [&](const Expr& value) { store_value(value, to, padded); });
    case ExprKind::block: {
      const auto& node = as<sema::BlockExpr>(expr);
      TempScope temporaries(*this);
      statements(node.block);
      keep_open();
      return store_value(*node.value, to, padded);
    }
    case ExprKind::cast: return store_cast(as<sema::Cast>(expr), to, padded);
    case ExprKind::tuple: return store_tuple(as<sema::TupleMake>(expr), to, padded);
    case ExprKind::dereference:
      if (as<sema::Dereference>(expr).pointer->kind == ExprKind::context_args) return copy_arguments(type, to);
      [[fallthrough]];
    case ExprKind::field:
    case ExprKind::element:
    case ExprKind::index:
    case ExprKind::context_arg:
    case ExprKind::context_retval: {
      At at(*this, expr.range, expr.expanded_from);
      return read_memory(place(expr), type, to, padded);
    }
    case ExprKind::constant:
    case ExprKind::map_ref:
    case ExprKind::c_call:
    case ExprKind::unary:
    case ExprKind::binary:
    case ExprKind::logical:
    case ExprKind::pointer_add:
    case ExprKind::address_of:
    case ExprKind::increment:
    case ExprKind::context_args:
    case ExprKind::context_pointer: break;
  }
  SONDE_UNREACHABLE();
}

// Bytes between members: keys are hashed as bytes, and the kernel refuses to read stack bytes that nothing wrote.
void FunctionLowering::zero_padding(TypeRef type, llvm::Value* to) {
  uint32_t end = 0;
  for (const types::Member& member : type->members) {
    if (member.offset > end) zero(offset(to, end), member.offset - end);
    end = member.offset + member.type->size;
  }
  if (type->size > end) zero(offset(to, end), type->size - end);
}

void FunctionLowering::store_tuple(const sema::TupleMake& expr, llvm::Value* to, bool padded) {
  zero_padding(expr.type, to);
  const auto element = [&](size_t i) {
    const types::Member& member = expr.type->members[i];
    TempScope temporaries(*this);
    store_value(*expr.elements[i], offset(to, member.offset), padded);
  };
  if (expr.evaluation.size() == expr.elements.size()) {
    for (const uint32_t i : expr.evaluation) element(i);
  } else {
    for (size_t i = 0; i < expr.elements.size(); ++i) element(i);
  }
}

void FunctionLowering::store_cast(const sema::Cast& expr, llvm::Value* to, bool padded) {
  const Expr& operand = *expr.operand;
  switch (expr.cast) {
    case CastKind::string_capacity:
      // What makes its own string may write it in place: capacity only adds zeros behind.
      if (operand.type->size <= expr.type->size && !has_place(operand)) {
        store_value(operand, to, padded);
        if (const uint32_t rest = expr.type->size - operand.type->size; rest > 0) {
          if (padded || rest <= 8 || on_stack(to)) return zero(offset(to, operand.type->size), rest);
          zero(offset(to, operand.type->size), 1);
        }
        return;
      }
      [[fallthrough]];
    case CastKind::string_to_array:
    case CastKind::members: return copy_value(to, expr.type, memory(operand), operand.type, padded);
    case CastKind::int_to_array: {
      llvm::Value* value = scalar(operand);
      if (expr.type->element->kind != Kind::boolean) {
        for (uint32_t at = 0; at < expr.type->size; at += 8)
          store(offset(to, at), std::min(8u, expr.type->size - at), value);
        return;
      }
      for (uint32_t i = 0; i < expr.type->size; ++i) {
        llvm::Value* byte = builder.CreateAnd(builder.CreateLShr(value, constant(8 * i)), constant(0xff));
        store(offset(to, i), 1, from_bool(as_bool(byte)));
      }
      return;
    }
    case CastKind::integer:
    case CastKind::to_bool:
    case CastKind::pointer:
    case CastKind::string_address:
    case CastKind::array_to_int:
    case CastKind::username: break;
  }
  SONDE_UNREACHABLE();
}

// Equality by the meaning of the type; `left` and `right` are addresses.
llvm::Value* FunctionLowering::equal(llvm::Value* left, TypeRef left_type, llvm::Value* right, TypeRef right_type) {
  if (in_register(left_type)) return builder.CreateICmpEQ(load(left, left_type), load(right, right_type));
  switch (left_type->kind) {
    case Kind::string: return strings_equal(left, right, std::min(left_type->size, right_type->size));
    case Kind::tuple:
    case Kind::record: {
      llvm::Value* all = builder.getTrue();
      for (size_t i = 0; i < left_type->members.size(); ++i) {
        const types::Member& member = left_type->members[i];
        const types::Member* other = &right_type->members[i];
        if (left_type->kind == Kind::record)
          for (const types::Member& candidate : right_type->members)
            if (candidate.name == member.name) other = &candidate;
        all = builder.CreateAnd(
            all, equal(offset(left, member.offset), member.type, offset(right, other->offset), other->type));
      }
      return all;
    }
    default: return bytes_equal(left, right, std::min(left_type->size, right_type->size));
  }
}

}  // namespace sonde::lower
