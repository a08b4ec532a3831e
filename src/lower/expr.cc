// Expressions whose value fits a register, and conditions.
#include "base/check.h"
#include "lower/function.h"

namespace sonde::lower {

using sema::as;
using sema::BinaryOp;
using sema::CastKind;
using sema::ExprKind;

llvm::Value* FunctionLowering::scalar(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::constant: return canonical(constant(as<sema::Constant>(expr).bits), expr.type);
    case ExprKind::variable: return load_variable(as<sema::VariableRead>(expr).variable);
    case ExprKind::map_read: {
      At at(*this, expr.range, expr.expanded_from);
      return map_scalar(as<sema::MapRead>(expr).map, as<sema::MapRead>(expr).key);
    }
    case ExprKind::call: {
      At at(*this, expr.range, expr.expanded_from);
      return canonical(call(as<sema::Call>(expr), nullptr, false), expr.type);
    }
    case ExprKind::c_call: {
      At at(*this, expr.range, expr.expanded_from);
      return canonical(c_call(as<sema::CCall>(expr)), expr.type);
    }
    case ExprKind::unary: {
      const auto& node = as<sema::Unary>(expr);
      if (node.op == sema::UnaryOp::logical_not) return from_bool(condition(expr));
      llvm::Value* operand = scalar(*node.operand);
      return node.op == sema::UnaryOp::negate ? builder.CreateNeg(operand) : builder.CreateNot(operand);
    }
    case ExprKind::binary: return scalar_binary(as<sema::Binary>(expr));
    case ExprKind::logical: return from_bool(condition(expr));
    case ExprKind::pointer_add: return pointer_add(as<sema::PointerAdd>(expr));
    case ExprKind::conditional: return scalar_conditional(as<sema::Conditional>(expr));
    case ExprKind::block: {
      const auto& node = as<sema::BlockExpr>(expr);
      SONDE_CHECK(node.value != nullptr);
      TempScope temporaries(*this);
      statements(node.block);
      keep_open();
      return scalar(*node.value);
    }
    case ExprKind::cast: return scalar_cast(as<sema::Cast>(expr));
    case ExprKind::increment: return increment(as<sema::Increment>(expr));
    case ExprKind::address_of:
      return plain_number(builder.CreatePtrToInt(variable_address(as<sema::AddressOf>(expr).variable), module.i64),
                          !program.calls_c());
    case ExprKind::context_arg:
      if (!has_place(expr)) return usdt_argument(as<sema::ContextArg>(expr).number);
      [[fallthrough]];
    case ExprKind::field:
    case ExprKind::dereference:
    case ExprKind::element:
    case ExprKind::index:
    case ExprKind::context_retval: {
      // A read that fails is told where it stands, not where its value goes.
      At at(*this, expr.range, expr.expanded_from);
      const Place from = place(expr);
      if (expr.kind == ExprKind::field) {
        const types::CField& field = *as<sema::Field>(expr).path.back();
        if (field.bit_size != 0) return read_bitfield(from, as<sema::Field>(expr));
        if (field.tag == "data_loc" || field.tag == "rel_loc") return data_loc(from, field.tag == "rel_loc");
        return canonical(read_scalar(from, field.type), expr.type);
      }
      return read_scalar(from, expr.type);
    }
    case ExprKind::context_args:
    case ExprKind::context_pointer: return builder.CreatePtrToInt(context(), module.i64);
    case ExprKind::map_ref:
      return builder.CreatePtrToInt(module.map(module.plan().maps.at(as<sema::MapRef>(expr).map)), module.i64);
    case ExprKind::text:
    case ExprKind::tuple: break;
  }
  SONDE_UNREACHABLE();
}

// Evaluates for side effects; an unused increment needs no old value, which the atomic instruction then does not fetch.
void FunctionLowering::discard(const Expr& expr) {
  TempScope temporaries(*this);
  if (expr.kind == ExprKind::conditional) {
    return conditional(as<sema::Conditional>(expr), [&](const Expr& value) { discard(value); });
  }
  if (expr.kind == ExprKind::block) {
    const auto& node = as<sema::BlockExpr>(expr);
    statements(node.block);
    if (node.value && open()) discard(*node.value);
    return;
  }
  if (expr.kind == ExprKind::call && expr.type->size == 0) {
    At at(*this, expr.range, expr.expanded_from);
    call(as<sema::Call>(expr), nullptr, false);
    return;
  }
  if (expr.kind == ExprKind::c_call && expr.type->size == 0) {
    At at(*this, expr.range, expr.expanded_from);
    c_call(as<sema::CCall>(expr));
    return;
  }
  if (expr.kind == ExprKind::map_ref || expr.kind == ExprKind::text || expr.type->kind == types::Kind::none) return;
  if (in_register(expr.type) || expr.type->kind == types::Kind::aggregate) {
    scalar(expr);
  } else {
    memory(expr);
  }
}

