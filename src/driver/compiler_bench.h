// `--mode compiler-bench`: how long the compiler's passes take (cli.md 2.5).
#pragma once

#include <functional>

#include "compile/compile.h"

namespace sonde::driver {

// Calls `compile_once` for about a second and prints a table of the passes' times and `PASS`; `FAIL` and false when a
// compilation fails.
bool bench_compiler(const std::function<bool(compile::PassTimer)>& compile_once);

}  // namespace sonde::driver
