// Names of types in source (language.md 4.1).
#include "sema/type_names.h"

namespace sonde::sema {
namespace {

struct IntegerName {
  std::string_view name;
  uint32_t size;
  bool is_signed;
};
constexpr IntegerName kIntegers[] = {{"int8", 1, true},    {"int16", 2, true},  {"int32", 4, true},
                                     {"int64", 8, true},   {"uint8", 1, false}, {"uint16", 2, false},
                                     {"uint32", 4, false}, {"uint64", 8, false}};

struct AggregateName {
  std::string_view name;
  std::string_view aggregate;
  bool is_signed;
};
constexpr AggregateName kAggregates[] = {
    {"count_t", "count", false}, {"sum_t", "sum", true},     {"min_t", "min", true},      {"max_t", "max", true},
    {"avg_t", "avg", true},      {"stats_t", "stats", true}, {"usum_t", "sum", false},    {"umin_t", "min", false},
    {"umax_t", "max", false},    {"uavg_t", "avg", false},   {"ustats_t", "stats", false}};

}  // namespace

types::TypeRef TypeNames::language_type(std::string_view name) const {
  for (const IntegerName& row : kIntegers)
    if (row.name == name) return types_.integer(row.size, row.is_signed);
  for (const AggregateName& row : kAggregates)
    if (row.name == name) return types_.aggregate(row.aggregate, row.is_signed);
  if (name == "bool") return types_.boolean();
  if (name == "void") return types_.void_type();
  if (name == "string") return types_.string(0);
  if (name == "buffer") return types_.buffer(0);
  if (name == "inet") return types_.inet();
  if (name == "timestamp") return types_.timestamp();
  if (name == "username_t") return types_.username();
  if (name == "macaddr_t") return types_.mac_address();
  if (name == "cgroup_path_t") return types_.cgroup_path();
  return nullptr;
}

types::TypeRef TypeNames::find(std::string_view tag, std::string_view name) const {
  if (tag.empty())
    if (types::TypeRef type = language_type(name)) return type;
  if (inputs_.find_script_type)
    if (types::TypeRef type = inputs_.find_script_type(tag, name)) return type;
  return inputs_.kernel.find_type(tag, name);
}

std::optional<kernel::Enumerator> TypeNames::find_enumerator(std::string_view name) const {
  if (inputs_.find_script_enumerator)
    if (auto found = inputs_.find_script_enumerator(name)) return found;
  return inputs_.kernel.find_enumerator(name);
}

types::TypeRef TypeNames::with_suffix(types::TypeRef type, const ast::Type::Suffix& suffix) const {
  if (suffix.pointer) return types_.pointer(type, types::Space::none);
  if (suffix.length && !type->count) {
    const auto length = static_cast<uint32_t>(*suffix.length);
    if (type->kind == types::Kind::string) return types_.string(length);
    if (type->kind == types::Kind::buffer) return types_.buffer(length);
    if (type->kind == types::Kind::inet) return type;
  }
  return types_.array(type, suffix.length ? std::optional(static_cast<uint32_t>(*suffix.length)) : std::nullopt);
}

std::string_view TypeNames::tag_word(ast::TypeTag tag) {
  switch (tag) {
    case ast::TypeTag::none: return "";
    case ast::TypeTag::struct_tag: return "struct";
    case ast::TypeTag::union_tag: return "union";
    case ast::TypeTag::enum_tag: return "enum";
  }
  return "";
}

std::string TypeNames::written(ast::TypeTag tag, std::string_view name) {
  const std::string_view word = tag_word(tag);
  return word.empty() ? std::string(name) : std::string(word) + " " + std::string(name);
}

}  // namespace sonde::sema