llvm::Value* FunctionLowering::condition(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::binary: {
      const auto& node = as<sema::Binary>(expr);
      if (node.op >= BinaryOp::eq) return compare(node);
      break;
    }
    case ExprKind::unary:
      if (as<sema::Unary>(expr).op == sema::UnaryOp::logical_not)
        return builder.CreateNot(condition(*as<sema::Unary>(expr).operand));
      break;
    case ExprKind::logical: {
      llvm::BasicBlock* yes = new_block("true");
      llvm::BasicBlock* no = new_block("false");
      llvm::BasicBlock* done = new_block("decided");
      const KnownValues::Outcome outcome = branch(expr, yes, no);
      available = KnownValues::both(outcome.yes, outcome.no);
      continue_in(yes);
      builder.CreateBr(done);
      continue_in(no);
      builder.CreateBr(done);
      continue_in(done);
      llvm::PHINode* result = builder.CreatePHI(builder.getInt1Ty(), 2);
      result->addIncoming(builder.getTrue(), yes);
      result->addIncoming(builder.getFalse(), no);
      return result;
    }
    case ExprKind::cast: {
      const auto& node = as<sema::Cast>(expr);
      if (node.cast != CastKind::to_bool) break;
      if (node.operand->type->kind == types::Kind::string) return as_bool(load(memory(*node.operand), 1, false));
      return as_bool(scalar(*node.operand));
    }
    default: break;
  }
  return as_bool(scalar(expr));
}

KnownValues::Outcome FunctionLowering::branch(const Expr& expr, llvm::BasicBlock* yes, llvm::BasicBlock* no) {
  if (expr.kind == ExprKind::unary && as<sema::Unary>(expr).op == sema::UnaryOp::logical_not) {
    KnownValues::Outcome inverse = branch(*as<sema::Unary>(expr).operand, no, yes);
    return {std::move(inverse.no), std::move(inverse.yes)};
  }
  if (expr.kind == ExprKind::logical) {
    const auto& node = as<sema::Logical>(expr);
    llvm::BasicBlock* second = new_block("and");
    const KnownValues::Outcome left = node.is_and ? branch(*node.left, second, no) : branch(*node.left, yes, second);
    continue_in(second);
    available = node.is_and ? left.yes : left.no;
    KnownValues::Outcome right = branch(*node.right, yes, no);
    if (node.is_and) {
      right.no = KnownValues::both(left.no, right.no);
    } else {
      right.yes = KnownValues::both(left.yes, right.yes);
    }
    return right;
  }
  builder.CreateCondBr(condition(expr), yes, no);
  return {available, available};
}

llvm::Value* FunctionLowering::scalar_binary(const sema::Binary& expr) {
  if (expr.op >= BinaryOp::eq) return from_bool(compare(expr));
  if (expr.op == BinaryOp::div || expr.op == BinaryOp::mod) return divide(expr);
  const auto [left, right] = operands(*expr.left, *expr.right);
  // Counts beyond 63 are unspecified in the language but must not become undefined in LLVM.
  const auto count = [&] { return builder.CreateAnd(right, constant(63)); };
  const auto result = [&](llvm::Value* value) { return canonical(value, expr.type); };
  switch (expr.op) {
    case BinaryOp::add:
      if (expr.type->kind == types::Kind::boolean) return from_bool(as_bool(builder.CreateAdd(left, right)));
      return result(builder.CreateAdd(left, right));
    case BinaryOp::sub:
      if (expr.type->kind == types::Kind::boolean) return from_bool(as_bool(builder.CreateSub(left, right)));
      return result(builder.CreateSub(left, right));
    case BinaryOp::mul: return result(builder.CreateMul(left, right));
    case BinaryOp::bit_and: return builder.CreateAnd(left, right);
    case BinaryOp::bit_or: return builder.CreateOr(left, right);
    case BinaryOp::bit_xor: return builder.CreateXor(left, right);
    case BinaryOp::shl:
      if (expr.type->kind == types::Kind::boolean) return from_bool(as_bool(builder.CreateShl(left, count())));
      return result(builder.CreateShl(left, count()));
    case BinaryOp::shr: return result(builder.CreateLShr(left, count()));
    default: break;
  }
  SONDE_UNREACHABLE();
}

