// Layouts: what the runtime must know of a type to turn bytes into a value. No names are resolved through it and no
// semantic rule lives here; that is types/ on the compiler's side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/ids.h"

namespace sonde::image {

// Closed: runtime/value decodes one form per kind (language.md 4.2, output.md 3).
enum class LayoutKind : uint8_t {
  none,
  boolean,        // 1 byte
  integer,        // size 1, 2, 4, 8; is_signed
  enumeration,    // as integer; variants name the values
  string,         // size bytes, ends at the first NUL
  buffer,         // u32 length, then size - 4 bytes
  inet,           // u64 family (2 or 10), then 16 bytes of address: 24 in all
  tuple,          // members by position
  record,         // members by name; also C structs and unions
  array,          // count elements of `element`
  pointer,        // 8 bytes
  kernel_stack,   // u64 count, then u64 ip[limit]
  user_stack,     // u32 pid, u32 program, u64 count, then u64 ip[limit]
  kernel_symbol,  // u64 address
  user_symbol,    // u64 address, u32 pid, u32 program
  timestamp,      // u32 format (StringId), u32 clock (Clock), u64 nanoseconds
  mac_address,    // 6 bytes
  username,       // u64 uid
  cgroup_path,    // u64 id, u64 filter (StringId, UINT32_MAX: none)
  aggregate,      // only as a map value: the cell of the map's AggDesc
};

enum class StackMode : uint8_t { symbols, perf, raw, build_id };
enum class Clock : uint8_t { boot, monotonic, tai, sw_tai };

struct LayoutMember {
  std::string name;  // empty in tuples
  TypeId type;
  uint32_t offset = 0;  // bytes
  uint16_t bit_offset =
      0;                  // bitfields: first bit counted from the least significant bit of the storage unit at `offset`
  uint16_t bit_size = 0;  // 0: not a bitfield
  bool operator==(const LayoutMember&) const = default;
};

struct EnumVariant {
  std::string name;
  uint64_t value = 0;
  bool operator==(const EnumVariant&) const = default;
};

struct Layout {
  LayoutKind kind = LayoutKind::none;
  uint32_t size = 0;  // bytes
  bool is_signed = false;
  std::string name;    // printed type name, e.g. "uint64", "struct path"
  TypeId element;      // array
  uint32_t count = 0;  // array length; stack limit in frames
  StackMode stack_mode = StackMode::symbols;
  bool bytes_as_text = false;  // array of char from C: prints as a string
  std::vector<LayoutMember> members;
  std::vector<EnumVariant> variants;
  bool operator==(const Layout&) const = default;
};

}  // namespace sonde::image
