// Kernel features by name, each probed at its first question: a program load or a system call, so never asked without
// need.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sonde::runtime {

struct Feature {
  std::string_view name;
  std::string_view since;  // kernel version that brought it
  std::string_view test;   // how it is detected
  bool (*probe)();
};

// Instructions the verifier looks at before it gives up, as its log says; -1: it does not.
int64_t instruction_limit();

class Features {
 public:
  // All features known, in alphabetical order.
  static std::span<const Feature> all();

  // Whether the running kernel has `name`; false for unknown names. Answers are remembered.
  bool has(std::string_view name);

 private:
  std::vector<std::optional<bool>> known_;
};

}  // namespace sonde::runtime