// Unsigned; by zero yields 1 and counts an error.
llvm::Value* FunctionLowering::divide(const sema::Binary& expr) {
  const auto [left, right] = operands(*expr.left, *expr.right);
  const auto quotient = [&] {
    return expr.op == BinaryOp::div ? builder.CreateUDiv(left, right) : builder.CreateURem(left, right);
  };
  if (auto* known = llvm::dyn_cast<llvm::ConstantInt>(right); known && !known->isZero()) return quotient();
  llvm::BasicBlock* good = new_block("divide");
  llvm::BasicBlock* bad = new_block("zero");
  llvm::BasicBlock* done = new_block("divided");
  builder.CreateCondBr(as_bool(right), good, bad);
  continue_in(good);
  llvm::Value* value = quotient();
  builder.CreateBr(done);
  continue_in(bad);
  {
    At at(*this, expr.range, expr.expanded_from);
    report_error(image::ErrorKind::divide_by_zero, "", constant(0), false);
    bad = builder.GetInsertBlock();
    builder.CreateBr(done);
  }
  continue_in(done);
  llvm::PHINode* result = builder.CreatePHI(module.i64, 2);
  result->addIncoming(value, good);
  result->addIncoming(constant(1), bad);
  return result;
}

llvm::Value* FunctionLowering::compare(const sema::Binary& expr) {
  const TypeRef type = expr.left->type;
  if (!in_register(type) && type->kind != types::Kind::aggregate) return compare_memory(expr);
  const auto [left, right] = operands(*expr.left, *expr.right);
  const bool is_signed = type->is_signed || expr.right->type->is_signed;
  using Predicate = llvm::CmpInst::Predicate;
  const auto pick = [&](Predicate for_signed, Predicate for_unsigned) {
    return builder.CreateICmp(is_signed ? for_signed : for_unsigned, left, right);
  };
  switch (expr.op) {
    case BinaryOp::eq: return builder.CreateICmpEQ(left, right);
    case BinaryOp::ne: return builder.CreateICmpNE(left, right);
    case BinaryOp::lt: return pick(Predicate::ICMP_SLT, Predicate::ICMP_ULT);
    case BinaryOp::le: return pick(Predicate::ICMP_SLE, Predicate::ICMP_ULE);
    case BinaryOp::gt: return pick(Predicate::ICMP_SGT, Predicate::ICMP_UGT);
    case BinaryOp::ge: return pick(Predicate::ICMP_SGE, Predicate::ICMP_UGE);
    default: break;
  }
  SONDE_UNREACHABLE();
}

// A string literal below conversions of its capacity, if `expr` is one.
const sema::Text* literal_text(const Expr& expr) {
  const Expr* at = &expr;
  while (at->kind == ExprKind::cast && as<sema::Cast>(*at).cast == CastKind::string_capacity)
    at = as<sema::Cast>(*at).operand;
  return at->kind == ExprKind::text ? &as<sema::Text>(*at) : nullptr;
}

// The string itself below conversions that only add capacity: what follows the NUL does not matter here.
const Expr& uncast_string(const Expr& expr) {
  const Expr* at = &expr;
  while (at->kind == ExprKind::cast && as<sema::Cast>(*at).cast == CastKind::string_capacity &&
         as<sema::Cast>(*at).operand->type->size <= at->type->size)
    at = as<sema::Cast>(*at).operand;
  return *at;
}

