// Arguments of static probes: every place of a probe may have them elsewhere, so the program asks where it was reached.
#include <linux/bpf.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "lower/function.h"

namespace sonde::lower {

using probes::UsdtArgument;

namespace {

types::Type integer(uint32_t size, bool is_signed) {
  types::Type type;
  type.kind = types::Kind::integer;
  type.size = type.align = size;
  type.is_signed = is_signed;
  return type;
}

// The value of a constant or a register, or the address of an operand in memory. Never in a branch: LLVM would make one load
// at a computed offset of the context out of those in several branches, and the verifier refuses that.
llvm::Value* word_of(FunctionLowering& function, const UsdtArgument& argument) {
  const auto word = [&](uint32_t at) { return function.context_load(at, 8, false); };
  switch (argument.kind) {
    case UsdtArgument::Kind::constant: return function.constant(static_cast<uint64_t>(argument.value));
    case UsdtArgument::Kind::in_register: return word(*argument.base);
    case UsdtArgument::Kind::memory: break;
    case UsdtArgument::Kind::unusable: SONDE_UNREACHABLE();
  }
  llvm::Value* address = function.constant(static_cast<uint64_t>(argument.value));
  if (argument.base) address = function.builder.CreateAdd(word(*argument.base), address);
  if (argument.index) {
    llvm::Value* index = word(*argument.index);
    if (argument.index_bytes < 8) {
      const types::Type half = integer(4, argument.index_signed);
      index = function.canonical(index, &half);
    }
    address = function.builder.CreateAdd(address, function.builder.CreateMul(index, function.constant(argument.scale)));
  }
  return address;
}

// The operand's value, extended by its sign.
llvm::Value* value_of(FunctionLowering& function, const UsdtArgument& argument, llvm::Value* word) {
  const types::Type width = integer(argument.size, argument.is_signed);
  if (argument.kind != UsdtArgument::Kind::memory) return function.canonical(word, &width);
  return function.read_scalar({Place::Kind::foreign, word, 0, types::Space::user}, &width);
}

}  // namespace

llvm::Value* FunctionLowering::usdt_argument(uint32_t number) {
  // Operands in the order of the first cookie that has them, with all their cookies. A place that records fewer arguments
  // has 0.
  std::vector<std::pair<UsdtArgument, std::vector<uint64_t>>> operands;
  const auto& by_cookie = program.program.probe.usdt_arguments;
  for (uint64_t cookie = 0; cookie < by_cookie.size(); ++cookie) {
    const bool recorded = number < probes::kUsdtArguments && number < by_cookie[cookie].size();
    const UsdtArgument operand = recorded ? by_cookie[cookie][number] : UsdtArgument();
    auto known = std::find_if(operands.begin(), operands.end(), [&](const auto& row) { return row.first == operand; });
    if (known == operands.end()) known = operands.insert(operands.end(), {operand, {}});
    known->second.push_back(cookie);
  }
  if (operands.empty()) return constant(0);
  if (operands.size() == 1) return value_of(*this, operands.front().first, word_of(*this, operands.front().first));
  std::vector<llvm::Value*> words;
  for (const auto& [operand, cookies] : operands) words.push_back(word_of(*this, operand));
  TempScope temporaries(*this);
  llvm::Value* result = allocate(8);
  llvm::Value* cookie = helper(BPF_FUNC_get_attach_cookie, {context()});
  llvm::BasicBlock* done = new_block("argument");
  for (size_t i = 0; i < operands.size(); ++i) {
    const auto& [operand, cookies] = operands[i];
    llvm::BasicBlock* next = nullptr;
    if (i + 1 != operands.size()) {
      llvm::Value* here = builder.getFalse();
      for (const uint64_t one : cookies) here = builder.CreateOr(here, builder.CreateICmpEQ(cookie, constant(one)));
      llvm::BasicBlock* taken = new_block("place");
      next = new_block("other");
      builder.CreateCondBr(here, taken, next);
      continue_in(taken);
    }
    store(result, 8, value_of(*this, operand, words[i]));
    builder.CreateBr(done);
    if (next) continue_in(next);
  }
  continue_in(done);
  return load(result, 8, false);
}

}  // namespace sonde::lower
