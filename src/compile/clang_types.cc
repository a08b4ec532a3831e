// clang describes what variables need, and what a member points to by name only. So the text gets a variable for each type
// that is asked for, and one for each name that stayed without its definition.
#include "compile/clang_types.h"

#include "compile/clang.h"

namespace sonde::compile {
namespace {

// Rounds in which definitions behind pointers are fetched, and how many in one: a header may lead to thousands.
constexpr int kRounds = 3;
constexpr size_t kMostNames = 500;

// Words that BTF gives the first reader; the same definitions as those of the C library and the kernel.
constexpr std::string_view kBasicNames =
    "typedef unsigned char __u8, u8; typedef unsigned short __u16, u16; typedef unsigned int __u32, u32;\n"
    "typedef unsigned long long __u64, u64; typedef signed char __s8, s8; typedef short __s16, s16;\n"
    "typedef int __s32, s32; typedef long long __s64, s64;\n";

std::string spelled(std::string_view tag, std::string_view name) {
  return tag.empty() ? "__typeof__(" + std::string(name) + ")" : std::string(tag) + " " + std::string(name);
}

uint32_t kinds_of(std::string_view tag) {
  if (tag == "struct") return kernel::kind_bit(BTF_KIND_STRUCT);
  if (tag == "union") return kernel::kind_bit(BTF_KIND_UNION);
  if (tag == "enum") return kernel::kind_bit(BTF_KIND_ENUM) | kernel::kind_bit(BTF_KIND_ENUM64);
  return kernel::kind_bit(BTF_KIND_TYPEDEF);
}

// Records that are only named.
std::set<std::string> open_names(const kernel::Btf& btf) {
  std::set<std::string> names;
  btf.for_each(kernel::kind_bit(BTF_KIND_FWD), [&](uint32_t, const btf_type& type) {
    names.insert(spelled(BTF_INFO_KFLAG(type.info) ? "union" : "struct", btf.string(type.name_off)));
  });
  return names;
}

}  // namespace

bool ClangTypes::compile(const std::set<std::string>& wanted) {
  std::string text = std::string(kBasicNames) + text_ + "\n";
  size_t number = 0;
  for (const std::string& type : wanted) text += type + " *sonde_type_" + std::to_string(number++) + ";\n";
  auto output = compile_bpf({.path = {}, .text = std::move(text), .folders = folders_});
  if (!output || !output->good) return false;
  // Without a variable there is no BTF, which is no failure.
  auto object = kernel::BpfObject::read(std::move(output->object), "the C definitions", types_, kernel::Layouts::fixed);
  if (object) objects_.push_back(std::move(*object));
  return true;
}

bool ClangTypes::read(std::string text) {
  text_ = std::move(text);
  return compile({});
}

types::TypeRef ClangTypes::find(std::string_view tag, std::string_view name) {
  const auto known = [&]() -> types::TypeRef {
    for (auto object = objects_.rbegin(); object != objects_.rend(); ++object) {
      const uint32_t id = (*object)->btf().find(name, kinds_of(tag));
      if (id != 0) return (*object)->types().convert(id);
    }
    return nullptr;
  };
  if (const types::TypeRef type = known()) return type;
  if (text_.empty() || !asked_.insert(spelled(tag, name)).second) return nullptr;
  std::set<std::string> wanted = {spelled(tag, name)};
  for (int round = 0; round < kRounds; ++round) {
    if (!compile(wanted)) break;
    const size_t before = wanted.size();
    if (!objects_.empty()) wanted.merge(open_names(objects_.back()->btf()));
    if (wanted.size() == before || wanted.size() > kMostNames) break;
  }
  return known();
}

}  // namespace sonde::compile
