// Visits every builtin call of a program, in the order in which they stand (private to this folder).
#pragma once

#include <functional>

#include "sema/typed_program.h"

namespace sonde::plan {

void for_each_call(const sema::Program& program, const std::function<void(const sema::Call&)>& visit);

}  // namespace sonde::plan
