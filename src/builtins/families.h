// The families of builtins: each file of this folder ends in one table, and this is the list of them (private to this
// folder; registry.cc joins them).
#pragma once

#include <span>

#include "builtins/builtin.h"

namespace sonde::builtins {

std::span<const Builtin> process_rows();
std::span<const Builtin> machine_rows();
std::span<const Builtin> time_rows();
std::span<const Builtin> probe_rows();
std::span<const Builtin> output_rows();
std::span<const Builtin> map_rows();
std::span<const Builtin> text_rows();
std::span<const Builtin> string_rows();
std::span<const Builtin> name_rows();
std::span<const Builtin> stack_rows();
std::span<const Builtin> symbol_rows();
std::span<const Builtin> net_rows();
std::span<const Builtin> act_rows();
std::span<const Builtin> aggregate_rows();
std::span<const Builtin> distribution_rows();
std::span<const Builtin> comptime_rows();
std::span<const Builtin> search_rows();
std::span<const Builtin> report_rows();
std::span<const Builtin> kernel_rows();

// In the order of the manual.
inline constexpr std::span<const Builtin> (*kFamilies[])() = {
    process_rows, machine_rows, time_rows,      probe_rows,        output_rows,  report_rows, map_rows,
    text_rows,    string_rows,  search_rows,    name_rows,         stack_rows,   symbol_rows, kernel_rows,
    net_rows,     act_rows,     aggregate_rows, distribution_rows, comptime_rows};

}  // namespace sonde::builtins
