// Visiting all blocks of an entry: a bpf_loop over their numbers, which are put into the key one after the other.
#include "lower/blocks.h"

#include <linux/bpf.h>

namespace sonde::lower {
namespace {

// What the callback gets: the key's address, and whether there was a block.
constexpr uint32_t kKey = 0, kFound = 8;

// A static function (block, frame), made once per map and kind of visit. It ends the loop when there is nothing left to learn.
llvm::Function* visitor(FunctionLowering& in, const sema::Map* map, BlockVisit visit) {
  ModuleState& module = in.module;
  const image::MapDesc& desc = module.desc(map);
  const std::string name = (visit == BlockVisit::find ? "find_" : "remove_") + desc.elf_name;
  if (llvm::Function* known = module.module().getFunction(name)) return known;
  return in.static_function(name, {module.i32, module.ptr}, [&] {
    llvm::Value* frame = in.function->getArg(1);
    llvm::Value* key = in.builder.CreateLoad(module.ptr, in.offset(frame, kKey));
    in.builder.CreateStore(in.function->getArg(0), in.offset(key, *desc.block_offset));
    llvm::Value* storage = module.map(module.plan().maps.at(map));
    llvm::Value* there = nullptr;
    if (visit == BlockVisit::find) {
      there = in.builder.CreateIsNotNull(in.helper_pointer(BPF_FUNC_map_lookup_elem, {storage, key}));
    } else {
      there = in.builder.CreateICmpEQ(in.helper(BPF_FUNC_map_delete_elem, {storage, key}), in.constant(0));
    }
    in.if_then(there, [&] {
      in.store(in.offset(frame, kFound), 8, in.constant(1));
      if (visit == BlockVisit::find) in.builder.CreateRet(in.constant(1));
    });
  });
}

}  // namespace

llvm::Value* visit_blocks(FunctionLowering& in, const sema::Map* map, llvm::Value* key_memory, BlockVisit visit) {
  llvm::Function* callback = visitor(in, map, visit);
  llvm::Value* frame = in.callback_frame();
  in.builder.CreateStore(key_memory, in.offset(frame, kKey));
  in.store(in.offset(frame, kFound), 8, in.constant(0));
  const uint32_t blocks = (in.module.desc(map).aggregate->intervals + image::kSeriesBlock - 1) / image::kSeriesBlock;
  in.helper(BPF_FUNC_loop, {in.builder.getInt32(blocks), callback, frame, in.constant(0)});
  return in.load(in.offset(frame, kFound), 8, false);
}

}  // namespace sonde::lower
