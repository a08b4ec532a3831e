// The LLVM module of one compilation: what its programs share. Maps, read-only data, parameters, error sites, places and
// debug information are made here on first use and completed by finish().
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/IR/DIBuilder.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "builtins/codegen.h"
#include "lower/lower.h"

namespace sonde::lower {

// Internal maps by role; the names are in image.h.
enum class InternalMap : uint8_t { ring, errors, losses, entries, scratch, unwind_rows, unwind_spaces, packets };
inline constexpr size_t kInternalMaps = 8;

// Kinds of CO-RE relocations, as the BPF back end and libbpf number them. The shifts isolate a bitfield in 64 bits.
enum class Relocation : uint32_t { byte_offset = 0, byte_size = 1, left_shift = 4, right_shift = 5 };

// Arguments saved at the entry of a function. The stack pointer tells the frames of one thread apart, so recursion keeps its
// own; the program keeps functions apart that call each other in tail position, with one frame.
struct EntryKey {
  uint32_t thread;
  uint32_t program;  // ProgramId of the one at the return
  uint64_t stack;    // stack pointer at the entry
};
inline constexpr uint32_t kEntryWords = 8;      // as many argument registers as any machine has
inline constexpr uint32_t kEntryCount = 16384;  // calls in progress that are remembered

// Slots per CPU for programs that interrupt or preempt each other, and bytes in front of them (the occupancy mask). Large ones
// are fewer, but one for each context that may interrupt: task, soft interrupt, interrupt, NMI.
inline constexpr uint32_t kScratchSlots = 8;  // powers of two
inline constexpr uint32_t kLeastScratchSlots = 4;
inline constexpr uint32_t kScratchWanted = 1 << 20;
inline constexpr uint32_t kScratchHeader = 8;

class ModuleState {
 public:
  // `sparing`: values wait in memory rather than in registers, of which the compiler makes stack.
  ModuleState(llvm::LLVMContext& context, plan::Plan& plan, const source::SourceSet& sources, const Options& options,
              bool sparing = false);

  llvm::Module& module() { return module_; }
  llvm::LLVMContext& context() { return context_; }
  plan::Plan& plan() { return plan_; }
  image::Image& image() { return plan_.image; }
  const Options& options() const { return options_; }
  bool sparing() const { return sparing_; }
  bool is_arm64() const { return plan_.image.target.arch == "aarch64" || plan_.image.target.arch == "arm64"; }

  // --- maps -------------------------------------------------------------------------------------------------------------
  llvm::GlobalVariable* map(image::MapId id);
  llvm::GlobalVariable* map(InternalMap which);
  const image::MapDesc& desc(const sema::Map* map) const { return plan_.image.maps[plan_.maps.at(map).value]; }
  // Instructions whose second operands depend on the number and size of slots, which are known at the end only.
  struct SlotUse {
    llvm::Instruction* mask;      // of the bits of all slots
    llvm::Instruction* number;    // bounds a slot's number
    llvm::Instruction* multiply;  // slot number times slot size
  };
  // A program needs `bytes` of scratch memory; a slot is as large as the largest need.
  void need_scratch(uint32_t bytes, const SlotUse& use);

  // --- routines written in C (routines.cc) ------------------------------------------------------------------------------
  // A function of stdlib/bpf, declared with i64 or pointer operands as they are passed; its body is linked in at the end.
  llvm::FunctionCallee routine(std::string_view name, llvm::ArrayRef<llvm::Value*> operands);
  // Links the bodies of the routines in use. To be called after finish(), when maps have their names.
  Result<> link_routines();

  // --- read-only data ---------------------------------------------------------------------------------------------------
  llvm::Constant* text(std::string_view bytes);  // exactly these bytes, once
  llvm::Constant* zeros(uint32_t size);
  // Address of a parameter's bytes; `size` counts on first use.
  llvm::Constant* parameter(image::ParameterKind kind, std::string_view name, uint32_t size);

  // --- places -----------------------------------------------------------------------------------------------------------
  image::SpanId span(source::Range range, const std::vector<source::Range>* expanded_from);
  image::ErrorSiteId error_site(image::ErrorKind kind, std::string_view helper, image::MapId map, image::SpanId span,
                                bool optional);
  image::StringId intern_string(std::string_view text);

  // --- debug information (debug_info.cc) --------------------------------------------------------------------------------
  // A function the loader can see: BTF for the verifier's function table.
  llvm::DISubprogram* subprogram(const std::string& name, bool is_static);
  // A function of an imported C file, declared.
  llvm::Function* c_function(const kernel::FunctionProto& function);
  // A function of the kernel that the loader resolves by name and prototype.
  llvm::Function* kernel_function(const builtins::KernelFunction& wanted);
  llvm::DILocation* location(llvm::DISubprogram* function, image::SpanId span);
  // A CO-RE relocation against the kernel's `record`: loading this i64 yields a number that the loader fills in.
  // `members` leads from the record to the member, through records without a name.
  llvm::GlobalVariable* relocation(const types::CRecord& record, const std::vector<const types::CField*>& members,
                                   Relocation kind);

  // Completes maps, parameters, licence and debug information. Nothing may be lowered after it.
  void finish();

  llvm::IntegerType* i64;
  llvm::IntegerType* i32;
  llvm::IntegerType* i8;
  llvm::PointerType* ptr;

 private:
  struct RecordInfo {
    llvm::DICompositeType* type = nullptr;
    std::vector<const types::CField*> fields;
    std::map<const types::CField*, RecordInfo> within;  // members of members without a name
  };

  llvm::Constant* rodata(llvm::Constant* bytes, const char* name);
  void place_parameter(image::Parameter& parameter);
  void drop_unused_internal_maps();
  void start_debug_info();
  llvm::DIType* map_attribute(uint32_t value);
  void describe_map(llvm::GlobalVariable& global, const image::MapDesc& desc);
  llvm::DIType* local_type(types::TypeRef type);
  llvm::DICompositeType* start_record(const types::CRecord& record);
  void finish_record(RecordInfo& info);
  llvm::DIType* signature_type(types::TypeRef type);
  void finish_parameters();
  void finish_source();

  llvm::LLVMContext& context_;
  plan::Plan& plan_;
  const source::SourceSet& sources_;
  const Options& options_;
  const bool sparing_;
  llvm::Module module_;
  llvm::DIBuilder debug_;
  llvm::DIFile* file_ = nullptr;  // temporary until finish(): its text is only known then
  llvm::DICompileUnit* unit_ = nullptr;
  llvm::DISubroutineType* function_type_ = nullptr;
  llvm::DIBasicType* int_type_ = nullptr;
  std::map<uint32_t, llvm::DIType*> map_attributes_;
  std::vector<llvm::GlobalVariable*> maps_;  // by MapId
  std::optional<image::MapId> internal_[kInternalMaps];
  uint32_t scratch_bytes_ = 0;
  std::vector<SlotUse> scratch_uses_;
  std::map<std::string, llvm::Constant*, std::less<>> texts_;
  std::map<uint32_t, llvm::Constant*> zeros_;
  llvm::GlobalVariable* parameters_ = nullptr;
  uint32_t parameter_bytes_ = 0;
  std::map<std::tuple<uint32_t, uint32_t, uint32_t, const void*>, image::SpanId> spans_;
  std::map<std::tuple<uint8_t, std::string, uint32_t, uint32_t>, image::ErrorSiteId> sites_;
  std::map<const types::CRecord*, RecordInfo> records_;
  std::vector<std::string_view> routine_files_;  // in stdlib/bpf, of the routines in use
};

}  // namespace sonde::lower
