// The machine: processors, memory nodes, random numbers.
#include "builtins/check.h"
#include "builtins/emit.h"
#include "builtins/families.h"

namespace sonde::builtins {
namespace {

Reg lower_ncpus(Codegen& cg) { return cg.parameter(image::ParameterKind::cpu_count, ""); }

constexpr Builtin kRows[] = {
    {.name = "cpu",
     .kind = RowKind::value,
     .summary = "Number of the CPU that runs the program.",
     .example = "rawtracepoint:sched_switch { @[cpu] = count(); }",
     .fixed = true,
     .check = uint64_result,
     .lower = call_helper<BPF_FUNC_get_smp_processor_id>},
    {.name = "ncpus",
     .kind = RowKind::value,
     .summary = "Number of possible CPUs.",
     .example = "begin { print(ncpus); }",
     .fixed = true,
     .check = uint64_result,
     .lower = lower_ncpus},
    {.name = "numaid",
     .kind = RowKind::value,
     .summary = "NUMA node of the CPU that runs the program.",
     .example = "rawtracepoint:sched_switch { @[numaid] = count(); }",
     .fixed = true,
     .check = uint64_result,
     .lower = call_helper<BPF_FUNC_get_numa_node_id>},
    {.name = "rand",
     .kind = RowKind::value,
     .summary = "Pseudo random number of 32 bits.",
     .example = "tracepoint:syscalls:sys_enter_read /rand % 100 == 0/ { @[comm] = count(); }",
     .check = uint64_result,
     .lower = call_helper<BPF_FUNC_get_prandom_u32>},
};

}  // namespace

std::span<const Builtin> machine_rows() { return kRows; }

}  // namespace sonde::builtins
