// C text of a type in BTF, as its source might have had it.
#pragma once

#include <cstdint>
#include <string>

#include "kernel/btf.h"

namespace sonde::kernel {

// Definition of a struct, union or enum ("struct path {...};", lines separated by '\n', tabs for nesting), without the
// definitions of what it mentions by name.
std::string definition(const Btf& btf, uint32_t id);

// "const char *name[4]": the declaration of `name` (empty: of the type alone). Anonymous types are shown as `{...}`.
std::string declaration(const Btf& btf, uint32_t id, std::string name);

}  // namespace sonde::kernel
