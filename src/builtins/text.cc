// (being written)
#include "builtins/families.h"

namespace sonde::builtins {

std::span<const Builtin> text_rows() { return {}; }

}  // namespace sonde::builtins
