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

// Emits one comparison of two blocks of memory.
class Comparison {
 public:
  // `text`: what follows the first NUL does not count.
  Comparison(FunctionLowering& function, bool text)
      : function_(function), builder_(function.builder), module_(function.module), text_(text) {}

  llvm::Value* equal(llvm::Value* left, llvm::Value* right, uint32_t size);

 private:
  struct WordPair {
    llvm::Value* differ;  // non-zero where they do
    llvm::Value* end;     // texts: non-zero where one ends
  };
  WordPair words(llvm::Value* left, llvm::Value* right, uint32_t width);
  llvm::Value* undecided(const WordPair& words);
  llvm::Value* decided_equal(const WordPair& words);
  llvm::Value* equal_long(llvm::Value* left, llvm::Value* right, uint32_t size, uint32_t width);
  llvm::Function* callback(uint32_t turns, uint32_t width);
  llvm::Value* constant(uint64_t value) { return function_.constant(value); }
  llvm::Value* offset(llvm::Value* pointer, uint64_t bytes) { return function_.offset(pointer, bytes); }
  llvm::Value* offset(llvm::Value* pointer, llvm::Value* bytes) { return function_.offset(pointer, bytes); }

  FunctionLowering& function_;
  llvm::IRBuilder<>& builder_;
  ModuleState& module_;
  const bool text_;
};

// Differing bits of the words at two addresses; for texts also a mark at the first NUL of the left one, which ends both.
Comparison::WordPair Comparison::words(llvm::Value* left, llvm::Value* right, uint32_t width) {
  llvm::Type* type = builder_.getIntNTy(width * 8);
  const auto word = [&](llvm::Value* from) { return builder_.CreateAlignedLoad(type, from, llvm::Align(width)); };
  llvm::Value* a = builder_.CreateZExt(word(left), module_.i64);
  llvm::Value* differ = builder_.CreateXor(a, builder_.CreateZExt(word(right), module_.i64));
  if (!text_) return {differ, nullptr};
  llvm::Value* below = builder_.CreateSub(a, constant(spread(1, width)));
  llvm::Value* end =
      builder_.CreateAnd(builder_.CreateAnd(below, builder_.CreateNot(a)), constant(spread(0x80, width)));
  return {differ, end};
}

llvm::Value* Comparison::undecided(const WordPair& words) {
  llvm::Value* all = words.end ? builder_.CreateOr(words.differ, words.end) : words.differ;
  return builder_.CreateICmpEQ(all, constant(0));
}

// Of words that are decided: whether they are the same up to and including the NUL, if there is one.
llvm::Value* Comparison::decided_equal(const WordPair& words) {
  if (!words.end) return builder_.getFalse();
  llvm::Value* counted = builder_.CreateXor(words.end, builder_.CreateSub(words.end, constant(1)));
  return builder_.CreateICmpEQ(builder_.CreateAnd(words.differ, counted), constant(0));
}

llvm::Value* Comparison::equal(llvm::Value* left, llvm::Value* right, uint32_t size) {
  if (size == 0) return builder_.getTrue();
  const uint32_t alignment = std::min(function_.known_alignment(left), function_.known_alignment(right));
  const uint32_t width = access_size(alignment, 0, size);
  if (size > kWalked) return equal_long(left, right, size, width);
  llvm::SmallVector<std::pair<llvm::Value*, llvm::BasicBlock*>, 8> results;
  llvm::BasicBlock* done = function_.new_block("compared");
  // One step: goes on in a new block where the words are the same and not the last.
  const auto step = [&](llvm::Value* a, llvm::Value* b, uint32_t bytes) {
    const WordPair pair = words(a, b, bytes);
    llvm::BasicBlock* decide = function_.new_block("decide");
    llvm::BasicBlock* more = function_.new_block("more");
    builder_.CreateCondBr(undecided(pair), more, decide);
    function_.continue_in(decide);
    results.emplace_back(decided_equal(pair), decide);
    builder_.CreateBr(done);
    function_.continue_in(more);
  };
  const uint32_t count = size / width;
  if (count > 2) {
    llvm::BasicBlock* before = builder_.GetInsertBlock();
    llvm::BasicBlock* loop = function_.new_block("words");
    llvm::BasicBlock* rest = function_.new_block("rest");
    builder_.CreateBr(loop);
    function_.continue_in(loop);
    llvm::PHINode* index = builder_.CreatePHI(module_.i64, 2);
    index->addIncoming(constant(0), before);
    llvm::Value* at = builder_.CreateMul(index, constant(width));
    step(offset(left, at), offset(right, at), width);
    llvm::Value* next = builder_.CreateAdd(index, constant(1));
    index->addIncoming(next, builder_.GetInsertBlock());
    builder_.CreateCondBr(builder_.CreateICmpULT(next, constant(count)), loop, rest);
    function_.continue_in(rest);
  }
  for (uint32_t at = count > 2 ? count * width : 0; at < size;) {
    const uint32_t bytes = access_size(alignment, at, size - at);
    step(offset(left, at), offset(right, at), bytes);
    at += bytes;
  }
  results.emplace_back(builder_.getTrue(), builder_.GetInsertBlock());
  builder_.CreateBr(done);
  function_.continue_in(done);
  llvm::PHINode* result = builder_.CreatePHI(builder_.getInt1Ty(), static_cast<unsigned>(results.size()));
  for (const auto& [value, from] : results) result->addIncoming(value, from);
  return result;
}

