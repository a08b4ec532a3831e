// Lookups in the BTF of the kernel and its modules. Modules are opened only when vmlinux does not have what is looked for.
#include "kernel/btf_view.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "kernel/btf_definition.h"

namespace sonde::kernel {
namespace {

constexpr uint32_t kEnum64 = 19;  // BTF_KIND_ENUM64
constexpr uint32_t kEnums = kind_bit(BTF_KIND_ENUM) | kind_bit(kEnum64);
constexpr uint32_t kFunctions = kind_bit(BTF_KIND_FUNC);
constexpr std::string_view kProbeStub = "__probestub_";  // since Linux 6.5
constexpr std::string_view kTraceIterator = "__traceiter_";
constexpr std::string_view kIterator = "bpf_iter_";
constexpr const char* kNoBtf = "BTF data not available";

uint32_t kinds_of_tag(std::string_view tag) {
  if (tag == "struct") return kind_bit(BTF_KIND_STRUCT);
  if (tag == "union") return kind_bit(BTF_KIND_UNION);
  if (tag == "enum") return kEnums;
  return kind_bit(BTF_KIND_TYPEDEF) | kind_bit(BTF_KIND_INT);
}

std::vector<std::string> sorted(std::set<std::string> names) {
  std::vector<std::string> list;
  while (!names.empty()) list.push_back(std::move(names.extract(names.begin()).value()));
  return list;
}

// Position of the enumerator whose name stands at `name` in the strings; SIZE_MAX: not in this enum.
size_t enumerator_index(const btf_type& type, uint32_t name) {
  if (BTF_INFO_KIND(type.info) == BTF_KIND_ENUM) {
    const auto entries = Btf::enumerators(type);
    const auto hit = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.name_off == name; });
    return hit == entries.end() ? SIZE_MAX : static_cast<size_t>(hit - entries.begin());
  }
  const auto entries = Btf::enumerators64(type);
  const auto hit = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.name_off == name; });
  return hit == entries.end() ? SIZE_MAX : static_cast<size_t>(hit - entries.begin());
}

}  // namespace

std::unique_ptr<BtfView::Module> BtfView::open_module(const std::string& name, const Module* base) const {
  auto btf = Btf::open(!base && !file_.empty() ? file_ : folder_ + "/" + name, base ? base->btf.get() : nullptr);
  if (!btf) return nullptr;
  auto module = std::make_unique<Module>();
  module->name = name;
  module->btf = std::move(*btf);
  module->types = std::make_unique<BtfTypes>(*module->btf, context_, base ? base->types.get() : nullptr);
  return module;
}

BtfView::Module* BtfView::vmlinux() const {
  if (!std::exchange(vmlinux_tried_, true)) {
    auto module = open_module("vmlinux", nullptr);
    if (module) modules_.push_back(std::move(module));
  }
  return modules_.empty() ? nullptr : modules_.front().get();
}

const std::vector<std::unique_ptr<BtfView::Module>>& BtfView::all_modules() const {
  const Module* base = vmlinux();
  if (std::exchange(modules_tried_, true) || !base) return modules_;
  std::set<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error))
    names.insert(it->path().filename().string());
  names.erase("vmlinux");
  for (const std::string& name : names)
    if (auto module = open_module(name, base)) modules_.push_back(std::move(module));
  return modules_;
}

template <typename Look>
auto BtfView::first_hit(Look look) const -> decltype(look(std::declval<Module&>())) {
  if (Module* kernel = vmlinux()) {
    if (auto hit = look(*kernel)) return hit;
    const auto& modules = all_modules();
    for (size_t i = 1; i < modules.size(); ++i)
      if (auto hit = look(*modules[i])) return hit;
  }
  return {};
}

void BtfView::index_functions(Module& module) {
  if (!module.functions.empty()) return;
  module.btf->for_each(kFunctions, [&](uint32_t id, const btf_type& type) {
    module.functions.emplace_back(module.btf->string(type.name_off), id);
  });
  std::sort(module.functions.begin(), module.functions.end());
}

