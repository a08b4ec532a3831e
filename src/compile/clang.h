// Runs clang for imported C files and for C definitions that our own reader does not know. It is looked for when the first of
// them is met; everything else works without it. All functions fail when there is no clang to run, and take what an earlier
// run made of the same input (clang_cache.h).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sonde::compile {

struct ClangOutput {
  bool good = false;         // clang ended with status 0
  std::vector<char> output;  // what it wrote to standard output
  std::string messages;      // ... and to standard error
};

struct ClangFolders {
  std::vector<std::string> user;    // searched for headers first
  std::vector<std::string> system;  // behind them, in front of the compiler's own
};

// A BPF object with BTF from a C file.
Result<ClangOutput> compile_bpf(const std::string& path, const std::vector<std::string>& folders);

// C text behind the preprocessor, with its macros as #define lines, for this machine.
Result<ClangOutput> preprocess(const std::string& text, const ClangFolders& folders);

// A BPF object with the types of preprocessed C text as this machine lays them out, in BTF.
Result<ClangOutput> compile_types(const std::string& text);

}  // namespace sonde::compile
