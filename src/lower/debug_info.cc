// Debug information, only as much as BTF needs: maps as structures of pointers, functions for the verifier's tables, and a
// line table over a synthetic file with one line per place of the script. `; #N text` in a verifier log thus names SpanId N.
#include <llvm/IR/DebugInfoMetadata.h>

#include <algorithm>

#include "base/check.h"
#include "lower/module.h"

#include <linux/bpf.h>

namespace sonde::lower {
namespace {

constexpr size_t kLineWidth = 80;
constexpr unsigned kBits = 8;

// Text of a place on one line: white space collapsed, cut.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (blank && (line.empty() || line.back() == ' ')) continue;
    if (line.size() == kLineWidth) return line + "...";
    line += blank ? ' ' : c;
  }
  return line;
}

uint32_t kernel_map_type(image::MapKind kind) {
  switch (kind) {
    case image::MapKind::hash: return BPF_MAP_TYPE_HASH;
    case image::MapKind::lru_hash: return BPF_MAP_TYPE_LRU_HASH;
    case image::MapKind::percpu_hash: return BPF_MAP_TYPE_PERCPU_HASH;
    case image::MapKind::percpu_lru_hash: return BPF_MAP_TYPE_LRU_PERCPU_HASH;
    case image::MapKind::array: return BPF_MAP_TYPE_ARRAY;
    case image::MapKind::percpu_array: return BPF_MAP_TYPE_PERCPU_ARRAY;
    case image::MapKind::ring_buffer: return BPF_MAP_TYPE_RINGBUF;
    case image::MapKind::perf_event_array: return BPF_MAP_TYPE_PERF_EVENT_ARRAY;
  }
  SONDE_UNREACHABLE();
}

}  // namespace

void ModuleState::start_debug_info() {
  module_.addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
  // Temporary: its text is the list of places, complete only at the end.
  file_ = llvm::DIFile::getTemporary(context_, "script", "").release();
  // Directives only: BTF is made from the metadata, and no DWARF is.
  unit_ = debug_.createCompileUnit(llvm::dwarf::DW_LANG_C11, file_, "sonde", true, "", 0, "",
                                   llvm::DICompileUnit::DebugDirectivesOnly, 0, true, false,
                                   llvm::DICompileUnit::DebugNameTableKind::None);
  int_type_ = debug_.createBasicType("int", 32, llvm::dwarf::DW_ATE_signed);
  // No parameters: the kernel refuses BTF functions whose parameters have no names, and names would cost a variable each.
  function_type_ = debug_.createSubroutineType(debug_.getOrCreateTypeArray({int_type_}));
}

llvm::DISubprogram* ModuleState::subprogram(const std::string& name, bool is_static) {
  auto flags = llvm::DISubprogram::SPFlagDefinition | llvm::DISubprogram::SPFlagOptimized;
  if (is_static) flags |= llvm::DISubprogram::SPFlagLocalToUnit;
  return debug_.createFunction(file_, name, "", file_, 1, function_type_, 1, llvm::DINode::FlagPrototyped, flags);
}

llvm::Function* ModuleState::kernel_function(const builtins::KernelFunction& wanted) {
  const llvm::StringRef name(wanted.name.data(), wanted.name.size());
  if (llvm::Function* known = module_.getFunction(name)) return known;
  // The loader compares kinds along the prototype; a structure may be empty here.
  const auto pointer = [&](std::string_view record) {
    return debug_.createPointerType(
        debug_.createStructType(nullptr, llvm::StringRef(record.data(), record.size()), file_, 0, 0, 0,
                                llvm::DINode::FlagZero, nullptr, debug_.getOrCreateArray({})),
        64);
  };
  llvm::SmallVector<llvm::Metadata*, 4> types;
  types.push_back(wanted.returns_pointer ? pointer(wanted.result) : nullptr);
  for (const std::string_view record : wanted.parameters)
    types.push_back(record.empty() ? static_cast<llvm::DIType*>(int_type_) : pointer(record));
  llvm::SmallVector<llvm::Type*, 4> parameters(wanted.parameters.size(), i64);
  auto* made = llvm::Function::Create(llvm::FunctionType::get(i64, parameters, false),
                                      llvm::GlobalValue::ExternalLinkage, name, module_);
  made->setSection(".ksyms");
  made->setSubprogram(debug_.createFunction(file_, name, "", file_, 1,
                                            debug_.createSubroutineType(debug_.getOrCreateTypeArray(types)), 1,
                                            llvm::DINode::FlagPrototyped, llvm::DISubprogram::SPFlagOptimized));
  return made;
}

llvm::DILocation* ModuleState::location(llvm::DISubprogram* function, image::SpanId span) {
  const uint32_t line = span.valid() ? span.value + 1 : 1;
  return llvm::DILocation::get(context_, line, 0, function);
}

// int (*)[value]: how a BTF-defined map says a number.
llvm::DIType* ModuleState::map_attribute(uint32_t value) {
  llvm::DIType*& type = map_attributes_[value];
  if (!type) {
    auto* array = debug_.createArrayType(uint64_t{value} * 32, 32, int_type_,
                                         debug_.getOrCreateArray({debug_.getOrCreateSubrange(0, int64_t{value})}));
    type = debug_.createPointerType(array, 64);
  }
  return type;
}