// static long compare_KIND_TURNS_WIDTH(u32 turn, frame): one chunk of both blocks; ends the loop when they are decided.
llvm::Function* Comparison::callback(uint32_t turns, uint32_t width) {
  const std::string name =
      (text_ ? "compare_text_" : "compare_bytes_") + std::to_string(turns) + "_" + std::to_string(width);
  if (llvm::Function* known = module_.module().getFunction(name)) return known;
  return function_.static_function(name, {module_.i32, module_.ptr}, [&] {
    llvm::Value* frame = function_.function->getArg(1);
    llvm::Value* turn = function_.bound(builder_.CreateZExt(function_.function->getArg(0), module_.i64), turns);
    llvm::Value* distance = builder_.CreateMul(turn, constant(kChunk));
    llvm::Value* left = offset(builder_.CreateLoad(module_.ptr, offset(frame, kLeft)), distance);
    llvm::Value* right = offset(builder_.CreateLoad(module_.ptr, offset(frame, kRight)), distance);
    llvm::BasicBlock* decide = function_.new_block("decide");
    llvm::SmallVector<std::pair<WordPair, llvm::BasicBlock*>, 8> ends;
    for (uint32_t at = 0; at < kChunk; at += width) {
      const WordPair pair = words(offset(left, at), offset(right, at), width);
      ends.emplace_back(pair, builder_.GetInsertBlock());
      llvm::BasicBlock* more = function_.new_block("more");
      builder_.CreateCondBr(undecided(pair), more, decide);
      function_.continue_in(more);
    }
    llvm::BasicBlock* same = builder_.GetInsertBlock();
    function_.continue_in(decide);
    WordPair met{builder_.CreatePHI(module_.i64, static_cast<unsigned>(ends.size())), nullptr};
    if (text_) met.end = builder_.CreatePHI(module_.i64, static_cast<unsigned>(ends.size()));
    for (const auto& [each, from] : ends) {
      llvm::cast<llvm::PHINode>(met.differ)->addIncoming(each.differ, from);
      if (text_) llvm::cast<llvm::PHINode>(met.end)->addIncoming(each.end, from);
    }
    function_.store(offset(frame, kFound), 8,
                    builder_.CreateSelect(decided_equal(met), constant(kEqual), constant(kDiffer)));
    builder_.CreateRet(constant(1));
    builder_.SetInsertPoint(same);
  });
}

llvm::Value* Comparison::equal_long(llvm::Value* left, llvm::Value* right, uint32_t size, uint32_t width) {
  const uint32_t turns = size / kChunk;
  llvm::Value* frame = function_.callback_frame();
  builder_.CreateStore(left, offset(frame, kLeft));
  builder_.CreateStore(right, offset(frame, kRight));
  builder_.CreateStore(constant(kUndecided), offset(frame, kFound));
  function_.helper(BPF_FUNC_loop, {builder_.getInt32(turns), callback(turns, width), frame, constant(0)});
  llvm::Value* found = function_.load(offset(frame, kFound), 8, false);
  llvm::Value* same = builder_.CreateICmpEQ(found, constant(kEqual));
  const uint32_t rest = size % kChunk;
  if (rest == 0) return builder_.CreateOr(same, builder_.CreateICmpEQ(found, constant(kUndecided)));
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  llvm::BasicBlock* tail = function_.new_block("tail");
  llvm::BasicBlock* done = function_.new_block("compared");
  builder_.CreateCondBr(builder_.CreateICmpEQ(found, constant(kUndecided)), tail, done);
  function_.continue_in(tail);
  llvm::Value* tail_equal =
      equal(offset(left, uint64_t{turns} * kChunk), offset(right, uint64_t{turns} * kChunk), rest);
  tail = builder_.GetInsertBlock();
  builder_.CreateBr(done);
  function_.continue_in(done);
  llvm::PHINode* result = builder_.CreatePHI(builder_.getInt1Ty(), 2);
  result->addIncoming(same, before);
  result->addIncoming(tail_equal, tail);
  return result;
}

}  // namespace

llvm::Value* FunctionLowering::bytes_equal(llvm::Value* left, llvm::Value* right, uint32_t size) {
  if (size > kUnrolled) return Comparison(*this, false).equal(left, right, size);
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
  return Comparison(*this, true).equal(left, right, limit);
}

}  // namespace sonde::lower
