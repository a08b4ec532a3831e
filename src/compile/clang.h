// Runs clang for imported C files. It is looked for when the first such file is met; everything else works without it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sonde::compile {

struct ClangOutput {
  bool good = false;         // clang ended with status 0
  std::vector<char> object;  // what it wrote to standard output
  std::string messages;      // ... and to standard error
};

// Compiles `path` to a BPF object with BTF; `folders` are searched for headers. Fails when there is no clang to run.
Result<ClangOutput> compile_bpf(const std::string& path, const std::vector<std::string>& folders);

}  // namespace sonde::compile
