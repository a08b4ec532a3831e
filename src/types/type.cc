// What can be asked of a single type: its names and the members of C records.
#include "types/type.h"

#include "base/check.h"

namespace sonde::types {
namespace {

std::string stack_mode_name(image::StackMode mode) {
  switch (mode) {
    case image::StackMode::symbols: return "sonde";
    case image::StackMode::perf: return "perf";
    case image::StackMode::raw: return "raw";
    case image::StackMode::build_id: return "build_id";
  }
  SONDE_UNREACHABLE();
}

std::string integer_name(uint32_t size, bool is_signed) {
  return (is_signed ? "int" : "uint") + std::to_string(size * 8);
}

// "usum_t": unsigned input shows in the name wherever the result depends on it.
std::string aggregate_name(const Type& type) {
  const bool marked =
      !type.is_signed && (type.aggregate == "sum" || type.aggregate == "min" || type.aggregate == "max" ||
                          type.aggregate == "avg" || type.aggregate == "stats");
  return (marked ? "u" : "") + type.aggregate + "_t";
}

std::string members_name(const Type& type) {
  if (type.kind == Kind::tuple) {
    std::string text = "(";
    for (const Member& member : type.members) text += (text.size() > 1 ? "," : "") + printed(member.type);
    return text + ")";
  }
  std::string text = "record {";
  for (const Member& member : type.members)
    text += std::string(text.back() == '{' ? " ." : ", .") + member.name + " = " + printed(member.type);
  return text + " }";
}

}  // namespace

bool Type::is_scalar() const {
  switch (kind) {
    case Kind::boolean:
    case Kind::integer:
    case Kind::enumeration:
    case Kind::pointer:
    case Kind::kernel_symbol:
    case Kind::username: return true;
    default: return false;
  }
}

std::string printed(TypeRef type) {
  switch (type->kind) {
    case Kind::none: return "none";
    case Kind::void_type: return "void";
    case Kind::boolean: return "bool";
    case Kind::integer: return integer_name(type->size, type->is_signed);
    case Kind::enumeration: return type->c_enum->name.empty() ? "enum" : "enum " + type->c_enum->name;
    case Kind::string: return type->size ? "string[" + std::to_string(type->size) + "]" : "string";
    case Kind::buffer: return "buffer[" + std::to_string(type->size) + "]";
    case Kind::inet: return "inet[" + std::to_string(type->size) + "]";
    case Kind::tuple:
    case Kind::record: return members_name(*type);
    case Kind::array:
      return printed(type->element) + "[" + (type->count ? std::to_string(*type->count) : std::string()) + "]";
    case Kind::pointer: return printed(type->element) + " *";
    case Kind::c_record: return type->c_record->printed_name();
    case Kind::kernel_stack: return "kstack_" + stack_mode_name(type->stack_mode) + "_" + std::to_string(*type->count);
    case Kind::user_stack: return "ustack_" + stack_mode_name(type->stack_mode) + "_" + std::to_string(*type->count);
    case Kind::kernel_symbol: return "ksym_t";
    case Kind::user_symbol: return "usym_t";
    case Kind::timestamp: return "timestamp";
    case Kind::mac_address: return "mac_address";
    case Kind::username: return "username_t";
    case Kind::cgroup_path: return "cgroup_path_t";
    case Kind::aggregate: return aggregate_name(*type);
  }
  SONDE_UNREACHABLE();
}

std::string base_name(TypeRef type) {
  switch (type->kind) {
    case Kind::integer:
    case Kind::enumeration: return "int";
    case Kind::string: return "string";
    case Kind::buffer: return "buffer";
    case Kind::inet: return "inet";
    case Kind::tuple: return "tuple";
    case Kind::record: return "record";
    case Kind::array: return "array";
    case Kind::pointer: return "pointer";
    case Kind::c_record: return "c_type";
    case Kind::kernel_stack: return "kstack";
    case Kind::user_stack: return "ustack";
    default: return printed(type);
  }
}

const std::vector<CField>& CRecord::fields() const {
  if (!complete_) {
    // Marked first: a source may ask for this record again while it converts the fields.
    complete_ = true;
    fields_ = source_.fields(*this);
  }
  return fields_;
}

std::vector<const CField*> CRecord::find(std::string_view name) const {
  if (name.empty()) return {};
  const std::vector<CField>& all = fields();
  for (const CField& field : all)
    if (field.name == name) return {&field};
  for (const CField& field : all) {
    if (!field.name.empty() || field.type->kind != Kind::c_record) continue;
    std::vector<const CField*> path = field.type->c_record->find(name);
    if (path.empty()) continue;
    path.insert(path.begin(), &field);
    return path;
  }
  return {};
}

}  // namespace sonde::types
