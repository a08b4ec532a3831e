// Bound tree -> typed program. Requires a tree that the final round of typing accepted. Guarantees what typed_program.h
// says: every implicit conversion is a Cast, every type is settled. Reports nothing.
#pragma once

#include <memory>

#include "sema/bound.h"
#include "sema/typed_program.h"
#include "sema/typing.h"

namespace sonde::sema {

std::unique_ptr<TypedProgram> build(bound::Tree& tree, Typing& typing, types::TypeContext& types);

}  // namespace sonde::sema
