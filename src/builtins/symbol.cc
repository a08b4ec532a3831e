// (being written)
#include "builtins/families.h"

namespace sonde::builtins {

std::span<const Builtin> symbol_rows() { return {}; }

}  // namespace sonde::builtins
