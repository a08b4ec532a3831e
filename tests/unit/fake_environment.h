// A CallEnvironment with settable facts, and short ways to write arguments: check hooks are tested without sema.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "builtins/builtin.h"
#include "types/capability.h"

namespace sonde::builtins::testing {

class FakeEnvironment : public CallEnvironment {
 public:
  types::TypeContext types_;
  diag::Diagnostics diagnostics_;
  std::string provider_ = "kprobe", probetype_ = "kprobe", name_ = "kprobe:vfs_read";
  uint32_t capabilities_ = UINT32_MAX & ~uint32_t{types::kSequenceFile};
  types::Space space_ = types::Space::kernel;
  std::map<std::string, std::string, std::less<>> config_ = {{"max_strlen", "64"}, {"stack_mode", "sonde"}};
  std::map<std::string, uint64_t, std::less<>> symbols_;
  std::vector<ScriptOption> options_;
  bool features_ = true;
  bool unsafe_ = true;

  types::TypeContext& types() override { return types_; }
  diag::Diagnostics& diagnostics() override { return diagnostics_; }
  std::string provider() const override { return provider_; }
  std::string probetype() const override { return probetype_; }
  std::string probe_name() const override { return name_; }
  bool capable(uint32_t capability) const override { return (capabilities_ & capability) != 0; }
  types::Space space() const override { return space_; }
  std::string config(std::string_view key) const override { return config_.find(key)->second; }
  bool unsafe_allowed() const override { return unsafe_; }
  Result<uint64_t> symbol_address(std::string_view name) override {
    const auto found = symbols_.find(name);
    if (found == symbols_.end()) return base::fail("no symbol " + std::string(name));
    return found->second;
  }
  Result<uint64_t> cgroup_id(std::string_view path) override {
    if (path != "/sys/fs/cgroup") return base::fail("stat " + std::string(path), ENOENT);
    return 1;
  }
  types::TypeRef kernel_type(std::string_view, std::string_view) override { return nullptr; }
  uint32_t possible_cpus() const override { return 4; }
  bool has_feature(std::string_view) const override { return features_; }
  void declare_option(source::Range, const ScriptOption& option) override { options_.push_back(option); }
};

inline Argument of_type(types::TypeRef type) {
  Argument argument;
  argument.type = type;
  return argument;
}
inline Argument number(types::TypeContext& types, int64_t value) {
  Argument argument = of_type(value < 0 ? types.negative_literal(value) : types.literal(static_cast<uint64_t>(value)));
  argument.integer = static_cast<uint64_t>(value);
  argument.constant = true;
  argument.negative = value < 0;
  return argument;
}
inline Argument text(types::TypeContext& types, const std::string& value) {
  Argument argument = of_type(types.string(static_cast<uint32_t>(value.size() + 1)));
  argument.text = value;
  return argument;
}
inline Argument word(const std::string& value) {
  Argument argument;
  argument.word = value;
  return argument;
}
inline Argument whole_map(types::TypeRef key, types::TypeRef value) {
  Argument argument;
  argument.map = MapArgument{"@m", key == nullptr, key, value};
  return argument;
}

}  // namespace sonde::builtins::testing
