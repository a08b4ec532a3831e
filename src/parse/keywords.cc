// The closed set of names that shape the grammar.
#include "parse/keywords.h"

#include <algorithm>
#include <array>

namespace sonde::parse {
namespace {

constexpr std::array<std::string_view, 17> builtin_names{"args",
                                                         "ctx",
                                                         "kstack",
                                                         "nsecs",
                                                         "pid",
                                                         "tid",
                                                         "ustack",
                                                         "__builtin_comm",
                                                         "__builtin_cpid",
                                                         "__builtin_cpu",
                                                         "__builtin_func",
                                                         "__builtin_probe",
                                                         "__builtin_ncpus",
                                                         "__builtin_retval",
                                                         "__builtin_elapsed",
                                                         "__builtin_dw_ustack",
                                                         "__builtin_usermode"};

bool numbered(std::string_view name, std::string_view stem) {
  return name.size() > stem.size() && name.starts_with(stem) &&
         std::ranges::all_of(name.substr(stem.size()), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_builtin_name(std::string_view name) {
  return std::ranges::find(builtin_names, name) != builtin_names.end() || numbered(name, "arg") ||
         numbered(name, "sarg");
}

}  // namespace sonde::parse