void ModuleState::describe_map(llvm::GlobalVariable& global, const image::MapDesc& desc) {
  llvm::SmallVector<llvm::Metadata*, 5> members;
  const auto add = [&](const char* name, uint32_t value) {
    members.push_back(debug_.createMemberType(nullptr, name, nullptr, 0, 64, 64, members.size() * 64,
                                              llvm::DINode::FlagZero, map_attribute(value)));
  };
  add("type", kernel_map_type(desc.kind));
  // Zero stands for "chosen when loading"; libbpf then wants some number to replace.
  add("max_entries", desc.max_entries == 0 ? 1 : desc.max_entries);
  if (desc.kind != image::MapKind::ring_buffer) {
    add("key_size", desc.key_size);
    add("value_size", desc.value_size);
  }
  if (desc.on_demand) add("map_flags", BPF_F_NO_PREALLOC);
  const uint64_t bits = members.size() * 64;
  auto* record = debug_.createStructType(nullptr, "", nullptr, 0, bits, 64, llvm::DINode::FlagZero, nullptr,
                                         debug_.getOrCreateArray(members));
  auto* type = llvm::ArrayType::get(ptr, members.size());
  auto* defined = new llvm::GlobalVariable(module_, type, false, llvm::GlobalValue::ExternalLinkage,
                                           llvm::ConstantAggregateZero::get(type), desc.elf_name);
  defined->setSection(".maps");
  defined->setAlignment(llvm::Align(8));
  defined->addDebugInfo(
      debug_.createGlobalVariableExpression(unit_, desc.elf_name, "", file_, 0, record, /*IsLocalToUnit=*/false));
  global.replaceAllUsesWith(defined);
  global.eraseFromParent();
}

// Type of a member in a relocation's local record: the loader compares kinds, not names or sizes.
llvm::DIType* ModuleState::local_type(types::TypeRef type) {
  const uint64_t bits = uint64_t{type->size} * kBits;
  switch (type->kind) {
    case types::Kind::pointer: return debug_.createPointerType(nullptr, 64);
    case types::Kind::c_record: {
      const unsigned tag =
          type->c_record->tag() == "union" ? llvm::dwarf::DW_TAG_union_type : llvm::dwarf::DW_TAG_structure_type;
      return llvm::DICompositeType::getDistinct(context_, tag, type->c_record->name(), nullptr, 0, nullptr, nullptr,
                                                bits, 0, 0, llvm::DINode::FlagZero, debug_.getOrCreateArray({}), 0,
                                                nullptr);
    }
    case types::Kind::string:  // a char array
    case types::Kind::array: {
      llvm::DIType* element = type->kind == types::Kind::array
                                  ? local_type(type->element)
                                  : debug_.createBasicType("char", 8, llvm::dwarf::DW_ATE_signed_char);
      const auto count = static_cast<int64_t>(type->kind == types::Kind::array ? type->count.value_or(0) : type->size);
      return debug_.createArrayType(bits, 0, element, debug_.getOrCreateArray({debug_.getOrCreateSubrange(0, count)}));
    }
    case types::Kind::enumeration:
      return debug_.createEnumerationType(nullptr, "", nullptr, 0, bits, 0, debug_.getOrCreateArray({}), nullptr);
    default: break;
  }
  const bool is_signed = type->is_signed;
  return debug_.createBasicType("sonde_" + std::string(is_signed ? "s" : "u") + std::to_string(bits), bits,
                                is_signed ? llvm::dwarf::DW_ATE_signed : llvm::dwarf::DW_ATE_unsigned);
}

// Type of a parameter or result for the linker's comparison of declaration and definition: it looks at kinds, sizes of
// numbers, names of records and enumerations, and through pointers.
llvm::DIType* ModuleState::signature_type(types::TypeRef type) {
  switch (type->kind) {
    case types::Kind::void_type: return nullptr;
    case types::Kind::pointer: return debug_.createPointerType(signature_type(type->element), 64);
    case types::Kind::boolean: return debug_.createBasicType("_Bool", 8, llvm::dwarf::DW_ATE_boolean);
    case types::Kind::enumeration:
      return debug_.createEnumerationType(nullptr, type->c_enum->name, nullptr, 0, uint64_t{type->size} * kBits, 0,
                                          debug_.getOrCreateArray({}), nullptr);
    default: return local_type(type);
  }
}

