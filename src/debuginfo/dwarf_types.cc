// DWARF types: base types by size, pointers into user space, records whose fields are read when somebody asks for one.
#include "debuginfo/dwarf_types.h"

#include <dwarf.h>

#include <algorithm>
#include <bit>

namespace sonde::debuginfo {
namespace {

std::optional<Dwarf_Word> number(Dwarf_Die* die, unsigned attribute) {
  Dwarf_Attribute found;
  Dwarf_Word value = 0;
  if (!::dwarf_attr_integrate(die, attribute, &found) || ::dwarf_formudata(&found, &value) != 0) return std::nullopt;
  return value;
}

std::string name_of(Dwarf_Die* die) {
  const char* name = ::dwarf_diename(die);
  return name ? name : "";
}

bool is_qualifier(int tag) {
  return tag == DW_TAG_const_type || tag == DW_TAG_volatile_type || tag == DW_TAG_restrict_type ||
         tag == DW_TAG_atomic_type;
}

bool is_pointer(int tag) {
  return tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type;
}

const char* record_tag(int tag) {
  switch (tag) {
    case DW_TAG_structure_type:
    case DW_TAG_class_type: return "struct";
    case DW_TAG_union_type: return "union";
    default: return nullptr;
  }
}

// Elements of each dimension; -1: not said.
std::vector<int64_t> dimensions(Dwarf_Die array) {
  std::vector<int64_t> counts;
  Dwarf_Die child;
  if (::dwarf_child(&array, &child) != 0) return counts;
  do {
    if (::dwarf_tag(&child) != DW_TAG_subrange_type) continue;
    int64_t count = -1;
    if (const auto elements = number(&child, DW_AT_count)) count = static_cast<int64_t>(*elements);
    if (const auto last = number(&child, DW_AT_upper_bound)) count = static_cast<int64_t>(*last) + 1;
    counts.push_back(count);
  } while (::dwarf_siblingof(&child, &child) == 0);
  return counts;
}

uint32_t alignment(uint64_t size) {
  return size == 0 ? 1 : static_cast<uint32_t>(std::min<uint64_t>(8, uint64_t{1} << std::countr_zero(size)));
}

}  // namespace

std::optional<Dwarf_Die> type_of(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  Dwarf_Die type;
  if (!::dwarf_attr_integrate(die, DW_AT_type, &attribute) || !::dwarf_formref_die(&attribute, &type))
    return std::nullopt;
  // A type that has a unit to itself (-fdebug-types-section) leaves a stub where it is used.
  Dwarf_Die whole;
  if (::dwarf_attr(&type, DW_AT_signature, &attribute) && ::dwarf_formref_die(&attribute, &whole)) return whole;
  return type;
}

std::optional<Dwarf_Die> plain_type(std::optional<Dwarf_Die> type) {
  while (type && (is_qualifier(::dwarf_tag(&*type)) || ::dwarf_tag(&*type) == DW_TAG_typedef)) type = type_of(&*type);
  return type;
}

uint64_t size_of(Dwarf_Die type) {
  Dwarf_Word size = 0;
  return ::dwarf_aggregate_size(&type, &size) == 0 ? size : 0;
}

bool is_floating(Dwarf_Die* base_type) {
  const auto encoding = number(base_type, DW_AT_encoding).value_or(0);
  return encoding == DW_ATE_float || encoding == DW_ATE_complex_float || encoding == DW_ATE_imaginary_float ||
         encoding == DW_ATE_decimal_float;
}

uint64_t member_offset(Dwarf_Die* member) {
  if (const auto offset = number(member, DW_AT_data_member_location)) return *offset;
  // DWARF 2 writes it as an expression that adds to the record's address.
  Dwarf_Attribute attribute;
  Dwarf_Op* operations = nullptr;
  size_t count = 0;
  const bool written = ::dwarf_attr_integrate(member, DW_AT_data_member_location, &attribute) &&
                       ::dwarf_getlocation(&attribute, &operations, &count) == 0;
  return written && count == 1 && operations->atom == DW_OP_plus_uconst ? operations->number : 0;
}

std::string type_text(std::optional<Dwarf_Die> type) {
  if (!type) return "void";
  Dwarf_Die die = *type;
  const int tag = ::dwarf_tag(&die);
  const auto named = [&](const char* keyword) {
    const std::string name = name_of(&die);
    return std::string(keyword) + " " + (name.empty() ? "<anonymous>" : name);
  };
  if (is_pointer(tag)) return type_text(type_of(&die)) + (tag == DW_TAG_pointer_type ? "*" : "&");
  if (tag == DW_TAG_const_type) {
    const auto inner = type_of(&die);
    Dwarf_Die of = inner.value_or(die);
    return inner && is_pointer(::dwarf_tag(&of)) ? type_text(inner) + " const" : "const " + type_text(inner);
  }
  if (is_qualifier(tag)) return type_text(type_of(&die));
  switch (tag) {
    case DW_TAG_base_type:
    case DW_TAG_unspecified_type:
    case DW_TAG_typedef: return name_of(&die);
    case DW_TAG_structure_type:
    case DW_TAG_class_type: return named("struct");
    case DW_TAG_union_type: return named("union");
    case DW_TAG_enumeration_type: return named("enum");
    default: return "<unknown type>";
  }
}

types::TypeRef TypeReader::base_type(Dwarf_Die die) {
  const uint64_t size = size_of(die);
  const auto encoding = number(&die, DW_AT_encoding).value_or(0);
  if (is_floating(&die) || (size != 1 && size != 2 && size != 4 && size != 8)) return types_.none();
  const bool is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
  return types_.integer(static_cast<uint32_t>(size), is_signed);
}

types::TypeRef TypeReader::type(std::optional<Dwarf_Die> written) {
  const auto plain = plain_type(written);
  if (!plain) return types_.void_type();
  Dwarf_Die die = *plain;
  const int tag = ::dwarf_tag(&die);
  if (is_pointer(tag)) {
    types::TypeRef target = type(type_of(&die));
    // A pointer to a function or a floating-point number is still an address.
    if (target->kind == types::Kind::none) target = types_.void_type();
    return types_.pointer(target, types::Space::user);
  }
  if (const char* keyword = record_tag(tag)) return record(die, keyword);
  switch (tag) {
    case DW_TAG_base_type: return base_type(die);
    case DW_TAG_enumeration_type: {
      const uint64_t size = size_of(die);
      return size == 1 || size == 2 || size == 4 || size == 8 ? types_.integer(static_cast<uint32_t>(size), false)
                                                              : types_.none();
    }
    case DW_TAG_array_type: return array(die);
    default: return types_.none();
  }
}

types::TypeRef TypeReader::array(Dwarf_Die die) {
  const auto element_die = plain_type(type_of(&die));
  types::TypeRef made = type(element_die);
  if (made->kind == types::Kind::none || made->kind == types::Kind::void_type) return types_.none();
  const std::vector<int64_t> counts = dimensions(die);
  const bool text = element_die && made->size == 1 && made->kind == types::Kind::integer &&
                    name_of(&const_cast<Dwarf_Die&>(*element_die)) == "char";
  for (size_t i = counts.size(); i-- > 0;) {
    const bool innermost = i + 1 == counts.size();
    if (counts[i] < 0) {
      made = types_.array(made, std::nullopt);
    } else if (innermost && text && counts[i] > 0) {
      made = types_.string(static_cast<uint32_t>(counts[i]));
    } else {
      made = types_.array(made, static_cast<uint32_t>(counts[i]));
    }
  }
  return counts.empty() ? types_.array(made, std::nullopt) : made;
}

void TypeReader::find_definitions() {
  definitions_known_ = true;
  Dwarf_Off offset = 0, next = 0;
  size_t header = 0;
  while (::dwarf_nextcu(dwarf_, offset, &next, &header, nullptr, nullptr, nullptr) == 0) {
    Dwarf_Die unit, child;
    if (::dwarf_offdie(dwarf_, offset + header, &unit) && ::dwarf_child(&unit, &child) == 0) {
      do {
        const int tag = ::dwarf_tag(&child);
        if (record_tag(tag) && ::dwarf_diename(&child) && !::dwarf_hasattr(&child, DW_AT_declaration))
          definitions_.try_emplace({tag, name_of(&child)}, ::dwarf_dieoffset(&child));
      } while (::dwarf_siblingof(&child, &child) == 0);
    }
    offset = next;
  }
}

// What a unit only declares may be defined in another one.
Dwarf_Die TypeReader::definition(Dwarf_Die declaration) {
  if (!::dwarf_hasattr(&declaration, DW_AT_declaration)) return declaration;
  if (!definitions_known_) find_definitions();
  const auto found = definitions_.find({::dwarf_tag(&declaration), name_of(&declaration)});
  Dwarf_Die die;
  return found != definitions_.end() && ::dwarf_offdie(dwarf_, found->second, &die) ? die : declaration;
}

types::TypeRef TypeReader::record(Dwarf_Die die, std::string tag) {
  die = definition(die);
  const auto [entry, is_new] = records_.try_emplace(reinterpret_cast<uintptr_t>(die.addr), Record{die, nullptr});
  if (is_new) {
    const uint64_t size = size_of(die);
    entry->second.type = types_.c_record(types_.add_record(std::move(tag), name_of(&die), static_cast<uint32_t>(size),
                                                           alignment(size), *this, entry->first, false));
  }
  return entry->second.type;
}

std::optional<types::CField> TypeReader::field(Dwarf_Die member) {
  const int tag = ::dwarf_tag(&member);
  const bool base_class = tag == DW_TAG_inheritance;
  // Static members are declared only.
  if ((tag != DW_TAG_member && !base_class) || ::dwarf_hasattr(&member, DW_AT_declaration) ||
      ::dwarf_hasattr(&member, DW_AT_external))
    return std::nullopt;
  types::CField field;
  // The members of a base class are found as if they were the record's own.
  if (!base_class) field.name = name_of(&member);
  field.type = type(type_of(&member));
  if (field.type->kind == types::Kind::void_type) field.type = types_.none();
  field.offset = static_cast<uint32_t>(member_offset(&member));
  const auto bits = number(&member, DW_AT_bit_size);
  if (!bits || !field.type->is_integer()) return field;
  const uint32_t unit = field.type->size * 8;
  uint64_t first = 0;  // bit of the record
  if (const auto at = number(&member, DW_AT_data_bit_offset)) {
    first = *at;
  } else {
    // DWARF 3 counts from the most significant bit of the storage unit.
    const uint64_t storage = number(&member, DW_AT_byte_size).value_or(field.type->size);
    first = field.offset * 8ull + storage * 8 - number(&member, DW_AT_bit_offset).value_or(0) - *bits;
  }
  field.offset = static_cast<uint32_t>(first / unit * field.type->size);
  field.bit_offset = static_cast<uint16_t>(first % unit);
  field.bit_size = static_cast<uint16_t>(*bits);
  // Packed, it may straddle units of its type; the next larger one holds it.
  if (field.bit_offset + field.bit_size > unit) {
    field.offset = static_cast<uint32_t>(first / 8);
    field.bit_offset = static_cast<uint16_t>(first % 8);
    field.type = types_.integer(8, field.type->is_signed);
  }
  return field;
}

std::vector<types::CField> TypeReader::fields(const types::CRecord& record) {
  std::vector<types::CField> fields;
  Dwarf_Die child;
  const auto known = records_.find(record.source_id());
  if (known == records_.end() || ::dwarf_child(&known->second.die, &child) != 0) return fields;
  do {
    if (auto one = field(child)) fields.push_back(std::move(*one));
  } while (::dwarf_siblingof(&child, &child) == 0);
  return fields;
}

}  // namespace sonde::debuginfo
