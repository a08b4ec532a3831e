// Parsers of the kernel's text files, for live and recorded views alike.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/kernel_view.h"

namespace sonde::kernel {

// Whole contents of a file; works for /proc and /sys, whose sizes are not known in advance.
Result<std::string> read_text(const std::string& path);
// Non-empty lines.
std::vector<std::string_view> lines(std::string_view text);
// `format` file of an event. Lines that cannot be read are left out.
TracepointFormat parse_format(std::string_view text);
// "module:function" of lines "function" and "function [module]", without those that must not be traced; sorted, unique.
std::vector<std::string> parse_traceable(std::string_view text);
// Functions that crash or deadlock the kernel when traced, beyond those that the kernel itself refuses.
bool must_not_trace(std::string_view function);
// Address of a symbol in text of /proc/kallsyms. Fails when it is missing or when the kernel hides addresses.
Result<uint64_t> kallsyms_address(std::string_view text, std::string_view name);
// Number of CPUs in a list like "0-3,8".
uint32_t count_cpus(std::string_view list);
// Type that a C text such as "const struct path *" or "unsigned long" names, by the kernel's BTF; kind none when it names
// nothing known. A pointer is a kernel pointer unless it carries the type tag "user".
types::TypeRef type_from_text(const KernelView& kernel, std::string_view text);

}  // namespace sonde::kernel
