// Types of a unit: how they are made and found, and what they are to the language.
#include "cdef/types.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace sonde::cdef {
namespace {

struct BasicName {
  std::string_view name;
  uint8_t size;
  bool is_signed;
};
// Names whose meaning no 64-bit Linux changes. With them most scripts need neither headers nor BTF.
constexpr BasicName kBasic[] = {
    {"u8", 1, false},          {"u16", 2, false},       {"u32", 4, false},       {"u64", 8, false},
    {"s8", 1, true},           {"s16", 2, true},        {"s32", 4, true},        {"s64", 8, true},
    {"__u8", 1, false},        {"__u16", 2, false},     {"__u32", 4, false},     {"__u64", 8, false},
    {"__s8", 1, true},         {"__s16", 2, true},      {"__s32", 4, true},      {"__s64", 8, true},
    {"uint8_t", 1, false},     {"uint16_t", 2, false},  {"uint32_t", 4, false},  {"uint64_t", 8, false},
    {"int8_t", 1, true},       {"int16_t", 2, true},    {"int32_t", 4, true},    {"int64_t", 8, true},
    {"u_int8_t", 1, false},    {"u_int16_t", 2, false}, {"u_int32_t", 4, false}, {"u_int64_t", 8, false},
    {"size_t", 8, false},      {"ssize_t", 8, true},    {"ptrdiff_t", 8, true},  {"uintptr_t", 8, false},
    {"intptr_t", 8, true},     {"uintmax_t", 8, false}, {"intmax_t", 8, true},   {"__be16", 2, false},
    {"__be32", 4, false},      {"__be64", 8, false},    {"__le16", 2, false},    {"__le32", 4, false},
    {"__le64", 8, false},      {"__sum16", 2, false},   {"__wsum", 4, false},    {"pid_t", 4, true},
    {"uid_t", 4, false},       {"gid_t", 4, false},     {"mode_t", 4, false},    {"off_t", 8, true},
    {"loff_t", 8, true},       {"time_t", 8, true},     {"uint", 4, false},      {"ulong", 8, false},
    {"ushort", 2, false},      {"dev_t", 8, false},     {"ino_t", 8, false},     {"sector_t", 8, false},
    {"wchar_t", 4, true},      {"char16_t", 2, false},  {"char32_t", 4, false},  {"socklen_t", 4, false},
    {"sa_family_t", 2, false}, {"in_addr_t", 4, false}, {"in_port_t", 2, false}};

constexpr uint32_t kPointer = 8;

}  // namespace

const CType* UnitTypes::integer(uint32_t size, bool is_signed) {
  CType type{.kind = CType::Kind::integer, .size = size, .align = size, .is_signed = is_signed};
  return add(std::move(type));
}

const CType* UnitTypes::opaque(uint32_t size, uint32_t align) {
  return add({.kind = CType::Kind::opaque, .size = size, .align = align});
}

const CType* UnitTypes::pointer(const CType* element, std::string tag) {
  return add({.kind = CType::Kind::pointer,
              .size = kPointer,
              .align = kPointer,
              .element = element,
              .tag = std::move(tag),
              .depth = element->depth + 1});
}

const CType* UnitTypes::array(const CType* element, std::optional<uint32_t> count) {
  uint32_t size = 0, align = 1;
  measure(element, size, align);
  return add({.kind = CType::Kind::array,
              .size = size * count.value_or(0),
              .align = align,
              .element = element,
              .count = count.value_or(0),
              .flexible = !count,
              .depth = element->depth + 1});
}

Record* UnitTypes::record(bool is_union, const std::string& name) {
  if (!name.empty())
    if (const auto found = tags_.find(name); found != tags_.end()) return found->second;
  Record* made = &records_.emplace_back();
  made->is_union = is_union;
  made->name = name;
  if (!name.empty()) tags_[name] = made;
  return made;
}

Enumeration* UnitTypes::enumeration(const std::string& name) {
  if (!name.empty())
    if (const auto found = enum_tags_.find(name); found != enum_tags_.end()) return found->second;
  Enumeration* made = &enumerations_.emplace_back();
  made->name = name;
  if (!name.empty()) enum_tags_[name] = made;
  return made;
}

const CType* UnitTypes::type_of(Record* record) { return add({.kind = CType::Kind::record, .record = record}); }

const CType* UnitTypes::type_of(Enumeration* enumeration) {
  return add({.kind = CType::Kind::enumeration, .enumeration = enumeration});
}

