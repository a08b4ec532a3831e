// Comparisons of strings and byte blocks, word by word. Short ones are straight code, longer ones a loop that the verifier walks
// through, and those that would tire it a callback of bpf_loop, which it looks at once.
#include <linux/bpf.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "lower/function.h"

namespace sonde::lower {
namespace {

// Blocks up to this size are compared without branches.
constexpr uint32_t kUnrolled = 64;
// Sizes up to this one are a loop within the function.
constexpr uint32_t kWalked = 512;
// Bytes that one turn of a callback compares.
constexpr uint32_t kChunk = 64;

// The callback's frame, and what it finds.
constexpr uint32_t kLeft = 0, kRight = 8, kFound = 16;
constexpr uint64_t kUndecided = 0, kDiffer = 1, kEqual = 2;

// `byte` in every byte of a word of `width` bytes.
uint64_t spread(uint64_t byte, uint32_t width) {
  const uint64_t all = byte * 0x0101010101010101;
  return width == 8 ? all : all & ((uint64_t{1} << (8 * width)) - 1);
}

}  // namespace

// Differing bits of the words at two addresses; for texts also a mark at the first NUL of the left one, which ends both.
FunctionLowering::WordPair FunctionLowering::compare_words(llvm::Value* left, llvm::Value* right, uint32_t width,
                                                           bool text) {
  llvm::Type* type = builder.getIntNTy(width * 8);
  const auto word = [&](llvm::Value* from) { return builder.CreateAlignedLoad(type, from, llvm::Align(width)); };
  llvm::Value* a = builder.CreateZExt(word(left), module.i64);
  llvm::Value* differ = builder.CreateXor(a, builder.CreateZExt(word(right), module.i64));
  if (!text) return {differ, nullptr};
  llvm::Value* below = builder.CreateSub(a, constant(spread(1, width)));
  llvm::Value* end = builder.CreateAnd(builder.CreateAnd(below, builder.CreateNot(a)), constant(spread(0x80, width)));
  return {differ, end};
}

llvm::Value* FunctionLowering::undecided(const WordPair& words) {
  llvm::Value* all = words.end ? builder.CreateOr(words.differ, words.end) : words.differ;
  return builder.CreateICmpEQ(all, constant(0));
}

// Of words that are decided: whether they are the same up to and including the NUL, if there is one.
llvm::Value* FunctionLowering::decided_equal(const WordPair& words) {
  if (!words.end) return builder.getFalse();
  llvm::Value* counted = builder.CreateXor(words.end, builder.CreateSub(words.end, constant(1)));
  return builder.CreateICmpEQ(builder.CreateAnd(words.differ, counted), constant(0));
}

llvm::Value* FunctionLowering::blocks_equal(llvm::Value* left, llvm::Value* right, uint32_t size, bool text) {
  if (size == 0) return builder.getTrue();
  const uint32_t alignment = std::min(known_alignment(left), known_alignment(right));
  const uint32_t width = access_size(alignment, 0, size);
  if (size > kWalked) return long_blocks_equal(left, right, size, width, text);
  llvm::SmallVector<std::pair<llvm::Value*, llvm::BasicBlock*>, 8> results;
  llvm::BasicBlock* done = new_block("compared");
  // One step: goes on in a new block where the words are the same and not the last.
  const auto step = [&](llvm::Value* a, llvm::Value* b, uint32_t bytes) {
    const WordPair words = compare_words(a, b, bytes, text);
    llvm::BasicBlock* decide = new_block("decide");
    llvm::BasicBlock* more = new_block("more");
    builder.CreateCondBr(undecided(words), more, decide);
    continue_in(decide);
    results.emplace_back(decided_equal(words), decide);
    builder.CreateBr(done);
    continue_in(more);
  };
  const uint32_t count = size / width;
  if (count > 2) {
    llvm::BasicBlock* before = builder.GetInsertBlock();
    llvm::BasicBlock* loop = new_block("words");
    llvm::BasicBlock* rest = new_block("rest");
    builder.CreateBr(loop);
    continue_in(loop);
    llvm::PHINode* index = builder.CreatePHI(module.i64, 2);
    index->addIncoming(constant(0), before);
    llvm::Value* at = builder.CreateMul(index, constant(width));
    step(offset(left, at), offset(right, at), width);
    llvm::Value* next = builder.CreateAdd(index, constant(1));
    index->addIncoming(next, builder.GetInsertBlock());
    builder.CreateCondBr(builder.CreateICmpULT(next, constant(count)), loop, rest);
    continue_in(rest);
  }
  for (uint32_t at = count > 2 ? count * width : 0; at < size;) {
    const uint32_t bytes = access_size(alignment, at, size - at);
    step(offset(left, at), offset(right, at), bytes);
    at += bytes;
  }
  results.emplace_back(builder.getTrue(), builder.GetInsertBlock());
  builder.CreateBr(done);
  continue_in(done);
  llvm::PHINode* result = builder.CreatePHI(builder.getInt1Ty(), static_cast<unsigned>(results.size()));
  for (const auto& [value, from] : results) result->addIncoming(value, from);
  return result;
}

// static long compare_KIND_TURNS_WIDTH(u32 turn, frame): one chunk of both blocks; ends the loop when they are decided.
llvm::Function* FunctionLowering::compare_function(uint32_t turns, uint32_t width, bool text) {
  const std::string name =
      (text ? "compare_text_" : "compare_bytes_") + std::to_string(turns) + "_" + std::to_string(width);
  if (llvm::Function* known = module.module().getFunction(name)) return known;
  return static_function(name, {module.i32, module.ptr}, [&] {
    llvm::Value* frame = function->getArg(1);
    llvm::Value* turn = bound(builder.CreateZExt(function->getArg(0), module.i64), turns);
    llvm::Value* distance = builder.CreateMul(turn, constant(kChunk));
    llvm::Value* left = offset(builder.CreateLoad(module.ptr, offset(frame, kLeft)), distance);
    llvm::Value* right = offset(builder.CreateLoad(module.ptr, offset(frame, kRight)), distance);
    llvm::BasicBlock* decide = new_block("decide");
    llvm::SmallVector<std::pair<WordPair, llvm::BasicBlock*>, 8> ends;
    for (uint32_t at = 0; at < kChunk; at += width) {
      const WordPair words = compare_words(offset(left, at), offset(right, at), width, text);
      ends.emplace_back(words, builder.GetInsertBlock());
      llvm::BasicBlock* more = new_block("more");
      builder.CreateCondBr(undecided(words), more, decide);
      continue_in(more);
    }
    llvm::BasicBlock* same = builder.GetInsertBlock();
    continue_in(decide);
    WordPair words{builder.CreatePHI(module.i64, static_cast<unsigned>(ends.size())), nullptr};
    if (text) words.end = builder.CreatePHI(module.i64, static_cast<unsigned>(ends.size()));
    for (const auto& [pair, from] : ends) {
      llvm::cast<llvm::PHINode>(words.differ)->addIncoming(pair.differ, from);
      if (text) llvm::cast<llvm::PHINode>(words.end)->addIncoming(pair.end, from);
    }
    store(offset(frame, kFound), 8, builder.CreateSelect(decided_equal(words), constant(kEqual), constant(kDiffer)));
    builder.CreateRet(constant(1));
    builder.SetInsertPoint(same);
  });
}

llvm::Value* FunctionLowering::long_blocks_equal(llvm::Value* left, llvm::Value* right, uint32_t size, uint32_t width,
                                                 bool text) {
  const uint32_t turns = size / kChunk;
  llvm::Value* frame = callback_frame();
  builder.CreateStore(left, offset(frame, kLeft));
  builder.CreateStore(right, offset(frame, kRight));
  builder.CreateStore(constant(kUndecided), offset(frame, kFound));
  helper(BPF_FUNC_loop, {builder.getInt32(turns), compare_function(turns, width, text), frame, constant(0)});
  llvm::Value* found = load(offset(frame, kFound), 8, false);
  llvm::Value* equal = builder.CreateICmpEQ(found, constant(kEqual));
  const uint32_t rest = size % kChunk;
  if (rest == 0) return builder.CreateOr(equal, builder.CreateICmpEQ(found, constant(kUndecided)));
  llvm::BasicBlock* before = builder.GetInsertBlock();
  llvm::BasicBlock* tail = new_block("tail");
  llvm::BasicBlock* done = new_block("compared");
  builder.CreateCondBr(builder.CreateICmpEQ(found, constant(kUndecided)), tail, done);
  continue_in(tail);
  llvm::Value* tail_equal =
      blocks_equal(offset(left, uint64_t{turns} * kChunk), offset(right, uint64_t{turns} * kChunk), rest, text);
  tail = builder.GetInsertBlock();
  builder.CreateBr(done);
  continue_in(done);
  llvm::PHINode* result = builder.CreatePHI(builder.getInt1Ty(), 2);
  result->addIncoming(equal, before);
  result->addIncoming(tail_equal, tail);
  return result;
}

llvm::Value* FunctionLowering::bytes_equal(llvm::Value* left, llvm::Value* right, uint32_t size) {
  if (size > kUnrolled) return blocks_equal(left, right, size, false);
  const uint32_t alignment = std::min(known_alignment(left), known_alignment(right));
  llvm::Value* difference = constant(0);
  for (uint32_t at = 0; at < size;) {
    const uint32_t width = access_size(alignment, at, size - at);
    llvm::Value* changed =
        builder.CreateXor(load(offset(left, at), width, false), load(offset(right, at), width, false));
    difference = builder.CreateOr(difference, changed);
    at += width;
  }
  return builder.CreateICmpEQ(difference, constant(0));
}

// Only the literal's bytes and its NUL are looked at.
llvm::Value* FunctionLowering::text_equal(llvm::Value* string, uint32_t capacity, std::string_view literal) {
  literal = literal.substr(0, literal.find('\0'));
  if (literal.size() > capacity) return builder.getFalse();
  const uint32_t size = static_cast<uint32_t>(std::min<size_t>(literal.size() + 1, capacity));
  const uint32_t alignment = known_alignment(string);
  llvm::Value* difference = constant(0);
  for (uint32_t at = 0; at < size;) {
    const uint32_t width = access_size(alignment, at, size - at);
    uint64_t wanted = 0;
    for (uint32_t i = 0; i < width; ++i)
      if (at + i < literal.size()) wanted |= uint64_t{static_cast<uint8_t>(literal[at + i])} << (8 * i);
    llvm::Value* changed = builder.CreateXor(load(offset(string, at), width, false), constant(wanted));
    difference = builder.CreateOr(difference, changed);
    at += width;
  }
  return builder.CreateICmpEQ(difference, constant(0));
}

// Up to the first NUL or `limit` bytes.
llvm::Value* FunctionLowering::strings_equal(llvm::Value* left, llvm::Value* right, uint32_t limit) {
  return blocks_equal(left, right, limit, true);
}

}  // namespace sonde::lower