uint32_t BtfView::function_id(const Module& module, std::string_view name) {
  if (module.functions.empty()) return module.btf->find(name, kFunctions);
  const auto hit = std::lower_bound(module.functions.begin(), module.functions.end(), std::pair(name, 0u));
  return hit != module.functions.end() && hit->first == name ? hit->second : 0;
}

bool BtfView::has_btf() const { return vmlinux() != nullptr; }

types::TypeRef BtfView::find_type(std::string_view tag, std::string_view name) const {
  return first_hit([&](Module& module) -> types::TypeRef {
    const uint32_t id = module.btf->find(name, kinds_of_tag(tag));
    if (!id) return nullptr;
    types::TypeRef type = module.types->convert(id);
    if (type->kind == types::Kind::none) return nullptr;
    // As a value an enum is 8 bytes wide, whatever it takes as a field.
    return tag == "enum" && type->kind == types::Kind::enumeration ? context_.enumeration(type->c_enum) : type;
  });
}

std::optional<Enumerator> BtfView::find_enumerator(std::string_view name) const {
  if (name.empty()) return std::nullopt;
  return first_hit([&](Module& module) -> std::optional<Enumerator> {
    std::optional<Enumerator> result;
    module.btf->each_string_offset(name, [&](uint32_t offset) {
      uint32_t id = 0;
      size_t index = SIZE_MAX;
      module.btf->for_each(kEnums, [&](uint32_t candidate, const btf_type& type) {
        if (id) return;
        index = enumerator_index(type, offset);
        if (index != SIZE_MAX) id = candidate;
      });
      if (!id) return false;
      types::TypeRef type = module.types->convert(id);
      if (type->kind != types::Kind::enumeration) return false;
      result = {context_.enumeration(type->c_enum), type->c_enum->variants[index].value};
      return true;
    });
    return result;
  });
}

Result<FunctionProto> BtfView::find_function(std::string_view module, std::string_view name) const {
  if (!has_btf()) return base::fail(kNoBtf);
  const bool any = module.empty() || module == "*";
  const auto found = first_hit([&](Module& candidate) -> std::optional<FunctionProto> {
    if (!any && candidate.name != module) return std::nullopt;
    const uint32_t id = function_id(candidate, name);
    if (!id) return std::nullopt;
    FunctionProto proto = candidate.types->prototype(candidate.btf->type(id)->type, 0);
    proto.name = name;
    proto.module = candidate.name;
    proto.btf_id = kernel_id(id);
    return proto;
  });
  if (!found) return base::fail("BTF data for the function not found");
  return *found;
}

Result<FunctionProto> BtfView::find_raw_tracepoint(std::string_view name) const {
  if (!has_btf()) return base::fail(kNoBtf);
  const auto found = first_hit([&](Module& module) -> std::optional<FunctionProto> {
    const Btf& btf = *module.btf;
    const uint32_t id = btf.find("btf_trace_" + std::string(name), kind_bit(BTF_KIND_TYPEDEF));
    const btf_type* pointer = id ? btf.type(module.types->resolve(id)) : nullptr;
    if (!pointer || BTF_INFO_KIND(pointer->info) != BTF_KIND_PTR) return std::nullopt;
    // The typedef has the types; only the functions of the tracepoint name the parameters.
    uint32_t function = btf.find(std::string(kProbeStub) + std::string(name), kFunctions);
    if (!function) function = btf.find(std::string(kTraceIterator) + std::string(name), kFunctions);
    FunctionProto proto = module.types->prototype(pointer->type, 1, function ? btf.type(function)->type : 0);
    proto.name = name;
    proto.module = module.name;
    proto.btf_id = kernel_id(id);
    return proto;
  });
  if (!found) return base::fail("raw tracepoint " + std::string(name) + " is not in the kernel's BTF");
  return *found;
}

