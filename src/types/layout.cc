// Semantic type -> row of the image's type table. The runtime learns how bytes are read, nothing of what they mean.
#include "types/layout.h"

#include <algorithm>

#include "base/check.h"

namespace sonde::types {
namespace {

image::LayoutKind layout_kind(Kind kind) {
  switch (kind) {
    case Kind::none:
    case Kind::void_type: return image::LayoutKind::none;
    case Kind::boolean: return image::LayoutKind::boolean;
    case Kind::integer: return image::LayoutKind::integer;
    case Kind::enumeration: return image::LayoutKind::enumeration;
    case Kind::string: return image::LayoutKind::string;
    case Kind::buffer: return image::LayoutKind::buffer;
    case Kind::inet: return image::LayoutKind::inet;
    case Kind::tuple: return image::LayoutKind::tuple;
    case Kind::record:
    case Kind::c_record: return image::LayoutKind::record;
    case Kind::array: return image::LayoutKind::array;
    case Kind::pointer: return image::LayoutKind::pointer;
    case Kind::kernel_stack: return image::LayoutKind::kernel_stack;
    case Kind::user_stack: return image::LayoutKind::user_stack;
    case Kind::kernel_symbol: return image::LayoutKind::kernel_symbol;
    case Kind::user_symbol: return image::LayoutKind::user_symbol;
    case Kind::timestamp: return image::LayoutKind::timestamp;
    case Kind::mac_address: return image::LayoutKind::mac_address;
    case Kind::username: return image::LayoutKind::username;
    case Kind::cgroup_path: return image::LayoutKind::cgroup_path;
    case Kind::aggregate: return image::LayoutKind::aggregate;
  }
  SONDE_UNREACHABLE();
}

image::TypeId row(image::Layout layout, std::vector<image::Layout>& table) {
  const auto known = std::find(table.begin(), table.end(), layout);
  if (known != table.end()) return {static_cast<uint32_t>(known - table.begin())};
  table.push_back(std::move(layout));
  return {static_cast<uint32_t>(table.size() - 1)};
}

// A char array whose last byte need not be NUL: that none is there does not make the text a truncated one.
image::TypeId open_text(TypeRef type, std::vector<image::Layout>& table) {
  image::Layout layout;
  layout.kind = image::LayoutKind::array;
  layout.size = layout.count = type->size;
  layout.name = printed(type);
  layout.bytes_as_text = true;
  image::Layout character;
  character.kind = image::LayoutKind::integer;
  character.size = 1;
  character.is_signed = true;
  character.name = "int8";
  layout.element = row(std::move(character), table);
  return row(std::move(layout), table);
}

// A bitfield is unsigned whatever its declared type, as it is where a program reads it.
image::TypeId bits(TypeRef type, std::vector<image::Layout>& table) {
  const image::TypeId declared = layout_of(type, table);
  if (type->kind != Kind::integer || !type->is_signed) return declared;
  image::Layout layout = table[declared.value];
  layout.is_signed = false;
  layout.name = "u" + layout.name;
  return row(std::move(layout), table);
}

// The members of anonymous structs and unions are shown as they are reached, like the outer one's.
void add_fields(const CRecord& record, uint32_t begin, image::Layout& layout, std::vector<image::Layout>& table) {
  for (const CField& field : record.fields()) {
    const uint32_t offset = begin + field.offset;
    if (field.name.empty() && field.type->c_record) {
      add_fields(*field.type->c_record, offset, layout, table);
      continue;
    }
    const image::TypeId type = field.open_text       ? open_text(field.type, table)
                               : field.bit_size != 0 ? bits(field.type, table)
                                                     : layout_of(field.type, table);
    layout.members.push_back({field.name, type, offset, field.bit_offset, field.bit_size});
  }
}

void add_members(const Type& type, image::Layout& layout, std::vector<image::Layout>& table) {
  for (const Member& member : type.members)
    layout.members.push_back({member.name, layout_of(member.type, table), member.offset, 0, 0});
  if (!type.c_record) return;
  // A struct cannot contain itself, so this ends; pointers are leaves.
  add_fields(*type.c_record, 0, layout, table);
}

}  // namespace

image::TypeId layout_of(TypeRef type, std::vector<image::Layout>& table) {
  image::Layout layout;
  layout.kind = layout_kind(type->kind);
  layout.size = type->size;
  layout.is_signed = type->is_signed;
  layout.name = printed(type);
  layout.stack_mode = type->stack_mode;
  layout.count = type->count.value_or(0);
  if (type->kind == Kind::array) layout.element = layout_of(type->element, table);
  if (type->c_enum) {
    layout.variants = type->c_enum->variants;
    layout.is_signed = type->c_enum->is_signed;
  }
  add_members(*type, layout, table);
  return row(std::move(layout), table);
}

}  // namespace sonde::types
