// Kernel functions as kprobe and fentry name them: FUNC, MODULE:FUNC, FUNC+OFFSET.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/provider.h"

namespace sonde::probes {

// Where the names of traceable functions come from.
struct FunctionList {
  std::vector<std::string> names;  // "module:function", sorted
  bool exact = true;               // false: the kernel's list is unreadable and these are the functions of its BTF
};
FunctionList traceable_functions(const kernel::KernelView& kernel);

// A function that BTF describes and that is safe to trace. Almost all of them are traceable, and asking BTF takes a
// thousandth of the time in which the kernel writes its list; the rest is refused when attaching.
bool known_by_btf(const kernel::KernelView& kernel, std::string_view module, const std::string& function);

// "FUNC+OFFSET": reports a malformed offset. `offset` is empty without `+`.
struct FunctionText {
  std::string name;
  std::optional<uint64_t> offset;
};
std::optional<FunctionText> split_offset(ProbeContext& context, const AttachText& text, const std::string& part);

// The functions without their modules, sorted and unique.
std::vector<std::string> bare_names(const std::vector<std::string>& names);

}  // namespace sonde::probes
