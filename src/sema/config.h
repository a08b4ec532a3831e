// The configuration of a program: config block and environment, one row per key (language.md 15).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ast/ast.h"
#include "base/result.h"
#include "diag/diagnostic.h"

namespace sonde::sema {

// What the kernel allows hash tables: the buckets, rounded up to a power of two, and an entry (a key and a value) in one
// piece of its memory, with a page for the heads that it adds.
inline constexpr uint64_t kMostMapEntries = uint64_t{1} << 27;
inline constexpr uint64_t kMostEntryBytes = (4u << 20) - 4096;

struct ConfigKey {
  std::string_view name, fallback, summary;  // fallback: as a script would write it; empty: depends
};
// All keys, for the manual.
std::vector<ConfigKey> config_keys();

class Config {
 public:
  Config();  // defaults

  // Applies the config block of a script; problems are reported. The environment, applied before, wins.
  void apply(const ast::Program& program, diag::Diagnostics& diagnostics);
  // Applies SONDE_KEY and BPFTRACE_KEY variables, which beat the script (SONDE_ beats BPFTRACE_). The error's text is
  // "<key>: <detail>".
  Result<> apply_environment(const std::vector<std::pair<std::string, std::string>>& environment);

  // Value of a key as text ("1024", "true", "warn"); the key must exist.
  const std::string& text(std::string_view key) const;
  uint64_t integer(std::string_view key) const;
  bool boolean(std::string_view key) const;
  bool is_set(std::string_view key) const;  // by script or environment

 private:
  std::map<std::string, std::string, std::less<>> values_;
  std::vector<std::string> set_;
  std::vector<std::string> from_environment_;
};

}  // namespace sonde::sema