Result<FunctionProto> BtfView::find_iterator(std::string_view name) const {
  if (!has_btf()) return base::fail(kNoBtf);
  const auto found = first_hit([&](Module& module) -> std::optional<FunctionProto> {
    const std::string context = std::string(kIterator) + "_" + std::string(name);
    const uint32_t record = module.btf->find(context, kind_bit(BTF_KIND_STRUCT));
    const uint32_t id = module.btf->find(std::string(kIterator) + std::string(name), kFunctions);
    if (!record || !id) return std::nullopt;
    FunctionProto proto = module.types->prototype(module.btf->type(id)->type, 1);
    proto.name = name;
    proto.module = module.name;
    proto.btf_id = kernel_id(id);
    proto.result = module.types->convert(record);
    return proto;
  });
  if (!found) return base::fail("iterator " + std::string(name) + " is not in the kernel's BTF");
  return *found;
}

Result<std::vector<std::string>> BtfView::raw_tracepoints() const {
  if (!has_btf()) return base::fail(kNoBtf);
  std::set<std::string> names;
  for (const auto& module : all_modules()) {
    module->btf->for_each(kFunctions, [&](uint32_t, const btf_type& type) {
      const std::string_view name = module->btf->string(type.name_off);
      for (const std::string_view prefix : {kProbeStub, kTraceIterator})
        if (name.starts_with(prefix)) names.insert(module->name + ":" + std::string(name.substr(prefix.size())));
    });
  }
  return sorted(std::move(names));
}

Result<std::vector<std::string>> BtfView::btf_functions() const {
  if (!has_btf()) return base::fail(kNoBtf);
  std::vector<std::string> names;
  for (const auto& module : all_modules()) {
    index_functions(*module);
    std::string_view last;
    for (const auto& [name, id] : module->functions) {
      if (name != last) names.push_back(std::string(module->name).append(":").append(name));
      last = name;
    }
  }
  // Each module's names are in order already, the modules among themselves need not be.
  if (modules_.size() > 1) std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> BtfView::iterators() const {
  constexpr std::string_view kPrefix = "bpf_iter__";
  std::set<std::string> names;
  if (!has_btf()) return {};
  for (const auto& module : all_modules()) {
    module->btf->for_each(kind_bit(BTF_KIND_STRUCT), [&](uint32_t, const btf_type& type) {
      const std::string_view name = module->btf->string(type.name_off);
      // The verifier's own variants of these structs are no iterators.
      if (name.starts_with(kPrefix) && !name.ends_with("__safe_trusted"))
        names.insert(std::string(name.substr(kPrefix.size())));
    });
  }
  return sorted(std::move(names));
}

std::vector<std::string> BtfView::type_names(std::string_view tag) const {
  std::set<std::string> names;
  if (!has_btf()) return {};
  for (const auto& module : all_modules()) {
    module->btf->for_each(kinds_of_tag(tag), [&](uint32_t, const btf_type& type) {
      const std::string_view name = module->btf->string(type.name_off);
      if (!name.empty()) names.emplace(name);
    });
  }
  return sorted(std::move(names));
}

std::vector<TypeDefinition> BtfView::type_definitions(std::string_view tag, std::string_view name) const {
  std::vector<TypeDefinition> found;
  if (!has_btf()) return found;
  for (const auto& module : all_modules()) {
    const uint32_t id = module->btf->find(name, kinds_of_tag(tag));
    if (!id) continue;
    std::string text = definition(*module->btf, id);
    const bool known = !found.empty() && found.front().module == "vmlinux" && found.front().text == text;
    if (!known) found.push_back({module->name, std::move(text)});
  }
  return found;
}

std::optional<bool> BtfView::btf_feature(std::string_view name) const {
  if (name == "btf") return has_btf();
  // The structures exist only in kernels built with the links' configuration options, unlike their enumerators.
  if (name == "kprobe_multi") return find_type("struct", "bpf_kprobe_multi_link") != nullptr;
  if (name == "uprobe_multi") return find_type("struct", "bpf_uprobe_multi_link") != nullptr;
  if (name == "kprobe_session")
    return find_enumerator("BPF_TRACE_KPROBE_SESSION") && find_type("struct", "bpf_kprobe_multi_link");
  if (name.starts_with("kfunc:")) return find_function("", name.substr(6)).has_value();
  if (find_enumerator("BPF_FUNC_" + std::string(name))) return true;
  return std::nullopt;
}

}  // namespace sonde::kernel
