// Kernel and module functions from /proc/kallsyms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/symbols/symbols.h"

namespace sonde::symbols {

class KernelSymbols {
 public:
  explicit KernelSymbols(std::string path = "/proc/kallsyms") : path_(std::move(path)) {}

  // The function that contains `address`. Reads the file at the first call.
  std::optional<Symbol> find(uint64_t address);
  // Bytes held, for tests of the memory bound.
  size_t memory() const {
    return addresses_.capacity() * sizeof(uint64_t) + names_at_.capacity() * 4 + names_.capacity();
  }

 private:
  void load();

  std::string path_;
  bool loaded_ = false;
  // Parallel arrays instead of structs with strings: 60 thousand functions take two megabytes.
  std::vector<uint64_t> addresses_;
  std::vector<uint32_t> names_at_;
  std::string names_;  // NUL-terminated names
};

}  // namespace sonde::symbols
