// Conversion of BTF types. Recursion ends at records: their fields are converted when somebody asks for them.
#include "kernel/btf_types.h"

#include <algorithm>

#include "kernel/btf_definition.h"

namespace sonde::kernel {
namespace {

constexpr uint32_t kEnum64 = 19;  // BTF_KIND_ENUM64
// Chains of modifiers and nested arrays in the kernel are short; the limit guards against cycles in damaged data.
constexpr uint32_t kMaxDepth = 32;
constexpr uint32_t kWord = 8;

bool is_modifier(uint32_t kind) {
  return kind == BTF_KIND_CONST || kind == BTF_KIND_VOLATILE || kind == BTF_KIND_RESTRICT || kind == BTF_KIND_TYPE_TAG;
}

uint32_t kind_of(const btf_type* type) { return type ? BTF_INFO_KIND(type->info) : uint32_t{BTF_KIND_UNKN}; }

// Compilers and kernels spell the tag of user memory differently: clang by attribute, sparse by address space.
std::string canonical_tag(std::string_view tag) { return std::string(tag == "address_space(1)" ? "user" : tag); }

}  // namespace

uint32_t BtfTypes::resolve(uint32_t id) const {
  for (uint32_t i = 0; i < kMaxDepth; ++i) {
    const btf_type* type = btf_.type(id);
    const uint32_t kind = kind_of(type);
    if (!is_modifier(kind) && kind != BTF_KIND_TYPEDEF) return id;
    id = type->type;
  }
  return 0;
}

bool BtfTypes::is_char(uint32_t id) const {
  const uint32_t target = resolve(id);
  return kind_of(btf_.type(target)) == BTF_KIND_INT && btf_.name(target) == "char";
}

types::TypeRef BtfTypes::convert(uint32_t id) {
  if (base_ && id < btf_.first_id()) return base_->convert(id);
  const uint32_t target = resolve(id);
  if (target != id) return convert(target);
  const btf_type* type = btf_.type(id);
  if (!type) return context_.void_type();
  if (const auto known = converted_.find(id); known != converted_.end()) return known->second;
  types::TypeRef result = convert_new(id, *type);
  converted_[id] = result;
  return result;
}

types::TypeRef BtfTypes::convert_new(uint32_t id, const btf_type& type) {
  switch (BTF_INFO_KIND(type.info)) {
    case BTF_KIND_INT: return convert_integer(type);
    case BTF_KIND_ARRAY: return convert_array(Btf::array(type));
    case BTF_KIND_ENUM:
    case kEnum64: return convert_enum(type);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
    case BTF_KIND_FWD: return convert_record(id, type);
    case BTF_KIND_FUNC_PROTO: return context_.void_type();
    case BTF_KIND_PTR: {
      types::TypeRef pointee = convert(type.type);
      const bool user = pointer_tag(id) == "user";
      // A program's own types do not say where they lie.
      const types::Space plain = layouts_ == Layouts::kernel ? types::Space::kernel : types::Space::none;
      return context_.pointer(pointee, user ? types::Space::user : plain);
    }
    default: return context_.none();
  }
}

// C's _Bool is a number here, as in debug information of programs: it counts, adds up and prints like one.
types::TypeRef BtfTypes::convert_integer(const btf_type& type) {
  const uint32_t size = type.size;
  if (size != 1 && size != 2 && size != 4 && size != 8) return context_.none();
  const uint32_t encoding = BTF_INT_ENCODING(*reinterpret_cast<const uint32_t*>(&type + 1));
  return context_.integer(size, encoding & BTF_INT_SIGNED);
}

types::TypeRef BtfTypes::convert_array(const btf_array& array) {
  // A flexible `char name[]` has no capacity of its own, so it stays an array and str() reads from its address.
  if (is_char(array.type)) {
    return array.nelems ? context_.string(array.nelems) : context_.array(context_.integer(1, true), 0);
  }
  types::TypeRef element = convert(array.type);
  if (element->kind == types::Kind::none || element->kind == types::Kind::void_type) return context_.none();
  if (array.nelems && element->size > UINT32_MAX / array.nelems) return context_.none();
  return context_.array(element, array.nelems);
}

types::TypeRef BtfTypes::convert_enum(const btf_type& type) {
  types::CEnum result;
  result.name = btf_.string(type.name_off);
  if (named_)
    if (const types::TypeRef other = named_("enum", result.name)) return context_.enumeration(other->c_enum, type.size);
  result.field_size = type.size;
  result.is_signed = BTF_INFO_KFLAG(type.info);
  if (BTF_INFO_KIND(type.info) == BTF_KIND_ENUM) {
    for (const btf_enum& entry : Btf::enumerators(type)) {
      const uint64_t value =
          result.is_signed ? static_cast<uint64_t>(int64_t{entry.val}) : static_cast<uint32_t>(entry.val);
      result.variants.push_back({std::string(btf_.string(entry.name_off)), value});
    }
  } else {
    for (const btf_enum64& entry : Btf::enumerators64(type))
      result.variants.push_back(
          {std::string(btf_.string(entry.name_off)), uint64_t{entry.val_hi32} << 32 | entry.val_lo32});
  }
  if (type.size != 1 && type.size != 2 && type.size != 4 && type.size != 8) return context_.none();
  return context_.enumeration(context_.add_enum(std::move(result)), type.size);
}

types::TypeRef BtfTypes::convert_record(uint32_t id, const btf_type& type) {
  const uint32_t kind = BTF_INFO_KIND(type.info);
  const bool is_union = kind == BTF_KIND_UNION || (kind == BTF_KIND_FWD && BTF_INFO_KFLAG(type.info));
  const bool defined = kind != BTF_KIND_FWD;
  if (named_)
    if (const types::TypeRef other = named_(is_union ? "union" : "struct", btf_.string(type.name_off))) return other;
  // Compilers leave forward declarations beside the definitions; the kernel's build has resolved them.
  if (!defined && layouts_ == Layouts::fixed)
    if (const uint32_t full =
            btf_.find(btf_.string(type.name_off), kind_bit(is_union ? BTF_KIND_UNION : BTF_KIND_STRUCT)))
      return convert(full);
  return context_.c_record(context_.add_record(is_union ? "union" : "struct", std::string(btf_.string(type.name_off)),
                                               defined ? type.size : 0, defined ? alignment(id) : 1, *this, id,
                                               layouts_ == Layouts::kernel));
}

uint32_t BtfTypes::alignment(uint32_t id, uint32_t depth) {
  const uint32_t target = resolve(id);
  const btf_type* type = btf_.type(target);
  switch (kind_of(type)) {
    case BTF_KIND_INT:
    case BTF_KIND_ENUM:
    case kEnum64: return std::clamp(type->size, 1u, 16u);
    case BTF_KIND_PTR: return kWord;
    case BTF_KIND_ARRAY: return depth > kMaxDepth ? 1 : alignment(Btf::array(*type).type, depth + 1);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION: break;
    default: return 1;
  }
  if (const auto known = alignments_.find(target); known != alignments_.end()) return known->second;
  if (depth > kMaxDepth) return 1;
  uint32_t result = 1;
  for (const btf_member& member : Btf::members(*type)) {
    const bool flagged = BTF_INFO_KFLAG(type->info);
    const uint32_t bit = flagged ? BTF_MEMBER_BIT_OFFSET(member.offset) : member.offset;
    if (flagged && BTF_MEMBER_BITFIELD_SIZE(member.offset)) continue;
    const uint32_t align = alignment(member.type, depth + 1);
    if (bit % (align * 8) != 0) return alignments_[target] = 1;
    result = std::max(result, align);
  }
  if (type->size % result != 0) result = 1;
  return alignments_[target] = result;
}

std::string BtfTypes::pointer_tag(uint32_t pointer) const {
  const btf_type* type = btf_.type(pointer);
  for (uint32_t i = 0; type && i < kMaxDepth; ++i) {
    type = btf_.type(type->type);
    const uint32_t kind = kind_of(type);
    if (kind == BTF_KIND_TYPE_TAG) return canonical_tag(btf_.string(type->name_off));
    if (!is_modifier(kind)) return {};
  }
  return {};
}

// Bitfields lie in a storage unit of their declared type; BTF gives only the distance from the start of the record.
void BtfTypes::place_bitfield(types::CField& field, uint32_t bit, uint32_t bits) const {
  const uint32_t unit = std::max(field.type->size, 1u) * 8;
  field.bit_size = static_cast<uint16_t>(bits);
  field.offset = bit / unit * (unit / 8);
  field.bit_offset = static_cast<uint16_t>(bit % unit);
  if (field.bit_offset + bits > unit) {  // packed: it straddles two units
    field.offset = bit / 8;
    field.bit_offset = static_cast<uint16_t>(bit % 8);
  }
}

std::vector<types::CField> BtfTypes::fields(const types::CRecord& record) {
  std::vector<types::CField> result;
  const btf_type* type = btf_.type(static_cast<uint32_t>(record.source_id()));
  const uint32_t kind = kind_of(type);
  if (kind != BTF_KIND_STRUCT && kind != BTF_KIND_UNION) return result;
  for (const btf_member& member : Btf::members(*type)) {
    types::CField field;
    field.name = btf_.string(member.name_off);
    field.type = convert(member.type);
    const uint32_t target = resolve(member.type);
    const btf_type* target_type = btf_.type(target);
    field.open_text = layouts_ == Layouts::fixed && field.type->kind == types::Kind::string;
    if (kind_of(target_type) == BTF_KIND_PTR) field.tag = pointer_tag(target);
    const bool flagged = BTF_INFO_KFLAG(type->info);
    const uint32_t bit = flagged ? BTF_MEMBER_BIT_OFFSET(member.offset) : member.offset;
    uint32_t bits = flagged ? BTF_MEMBER_BITFIELD_SIZE(member.offset) : 0;
    if (!flagged && kind_of(target_type) == BTF_KIND_INT) {
      // Before kind_flag existed the width of a bitfield stood in its integer type.
      const uint32_t width = BTF_INT_BITS(*reinterpret_cast<const uint32_t*>(target_type + 1));
      if (width != target_type->size * 8) bits = width;
    }
    field.offset = bit / 8;
    if (bits) place_bitfield(field, bit, bits);
    result.push_back(std::move(field));
  }
  return result;
}

FunctionProto BtfTypes::prototype(uint32_t proto, uint32_t skip, uint32_t names) {
  FunctionProto result;
  result.result = context_.void_type();
  const btf_type* type = btf_.type(resolve(proto));
  if (kind_of(type) != BTF_KIND_FUNC_PROTO) return result;
  const btf_type* named = btf_.type(resolve(names));
  const auto parameters = Btf::parameters(*type);
  const auto with_names =
      kind_of(named) == BTF_KIND_FUNC_PROTO ? Btf::parameters(*named) : std::span<const btf_param>();
  for (size_t i = skip; i < parameters.size(); ++i) {
    if (parameters[i].type == 0 && parameters[i].name_off == 0) break;  // `...`
    Parameter parameter;
    parameter.name = btf_.string(parameters[i].name_off);
    if (parameter.name.empty() && i < with_names.size()) parameter.name = btf_.string(with_names[i].name_off);
    parameter.type = convert(parameters[i].type);
    parameter.c_text = c_text(parameters[i].type);
    result.parameters.push_back(std::move(parameter));
  }
  result.result = convert(type->type);
  result.result_text = c_text(type->type);
  return result;
}

std::string BtfTypes::c_text(uint32_t id) const { return declaration(btf_, id, {}); }

}  // namespace sonde::kernel
