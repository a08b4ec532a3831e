// Maps, read-only data, parameters and places of the module. Debug information is in debug_info.cc.
#include "lower/module.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Instruction.h>

#include <algorithm>
#include <cstddef>

#include "base/check.h"
#include "image/unwind_tables.h"

namespace sonde::lower {
namespace {

constexpr const char* kInternalNames[kInternalMaps] = {
    image::kRingMap,    image::kErrorMap,      image::kLossMap,         image::kEntryMap,
    image::kScratchMap, image::kUnwindRowsMap, image::kUnwindSpacesMap, image::kPacketMap};
constexpr uint32_t kCacheLine = 64;

uint32_t round_up(uint32_t value, uint32_t unit) { return (value + unit - 1) / unit * unit; }

image::MapDesc internal_desc(InternalMap which) {
  image::MapDesc desc;
  desc.name = desc.elf_name = kInternalNames[static_cast<size_t>(which)];
  desc.internal = true;
  desc.max_entries = 0;
  desc.key_size = 4;
  switch (which) {
    case InternalMap::ring:
      desc.kind = image::MapKind::ring_buffer;
      desc.key_size = 0;
      break;
    case InternalMap::errors:
      desc.kind = image::MapKind::percpu_array;
      desc.value_size = sizeof(image::ErrorCell);
      break;
    case InternalMap::losses:
      desc.kind = image::MapKind::percpu_array;
      desc.value_size = sizeof(image::LossCell);
      break;
    case InternalMap::entries:
      // What threads leave behind that end or jump out of a function makes room for others.
      desc.kind = image::MapKind::lru_hash;
      desc.key_size = sizeof(EntryKey);
      desc.value_size = kEntryWords * 8;
      desc.max_entries = kEntryCount;
      break;
    case InternalMap::scratch: desc.kind = image::MapKind::array; break;
    case InternalMap::unwind_rows:
      desc.kind = image::MapKind::array;
      desc.value_size = sizeof(sonde_unwind_row);
      break;
    case InternalMap::unwind_spaces:
      desc.kind = image::MapKind::hash;
      desc.value_size = sizeof(sonde_unwind_space);
      desc.max_entries = image::kUnwindProcesses;
      break;
    case InternalMap::packets:
      desc.kind = image::MapKind::perf_event_array;
      desc.value_size = 4;
      break;
  }
  return desc;
}

}  // namespace

ModuleState::ModuleState(llvm::LLVMContext& context, plan::Plan& plan, const source::SourceSet& sources,
                         const Options& options, bool sparing)
    : i64(llvm::Type::getInt64Ty(context)),
      i32(llvm::Type::getInt32Ty(context)),
      i8(llvm::Type::getInt8Ty(context)),
      ptr(llvm::PointerType::get(context, 0)),
      context_(context),
      plan_(plan),
      sources_(sources),
      options_(options),
      sparing_(sparing),
      module_("sonde", context),
      debug_(module_) {
  // Descriptions are held by reference while expressions are lowered that turn out to need an internal map.
  plan_.image.maps.reserve(plan_.image.maps.size() + kInternalMaps);
  start_debug_info();
  for (size_t i = 0; i < plan_.image.parameters.size(); ++i) place_parameter(plan_.image.parameters[i]);
  auto* license = llvm::ConstantDataArray::getString(context_, plan_.image.config.license);
  auto* global = new llvm::GlobalVariable(module_, license->getType(), true, llvm::GlobalValue::InternalLinkage,
                                          license, "sonde_license");
  global->setSection("license");
}

llvm::GlobalVariable* ModuleState::map(image::MapId id) {
  SONDE_CHECK(id.value < plan_.image.maps.size());
  if (maps_.size() <= id.value) maps_.resize(id.value + 1);
  llvm::GlobalVariable*& global = maps_[id.value];
  if (!global) {
    // The type is the attributes' pointers of a BTF-defined map; which there are is decided when all is known.
    global = new llvm::GlobalVariable(module_, ptr, false, llvm::GlobalValue::ExternalLinkage,
                                      llvm::ConstantPointerNull::get(ptr), "");
  }
  return global;
}

llvm::GlobalVariable* ModuleState::map(InternalMap which) {
  std::optional<image::MapId>& id = internal_[static_cast<size_t>(which)];
  if (!id) {
    std::vector<image::MapDesc>& maps = plan_.image.maps;
    const std::string_view name = kInternalNames[static_cast<size_t>(which)];
    auto known =
        std::find_if(maps.begin(), maps.end(), [&](const image::MapDesc& desc) { return desc.elf_name == name; });
    if (known == maps.end()) known = maps.insert(maps.end(), internal_desc(which));
    id = image::MapId{static_cast<uint32_t>(known - maps.begin())};
  }
  return map(*id);
}

void ModuleState::need_scratch(uint32_t bytes, const SlotUse& use) {
  scratch_bytes_ = std::max(scratch_bytes_, bytes);
  scratch_uses_.push_back(use);
}

llvm::Constant* ModuleState::rodata(llvm::Constant* bytes, const char* name) {
  // Not private: the loader then finds the symbol's offset without a section symbol's addend. Not unnamed_addr: LLVM would
  // move it to a mergeable section, which libbpf does not load.
  auto* global =
      new llvm::GlobalVariable(module_, bytes->getType(), true, llvm::GlobalValue::InternalLinkage, bytes, name);
  global->setSection(".rodata");
  global->setAlignment(llvm::Align(8));
  return global;
}

llvm::Constant* ModuleState::text(std::string_view bytes) {
  if (const auto known = texts_.find(bytes); known != texts_.end()) return known->second;
  llvm::Constant* global =
      rodata(llvm::ConstantDataArray::getString(context_, {bytes.data(), bytes.size()}, false), "text");
  texts_.emplace(bytes, global);
  return global;
}

llvm::Constant* ModuleState::zeros(uint32_t size) {
  llvm::Constant*& global = zeros_[size];
  if (!global) global = rodata(llvm::ConstantAggregateZero::get(llvm::ArrayType::get(i8, size)), "zeros");
  return global;
}

void ModuleState::place_parameter(image::Parameter& parameter) {
  if (parameter.size == 0) parameter.size = 8;
  parameter.offset = parameter_bytes_;
  parameter_bytes_ = round_up(parameter_bytes_ + parameter.size, 8);
}

llvm::Constant* ModuleState::parameter(image::ParameterKind kind, std::string_view name, uint32_t size) {
  std::vector<image::Parameter>& all = plan_.image.parameters;
  auto known = std::find_if(all.begin(), all.end(), [&](const image::Parameter& parameter) {
    return parameter.kind == kind && parameter.name == name;
  });
  if (known == all.end()) {
    image::Parameter added;
    added.kind = kind;
    added.name = name;
    added.size = size;
    place_parameter(added);
    known = all.insert(all.end(), std::move(added));
  }
  if (!parameters_) {
    parameters_ =
        new llvm::GlobalVariable(module_, i8, true, llvm::GlobalValue::InternalLinkage, nullptr, "parameters");
  }
  return llvm::ConstantExpr::getGetElementPtr(i8, parameters_, llvm::ConstantInt::get(i64, known->offset));
}

image::SpanId ModuleState::span(source::Range range, const std::vector<source::Range>* expanded_from) {
  if (!range.valid()) return {};
  const auto [it, added] =
      spans_.try_emplace({range.buffer.value, range.begin, range.end, static_cast<const void*>(expanded_from)});
  if (added) it->second = plan::add_span(plan_, sources_, range, expanded_from);
  return it->second;
}

image::ErrorSiteId ModuleState::error_site(image::ErrorKind kind, std::string_view helper, image::MapId map,
                                           image::SpanId span, bool optional) {
  std::vector<image::ErrorSite>& sites = plan_.image.error_sites;
  const auto [it, added] = sites_.try_emplace({static_cast<uint8_t>(kind), std::string(helper), map.value, span.value});
  if (added) {
    it->second = {static_cast<uint32_t>(sites.size())};
    sites.push_back({kind, std::string(helper), map, span, optional});
  }
  return it->second;
}

image::StringId ModuleState::intern_string(std::string_view text) {
  std::vector<std::string>& strings = plan_.image.strings;
  auto known = std::find(strings.begin(), strings.end(), text);
  if (known == strings.end()) known = strings.insert(strings.end(), std::string(text));
  return {static_cast<uint32_t>(known - strings.begin())};
}

void ModuleState::finish_parameters() {
  // Options that no program reads (asked for in sizeof() alone) have their place, too: the loader writes what was passed.
  if (plan_.image.parameters.empty()) return;
  // externally_initialized: the loader writes the values, LLVM must not fold the zeros.
  auto* type = llvm::ArrayType::get(i8, parameter_bytes_);
  // Internal, as all data but the maps: the linker of imported objects wants BTF for what has a global name.
  auto* global = new llvm::GlobalVariable(module_, type, true, llvm::GlobalValue::InternalLinkage,
                                          llvm::ConstantAggregateZero::get(type), "sonde_parameters", nullptr,
                                          llvm::GlobalValue::NotThreadLocal, std::nullopt, true);
  global->setSection(".rodata");
  global->setAlignment(llvm::Align(8));
  if (parameters_) {
    parameters_->replaceAllUsesWith(global);
    parameters_->eraseFromParent();
  }
  // First in the module is first in the section: offsets of parameters count from there.
  global->removeFromParent();
  module_.insertGlobalVariable(module_.global_begin(), global);
}

void ModuleState::finish() {
  image::Image& image = plan_.image;
  if (!scratch_uses_.empty()) {
    const uint32_t slot = round_up(scratch_bytes_, kCacheLine);
    const uint32_t slots = slot * kScratchSlots <= kScratchWanted ? kScratchSlots : kLeastScratchSlots;
    const auto number = [&](uint32_t value) { return llvm::ConstantInt::get(i64, value); };
    for (const SlotUse& use : scratch_uses_) {
      use.mask->setOperand(1, number((1u << slots) - 1));
      use.number->setOperand(1, number(slots - 1));
      use.multiply->setOperand(1, number(slot));
    }
    map(InternalMap::scratch);
    image.maps[internal_[static_cast<size_t>(InternalMap::scratch)]->value].value_size = kScratchHeader + slots * slot;
  }
  const auto entries = [&](InternalMap which, size_t count) {
    const std::optional<image::MapId>& id = internal_[static_cast<size_t>(which)];
    if (id) image.maps[id->value].max_entries = static_cast<uint32_t>(std::max<size_t>(1, count));
  };
  entries(InternalMap::errors, image.error_sites.size());
  entries(InternalMap::losses, image.programs.size());
  drop_unused_internal_maps();
  // A map of the user exists even when only user space looks at it.
  for (uint32_t i = 0; i < image.maps.size(); ++i) describe_map(*map(image::MapId{i}), image.maps[i]);
  finish_parameters();
  finish_source();
}

// Maps that no program touches cost a system call each when loading. Ids are indices, so only a tail can go.
void ModuleState::drop_unused_internal_maps() {
  std::vector<image::MapDesc>& maps = plan_.image.maps;
  while (!maps.empty() && maps.back().internal) {
    const auto last = static_cast<uint32_t>(maps.size() - 1);
    if (last < maps_.size() && maps_[last]) return;
    const auto named = [&](const image::EventLayout& event) { return event.map.value == last; };
    if (std::any_of(plan_.image.events.begin(), plan_.image.events.end(), named)) return;
    maps.pop_back();
  }
}

}  // namespace sonde::lower
