// Only sizes, offsets and names count: members of enumerated types are integers here, and pointers to functions `void *`.
#include "compile/kernel_header.h"

#include <algorithm>
#include <set>

namespace sonde::compile {
namespace {

using types::Kind;
using types::TypeRef;

// Words of the kernel that our own parser skips.
constexpr std::string_view kWords = "#define __user\n#define __kernel\n#define __percpu\n";

std::string joined(std::string_view type, std::string_view declarator) {
  return std::string(type) + (declarator.empty() ? "" : " ") + std::string(declarator);
}

std::string integer(uint32_t size, bool is_signed) {
  const char* word = size == 1 ? "char" : size == 2 ? "short" : size == 4 ? "int" : "long";
  return std::string(is_signed ? "signed " : "unsigned ") + word;
}

class Header {
 public:
  void add(const cdef::Borrowed::Name& name) {
    if (name.tag == "enum")
      enumeration(*name.type->c_enum);
    else if (!name.tag.empty())
      define(*name.type->c_record);
    else
      type_definition(name.name, name.type);
  }

  void add_enumerator(const std::string& name, uint64_t value) {
    if (enumerators_.insert(name).second)
      text_ += "enum { " + name + " = " + std::to_string(static_cast<int64_t>(value)) + "L };\n";
  }

  std::string take() { return std::move(text_); }

 private:
  void type_definition(const std::string& name, TypeRef type) {
    std::string declared;
    if (type->kind != Kind::c_record)
      declared = declare(type, name);
    else if (const types::CRecord& record = *type->c_record; record.name().empty())
      declared = joined(record.tag() + " " + std::string(kTypedefTag) + name + body(record), name);
    else
      declared = joined(define(record), name);
    if (!declared.empty()) text_ += "typedef " + declared + ";\n";
  }

  void enumeration(const types::CEnum& definition) {
    std::string variants;
    for (const image::EnumVariant& variant : definition.variants) {
      if (!enumerators_.insert(variant.name).second) continue;
      variants += variant.name + " = " + std::to_string(static_cast<int64_t>(variant.value)) + "L, ";
    }
    if (variants.empty() || !defined_.insert("enum " + definition.name).second) return;
    const char* packed = definition.field_size < 4 ? " __attribute__((packed))" : "";
    text_ += "enum " + definition.name + " { " + variants + "}" + packed + ";\n";
  }

  // "struct path", after its definition.
  std::string define(const types::CRecord& record) {
    if (record.size() != 0 && defined_.insert(record.printed_name()).second) {
      const std::string inside = body(record);  // puts the definitions of its members first
      text_ += record.printed_name() + inside + ";\n";
    }
    return record.printed_name();
  }

  // Empty: no such type in C.
  std::string declare(TypeRef type, std::string declarator) {
    switch (type->kind) {
      case Kind::boolean: return joined("_Bool", declarator);
      case Kind::integer: return joined(integer(type->size, type->is_signed), declarator);
      case Kind::enumeration: return joined(integer(type->size, type->c_enum->is_signed), declarator);
      case Kind::string: return joined("char", declarator + "[" + std::to_string(type->size) + "]");
      case Kind::array:
        if (declarator.starts_with('*')) declarator = "(" + declarator + ")";
        return declare(type->element, declarator + "[" + std::to_string(type->count.value_or(0)) + "]");
      case Kind::pointer: return pointer(type->element, "*" + declarator);
      case Kind::c_record:
        if (type->c_record->name().empty()) return joined(type->c_record->tag() + body(*type->c_record), declarator);
        return type->size == 0 ? std::string() : joined(define(*type->c_record), declarator);
      default: return {};
    }
  }

  std::string pointer(TypeRef target, const std::string& declarator) {
    const bool record = target->kind == Kind::c_record;
    if (record && !target->c_record->name().empty()) return joined(target->c_record->printed_name(), declarator);
    const std::string declared = record ? std::string() : declare(target, declarator);
    return declared.empty() ? joined("void", declarator) : declared;
  }

  // " { ... } __attribute__((...))"
  std::string body(const types::CRecord& record) {
    std::string text = " { ";
    const bool is_union = record.tag() == "union";
    uint64_t at = 0;  // bits
    for (const types::CField& field : record.fields()) {
      const uint64_t bit = uint64_t{field.offset} * 8 + field.bit_offset;
      const bool bits = field.bit_size != 0;
      if (!is_union && bit < at) continue;
      std::string declared =
          bits ? joined(integer(field.type->size, false), field.name + " : " + std::to_string(field.bit_size))
               : declare(field.type, field.name);
      if (declared.empty() || (field.name.empty() && field.type->kind != Kind::c_record)) continue;
      if (!is_union) text += padding(at, bit);
      text += declared + "; ";
      at = bit + (bits ? field.bit_size : uint64_t{field.type->size} * 8);
    }
    text += is_union
                ? "unsigned char __sonde_size" + std::to_string(pads_++) + "[" + std::to_string(record.size()) + "]; "
                : padding(at, uint64_t{record.size()} * 8);
    return text + "} __attribute__((packed, aligned(" + std::to_string(std::max(record.align(), 1u)) + ")))";
  }

  // Members without meaning from one bit to another.
  std::string padding(uint64_t from, uint64_t to) {
    std::string text;
    if (from >= to) return text;
    if (from % 8 != 0) {
      const uint64_t bits = std::min(8 - from % 8, to - from);
      text += "unsigned char : " + std::to_string(bits) + "; ";
      from += bits;
    }
    if (to - from >= 8) {
      text += "unsigned char __sonde_pad" + std::to_string(pads_++) + "[" + std::to_string((to - from) / 8) + "]; ";
      from += (to - from) / 8 * 8;
    }
    if (from < to) text += "unsigned char : " + std::to_string(to - from) + "; ";
    return text;
  }

  std::string text_ = std::string(kWords);
  std::set<std::string> defined_, enumerators_;
  uint64_t pads_ = 0;
};

}  // namespace

std::string kernel_header(const cdef::Borrowed& borrowed) {
  Header header;
  for (const cdef::Borrowed::Name& name : borrowed.types) header.add(name);
  for (const auto& [name, value] : borrowed.enumerators) header.add_enumerator(name, value);
  return header.take();
}

}  // namespace sonde::compile
