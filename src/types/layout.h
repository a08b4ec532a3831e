// Semantic type -> layout of the image's type table.
#pragma once

#include <vector>

#include "image/type_table.h"
#include "types/type.h"

namespace sonde::types {

// Appends the layout of `type` (and of what it is made of) to `table` unless an equal one is there, and returns its id.
image::TypeId layout_of(TypeRef type, std::vector<image::Layout>& table);

}  // namespace sonde::types
