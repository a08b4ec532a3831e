// Runs clang for imported C files and for C definitions that our own reader does not know. It is looked for when the first of
// them is met; everything else works without it.
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

struct ClangInput {
  std::string path;                  // a C file, or empty:
  std::string text;                  // the C text itself
  std::vector<std::string> folders;  // searched for headers
};

// Compiles to a BPF object with BTF. Fails when there is no clang to run.
Result<ClangOutput> compile_bpf(const ClangInput& input);

}  // namespace sonde::compile