const CType* UnitTypes::from_kernel(types::TypeRef type) {
  if (type->kind == types::Kind::void_type) return &void_;
  // Integers and pointers are this language's own; so they can be combined further.
  if (type->kind == types::Kind::integer) return integer(type->size, type->is_signed);
  if (type->kind == types::Kind::boolean) return &boolean_;
  return add({.kind = CType::Kind::kernel, .size = type->size, .align = type->align, .kernel = type});
}

const CType* UnitTypes::basic(std::string_view name) {
  if (name == "bool") return &boolean_;
  if (name == "__builtin_va_list") return opaque(char_is_signed_ ? 24 : 32, 8);
  const auto* row = std::ranges::find(kBasic, name, &BasicName::name);
  return row == std::end(kBasic) ? nullptr : integer(row->size, row->is_signed);
}

const CType* UnitTypes::find_typedef(std::string_view name) {
  if (const auto found = typedefs_.find(name); found != typedefs_.end()) return found->second;
  const CType* type = basic(name);
  if (!type) {
    const types::TypeRef found = kernel_.find_type("", name);
    if (!found) return nullptr;
    type = from_kernel(found);
  }
  typedefs_.emplace(name, type);
  return type;
}

bool UnitTypes::declares(std::string_view tag, std::string_view name) const {
  if (tag.empty()) return declared_.contains(name);
  if (tag == "enum") {
    const auto found = enum_tags_.find(name);
    return found != enum_tags_.end() && found->second->complete;
  }
  const auto found = tags_.find(name);
  return found != tags_.end() && found->second->complete;
}

std::optional<uint64_t> UnitTypes::kernel_enumerator(std::string_view name) const {
  const auto found = kernel_.find_enumerator(name);
  return found ? std::optional(found->value) : std::nullopt;
}

const EnumeratorEntry* UnitTypes::find_enumerator(std::string_view name) const {
  const auto found = enumerators_.find(name);
  return found == enumerators_.end() ? nullptr : &found->second;
}

bool UnitTypes::measure(const CType* type, uint32_t& size, uint32_t& align) {
  size = type->size;
  align = std::max(type->align, 1u);
  switch (type->kind) {
    case CType::Kind::void_type:
    case CType::Kind::function: return false;
    case CType::Kind::record: {
      const Record& record = *type->record;
      size = record.size;
      align = std::max(record.align, align);
      if (record.complete && !gives_way(record)) return true;
      const types::TypeRef found = record.name.empty() ? nullptr : convert(type);
      if (!found || found->size == 0) return false;
      size = found->size;
      align = std::max(found->align, align);
      return true;
    }
    case CType::Kind::enumeration: {
      if (!type->enumeration->complete) {
        const types::TypeRef found = kernel_.find_type("enum", type->enumeration->name);
        if (!found) return false;
        type->enumeration->size = found->c_enum->field_size;
      }
      size = type->enumeration->size;
      align = std::max(size, align);
      return true;
    }
    case CType::Kind::kernel: return size != 0;
    default: return true;
  }
}

std::string UnitTypes::spelled(const CType* type) {
  if (type->kind == CType::Kind::record) return (type->record->is_union ? "union " : "struct ") + type->record->name;
  if (type->kind == CType::Kind::enumeration) return "enum " + type->enumeration->name;
  if (type->kind == CType::Kind::function) return "a function";
  return type->kind == CType::Kind::kernel ? types::printed(type->kernel) : "void";
}

types::TypeRef UnitTypes::find(std::string_view tag, std::string_view name) {
  if (tag == "enum") {
    const auto found = enum_tags_.find(name);
    return found != enum_tags_.end() && found->second->complete ? convert(found->second, 8) : nullptr;
  }
  if (tag.empty()) {
    const auto found = typedefs_.find(name);
    return found == typedefs_.end() ? nullptr : convert(found->second);
  }
  const auto found = tags_.find(name);
  if (found == tags_.end() || !found->second->complete || found->second->is_union != (tag == "union")) return nullptr;
  return convert_record(*found->second);
}

types::TypeRef UnitTypes::find_basic(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, uint32_t>, 3> kWords = {{{"short", 2}, {"int", 4}, {"long", 8}}};
  for (const auto& [word, size] : kWords)
    if (word == name) return kernel_.types().integer(size, true);
  if (name == "char") return convert(character());
  const CType* type = basic(name);
  return type && type->kind != CType::Kind::opaque ? convert(type) : nullptr;
}