llvm::Value* FunctionLowering::compare_memory(const sema::Binary& expr) {
  TempScope temporaries(*this);
  llvm::Value* same = nullptr;
  if (expr.left->type->kind == types::Kind::string) {
    const sema::Text* literal = literal_text(*expr.right);
    const Expr& other = uncast_string(literal ? *expr.left : *expr.right);
    if (!literal) literal = literal_text(*expr.left);
    if (literal) same = text_equal(memory(other), other.type->size, literal->bytes);
  }
  if (!same) {
    const bool strings = expr.left->type->kind == types::Kind::string;
    const Expr& left = strings ? uncast_string(*expr.left) : *expr.left;
    const Expr& right = strings ? uncast_string(*expr.right) : *expr.right;
    llvm::Value* left_memory = memory(left);
    same = equal(left_memory, left.type, memory(right), right.type);
  }
  SONDE_CHECK(expr.op == BinaryOp::eq || expr.op == BinaryOp::ne);
  return expr.op == BinaryOp::eq ? same : builder.CreateNot(same);
}

llvm::Value* FunctionLowering::scalar_cast(const sema::Cast& expr) {
  switch (expr.cast) {
    case CastKind::pointer:
      if (expr.type->kind != types::Kind::pointer && expr.operand->type->kind == types::Kind::pointer)
        return canonical(plain_number(scalar(*expr.operand), program.knows_address(*expr.operand)), expr.type);
      return scalar(*expr.operand);
    case CastKind::integer:
    case CastKind::username: return canonical(scalar(*expr.operand), expr.type);
    case CastKind::to_bool: return from_bool(condition(expr));
    case CastKind::string_address:
      return plain_number(builder.CreatePtrToInt(memory(*expr.operand), module.i64), !program.calls_c());
    case CastKind::array_to_int: return load(memory(*expr.operand), expr.type);
    case CastKind::string_capacity:
    case CastKind::int_to_array:
    case CastKind::string_to_array:
    case CastKind::members: break;
  }
  SONDE_UNREACHABLE();
}

// The verifier knows addresses of variables, maps and the context as such and allows hardly any arithmetic on them, not even
// what LLVM makes of moving one between registers. Read from memory by a helper, the same bits are a number to it. `known`:
// whether this may be such an address.
llvm::Value* FunctionLowering::plain_number(llvm::Value* address, bool known) {
  if (!known) return address;
  TempScope temporaries(*this);
  llvm::Value* from = allocate(8);
  llvm::Value* to = allocate(8);
  store(from, 8, address);
  store(to, 8, constant(0));
  probe_read(to, constant(8), builder.CreatePtrToInt(from, module.i64), types::Space::kernel);
  return load(to, 8, false);
}

llvm::Value* FunctionLowering::pointer_add(const sema::PointerAdd& expr) {
  llvm::Value* pointer = plain_number(scalar(*expr.pointer), program.knows_address(*expr.pointer));
  llvm::Value* bytes = scalar(*expr.index);
  if (expr.scale != 1) bytes = builder.CreateMul(bytes, constant(expr.scale));
  return expr.subtract ? builder.CreateSub(pointer, bytes) : builder.CreateAdd(pointer, bytes);
}

// Evaluates the condition and the chosen branch.
void FunctionLowering::conditional(const sema::Conditional& expr, const std::function<void(const Expr&)>& use) {
  llvm::BasicBlock* yes = new_block("if");
  llvm::BasicBlock* no = new_block("else");
  llvm::BasicBlock* done = new_block("endif");
  KnownValues::Outcome outcome = branch(*expr.condition, yes, no);
  continue_in(yes);
  available = std::move(outcome.yes);
  if (expr.then_value) {
    TempScope temporaries(*this);
    use(*expr.then_value);
  }
  const bool then_ends = open();
  if (then_ends) builder.CreateBr(done);
  continue_in(no);
  KnownValues after_then = std::move(available);
  available = std::move(outcome.no);
  if (expr.else_value) {
    TempScope temporaries(*this);
    use(*expr.else_value);
  }
  if (!open()) {
    available = std::move(after_then);
  } else {
    builder.CreateBr(done);
    if (then_ends) available = KnownValues::both(available, after_then);
  }
  continue_in(done);
}

llvm::Value* FunctionLowering::scalar_conditional(const sema::Conditional& expr) {
  llvm::SmallVector<std::pair<llvm::Value*, llvm::BasicBlock*>, 2> values;
  conditional(expr, [&](const Expr& branch_value) {
    llvm::Value* value = scalar(branch_value);
    if (open()) values.emplace_back(value, builder.GetInsertBlock());
  });
  if (values.empty()) return constant(0);
  llvm::PHINode* result = builder.CreatePHI(module.i64, 2);
  for (const auto& [value, from] : values) result->addIncoming(value, from);
  return result;
}

}  // namespace sonde::lower
