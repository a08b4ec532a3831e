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

void add_members(const Type& type, image::Layout& layout, std::vector<image::Layout>& table) {
  for (const Member& member : type.members)
    layout.members.push_back({member.name, layout_of(member.type, table), member.offset, 0, 0});
  if (!type.c_record) return;
  // A struct cannot contain itself, so this ends; pointers are leaves.
  for (const CField& field : type.c_record->fields())
    layout.members.push_back(
        {field.name, layout_of(field.type, table), field.offset, field.bit_offset, field.bit_size});
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
  const auto known = std::find(table.begin(), table.end(), layout);
  if (known != table.end()) return {static_cast<uint32_t>(known - table.begin())};
  table.push_back(std::move(layout));
  return {static_cast<uint32_t>(table.size() - 1)};
}

}  // namespace sonde::types