types::TypeRef UnitTypes::convert(Enumeration* enumeration, uint32_t size) {
  types::TypeContext& context = kernel_.types();
  if (!enumeration->converted) {
    types::CEnum made{enumeration->name, enumeration->variants, enumeration->size, enumeration->is_signed};
    enumeration->converted = context.enumeration(context.add_enum(std::move(made)));
  }
  return context.enumeration(enumeration->converted->c_enum, size);
}

bool UnitTypes::gives_way(const Record& record) const {
  if (record.name.empty() || !is_kernel_ || !is_kernel_(record.range.buffer)) return false;
  const types::TypeRef found = kernel_.find_type(record.is_union ? "union" : "struct", record.name);
  return found && found->size != 0;
}

types::TypeRef UnitTypes::convert_record(Record& record) {
  if (record.converted) return record.converted;
  types::TypeContext& context = kernel_.types();
  const char* tag = record.is_union ? "union" : "struct";
  if ((!record.complete || gives_way(record)) && !record.name.empty())
    if (const types::TypeRef found = kernel_.find_type(tag, record.name)) return found;
  const auto id = reinterpret_cast<uintptr_t>(&record);
  const types::TypeRef made =
      context.c_record(context.add_record(tag, record.name, record.size, record.align, *this, id, false));
  record.converted = made;  // forgotten when the record is completed
  return made;
}

types::TypeRef UnitTypes::convert_array(const CType& type) {
  types::TypeContext& context = kernel_.types();
  // Text needs a capacity; `char name[]` stays an array and str() reads from its address.
  if (type.element->plain_char)
    return type.count ? context.string(type.count) : context.array(context.integer(1, true), 0);
  const types::TypeRef element = convert(type.element);
  if (element->kind == types::Kind::none || element->kind == types::Kind::void_type) return context.none();
  return context.array(element, type.count);
}

types::TypeRef UnitTypes::convert(const CType* type) {
  types::TypeContext& context = kernel_.types();
  switch (type->kind) {
    case CType::Kind::void_type:
    case CType::Kind::function: return context.void_type();
    case CType::Kind::boolean:
      return context.integer(1, false);  // as in BTF and debug information
    // Text is made of int8, also where C's char has no sign.
    case CType::Kind::integer: return context.integer(type->size, type->is_signed || type->plain_char);
    case CType::Kind::opaque: return context.none();
    case CType::Kind::pointer: return context.pointer(convert(type->element), types::Space::none);
    case CType::Kind::array: return convert_array(*type);
    case CType::Kind::record: return convert_record(*type->record);
    case CType::Kind::kernel: return type->kernel;
    case CType::Kind::enumeration: {
      Enumeration& enumeration = *type->enumeration;
      if (!enumeration.complete)
        if (const types::TypeRef found = kernel_.find_type("enum", enumeration.name))
          return context.enumeration(found->c_enum, found->c_enum->field_size);
      return convert(&enumeration, enumeration.size);
    }
  }
  SONDE_UNREACHABLE();
}

std::vector<types::CField> UnitTypes::fields(const types::CRecord& record) {
  const auto& source = *reinterpret_cast<const Record*>(static_cast<uintptr_t>(record.source_id()));
  std::vector<types::CField> fields;
  for (const Field& field : source.fields) {
    types::CField made;
    made.name = field.name;
    made.type = convert(field.type);
    made.offset = field.offset;
    made.bit_offset = field.bit_offset;
    made.bit_size = field.bit_size;
    made.tag = field.type->tag;
    made.open_text = made.type->kind == types::Kind::string;
    // The unit that holds a bit-field must not reach over the end of a packed record, nor leave out its last bits.
    if (field.bit_size &&
        (field.offset + made.type->size > source.size || field.bit_offset + field.bit_size > 8 * made.type->size)) {
      const uint32_t bit = field.offset * 8 + field.bit_offset;
      uint32_t size = 1;
      while (size < 8 && (bit % 8 + field.bit_size > size * 8)) size *= 2;
      uint32_t at = bit / 8;
      if (at + size > source.size && source.size >= size) at = source.size - size;
      made.type = kernel_.types().integer(size, false);
      made.offset = at;
      made.bit_offset = static_cast<uint16_t>(bit - at * 8);
    }
    fields.push_back(std::move(made));
  }
  return fields;
}

}  // namespace sonde::cdef
