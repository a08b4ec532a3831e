// C text of types that a script's definitions use and the kernel's BTF (or the C library) has: what a header would say.
#pragma once

#include <string>
#include <string_view>

#include "cdef/unit.h"

namespace sonde::compile {

// Tags of anonymous records that the kernel knows by a typedef only.
inline constexpr std::string_view kTypedefTag = "sonde_typedef_";

// Definitions of all that is borrowed, in the order that C wants, with the types that lie inside them by value. What is only
// pointed at stays without definition. Layouts are those of the types, whatever a compiler would make of the members:
// records are packed, with padding and alignment spelled out.
std::string kernel_header(const cdef::Borrowed& borrowed);

}  // namespace sonde::compile
