// `args` and argN of probes whose arguments are machine registers: at the entry of a function they are in the context, at its
// return a companion program at the entry has saved them in a map.
#include <linux/bpf.h>

#include <cstddef>

#include "base/check.h"
#include "lower/function.h"

namespace sonde::lower {

using probes::ArgSource;
using types::Space;

namespace {

constexpr uint32_t kWord = 8;

// Offsets in struct pt_regs: of the argument registers of the C calling convention, and of the stack pointer.
constexpr uint32_t kX86Arguments[] = {112, 104, 96, 88, 72, 64};  // di si dx cx r8 r9
constexpr uint32_t kX86Stack = 152;
constexpr uint32_t kArm64Arguments = 8;  // x0 to x7 at the start
constexpr uint32_t kArm64Stack = 31 * kWord;

}  // namespace

uint32_t argument_register_offset(bool arm64, uint32_t number) {
  if (arm64) {
    SONDE_CHECK(number < kArm64Arguments);
    return number * kWord;
  }
  SONDE_CHECK(number < std::size(kX86Arguments));
  return kX86Arguments[number];
}

// Where field `field` of `args` is.
Place FunctionLowering::argument_place(size_t field) {
  const probes::ResolvedProbe& probe = program.program.probe;
  SONDE_CHECK(field < probe.arg_words.size());
  const uint32_t first = probe.arg_words[field];
  if (probe.arg_source == ArgSource::raw_words) return {Place::Kind::context, context(), first * kWord, Space::kernel};
  if (probe.arg_source == ArgSource::entry_registers)
    return {Place::Kind::owned, saved_arguments(), first * kWord, Space::none};
  const TypeRef type = probe.args_type->c_record->fields()[field].type;
  const uint32_t words = (type->size + kWord - 1) / kWord;
  std::vector<debuginfo::RegisterPiece> pieces;
  if (field < probe.arg_pieces.size()) pieces = probe.arg_pieces[field].pieces;
  if (pieces.empty())
    for (uint32_t i = 0; i < words; ++i)
      pieces.push_back({argument_register_offset(module.is_arm64(), first + i), i * kWord, kWord});
  else if (probe.arg_pieces[field].by_reference)
    return {Place::Kind::foreign, context_load(pieces.front().saved_at, kWord, false), 0, Space::user};
  if (in_register(type)) return {Place::Kind::context, context(), pieces.front().saved_at, Space::kernel};
  // A record by value: its registers are not neighbours in the context.
  llvm::Value* to = allocate(words * kWord);
  zero(to, words * kWord);
  for (const debuginfo::RegisterPiece& piece : pieces)
    if (piece.offset + piece.size <= words * kWord)
      store(offset(to, piece.offset), piece.size, context_load(piece.saved_at, kWord, false));
  return {Place::Kind::owned, to, 0, Space::none};
}

// --- arguments saved at the entry -----------------------------------------------------------------------------------------

// The key under which the entry of this call is, or was, saved.
llvm::Value* FunctionLowering::entry_key(image::ProgramId reader, bool at_return) {
  llvm::Value* key = allocate(sizeof(EntryKey));
  store(offset(key, offsetof(EntryKey, thread)), 4, helper(BPF_FUNC_get_current_pid_tgid, {}));
  store(offset(key, offsetof(EntryKey, program)), 4, constant(reader.value));
  llvm::Value* stack = context_load(module.is_arm64() ? kArm64Stack : kX86Stack, kWord, false);
  // On x86 the return has taken its address from the stack.
  if (at_return && !module.is_arm64()) stack = builder.CreateSub(stack, constant(kWord));
  store(offset(key, offsetof(EntryKey, stack)), kWord, stack);
  return key;
}

// The whole body of a program at the entry.
void FunctionLowering::save_arguments(const sema::Program& reader) {
  llvm::Value* key = entry_key(module.plan().programs.at(&reader), false);
  llvm::Value* words = allocate(kEntryWords * kWord);
  const uint32_t count = module.is_arm64() ? kArm64Arguments : static_cast<uint32_t>(std::size(kX86Arguments));
  for (uint32_t i = 0; i < kEntryWords; ++i)
    store(offset(words, i * kWord), kWord,
          i < count ? context_load(argument_register_offset(module.is_arm64(), i), kWord, false) : constant(0));
  helper(BPF_FUNC_map_update_elem, {module.map(InternalMap::entries), key, words, constant(BPF_ANY)});
}

// At the start of a program at the return. Without saved arguments it is left at once, and that is counted: running it with
// made-up ones would be worse. A function that was entered before the probe was attached does not come here at all.
void FunctionLowering::find_saved_arguments() {
  entry_key_ = entry_key(program.id, true);
  saved_arguments_ = helper_pointer(BPF_FUNC_map_lookup_elem, {module.map(InternalMap::entries), entry_key_});
  llvm::BasicBlock* missing = new_block("unsaved");
  llvm::BasicBlock* found = new_block("saved");
  builder.CreateCondBr(builder.CreateIsNotNull(saved_arguments_), found, missing);
  continue_in(missing);
  report_error(image::ErrorKind::map_lookup, "map_lookup_elem", constant(0), false);
  builder.CreateRet(constant(program.program.probe.default_return));
  continue_in(found);
}

void FunctionLowering::forget_saved_arguments() {
  if (entry_key_) helper(BPF_FUNC_map_delete_elem, {module.map(InternalMap::entries), entry_key_});
}

llvm::Value* FunctionLowering::saved_arguments() {
  if (saved_arguments_) return saved_arguments_;
  // A loop body is a function of its own. What the entry function found is still there; the verifier wants to be told.
  llvm::Value* key = entry_key(program.id, true);
  llvm::Value* words = allocate(kEntryWords * kWord);
  zero(words, kEntryWords * kWord);
  llvm::Value* saved = helper_pointer(BPF_FUNC_map_lookup_elem, {module.map(InternalMap::entries), key});
  if_then(builder.CreateIsNotNull(saved), [&] { copy(words, saved, kEntryWords * kWord); });
  return words;
}

}  // namespace sonde::lower