llvm::Function* ModuleState::c_function(const kernel::FunctionProto& function) {
  if (llvm::Function* known = module_.getFunction(function.name)) return known;
  // Every value is extended to its register, so that what the callee takes of it is right.
  const llvm::SmallVector<llvm::Type*, 5> parameters(function.parameters.size(), i64);
  auto* declared = llvm::Function::Create(llvm::FunctionType::get(i64, parameters, false),
                                          llvm::GlobalValue::ExternalLinkage, function.name, module_);
  // Hidden here is hidden in the linked object, and libbpf then has the verifier follow the call with its real arguments
  // instead of proving the function for any (the kernel would refuse kernel addresses as arguments).
  declared->setVisibility(llvm::GlobalValue::HiddenVisibility);
  llvm::SmallVector<llvm::Metadata*, 6> types = {signature_type(function.result)};
  for (const kernel::Parameter& parameter : function.parameters) types.push_back(signature_type(parameter.type));
  auto* signature = debug_.createSubroutineType(debug_.getOrCreateTypeArray(types));
  declared->setSubprogram(debug_.createFunction(file_, function.name, "", file_, 0, signature, 0,
                                                llvm::DINode::FlagPrototyped, llvm::DISubprogram::SPFlagOptimized));
  return declared;
}

llvm::DICompositeType* ModuleState::start_record(const types::CRecord& record) {
  const unsigned tag = record.tag() == "union" ? llvm::dwarf::DW_TAG_union_type : llvm::dwarf::DW_TAG_structure_type;
  return llvm::DICompositeType::getDistinct(context_, tag, record.name(), nullptr, 0, nullptr, nullptr,
                                            uint64_t{record.size()} * kBits, 0, 0, llvm::DINode::FlagZero, nullptr, 0,
                                            nullptr);
}

llvm::GlobalVariable* ModuleState::relocation(const types::CRecord& record,
                                              const std::vector<const types::CField*>& members, Relocation kind) {
  RecordInfo& root = records_[&record];
  if (!root.type) root.type = start_record(record);
  RecordInfo* info = &root;
  std::string access;
  for (size_t i = 0; i < members.size(); ++i) {
    const types::CField* member = members[i];
    auto known = std::find_if(info->fields.begin(), info->fields.end(),
                              [&](const types::CField* other) { return other->name == member->name; });
    access += ":" + std::to_string(known - info->fields.begin());
    if (known == info->fields.end()) known = info->fields.insert(known, member);
    if (i + 1 == members.size()) break;
    RecordInfo& below = info->within[*known];
    if (!below.type) below.type = start_record(*member->type->c_record);
    info = &below;
  }
  const types::CField& field = *members.back();
  // The value by the local record, which the loader checks before it replaces it.
  const auto value = [&]() -> uint32_t {
    switch (kind) {
      case Relocation::byte_offset: return 0;
      case Relocation::byte_size: return field.type->size;
      case Relocation::left_shift:
      case Relocation::right_shift: return 64u - field.bit_size;
    }
    SONDE_UNREACHABLE();
  };
  // The name is the interface to the BPF back end: llvm.TYPE:KIND:VALUE$ACCESS.
  const std::string name = "llvm." + record.name() + ":" + std::to_string(static_cast<uint32_t>(kind)) + ":" +
                           std::to_string(value()) + "$0" + access;
  if (llvm::GlobalVariable* existing = module_.getNamedGlobal(name)) return existing;
  auto* global = new llvm::GlobalVariable(module_, i64, false, llvm::GlobalValue::ExternalLinkage, nullptr, name);
  global->addAttribute("btf_ama");
  global->setMetadata(llvm::LLVMContext::MD_preserve_access_index, root.type);
  return global;
}

void ModuleState::finish_record(RecordInfo& info) {
  for (auto& [field, below] : info.within) finish_record(below);
  llvm::SmallVector<llvm::Metadata*, 8> members;
  for (const types::CField* field : info.fields) {
    // All at offset 0: members in order of first use need not ascend, and the kernel refuses BTF where they do not.
    const auto below = info.within.find(field);
    llvm::DIType* type = below != info.within.end() ? below->second.type : local_type(field->type);
    members.push_back(field->bit_size
                          ? debug_.createBitFieldMemberType(info.type, field->name, nullptr, 0, field->bit_size, 0, 0,
                                                            llvm::DINode::FlagZero, type)
                          : debug_.createMemberType(info.type, field->name, nullptr, 0,
                                                    uint64_t{field->type->size} * kBits, 0, 0, llvm::DINode::FlagZero,
                                                    type));
  }
  debug_.replaceArrays(info.type, debug_.getOrCreateArray(members));
}

void ModuleState::finish_source() {
  std::string text;
  for (size_t i = 0; i < plan_.image.spans.size(); ++i) {
    const image::SourceSpan& span = plan_.image.spans[i];
    std::string_view shown = span.text;
    if (span.end_column > span.column && span.column >= 1 && span.end_column - 1 <= shown.size())
      shown = shown.substr(span.column - 1, span.end_column - span.column);
    text += "#" + std::to_string(i) + " " + one_line(shown) + "\n";
  }
  if (text.empty()) text = "#\n";
  for (auto& [record, info] : records_) finish_record(info);
  auto* file = llvm::DIFile::get(context_, "script", "", std::nullopt, llvm::StringRef(text));
  file_->replaceAllUsesWith(file);
  llvm::MDNode::deleteTemporary(file_);
  file_ = file;
  debug_.finalize();
}

}  // namespace sonde::lower
