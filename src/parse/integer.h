// Integers as written: see base/integer.h, where folders that may not include parse find it too.
#pragma once

#include "base/integer.h"

namespace sonde::parse {

using base::Integer;
using base::IntegerRules;
using base::parse_integer;

}  // namespace sonde::parse
