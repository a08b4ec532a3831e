// BPF programs loaded in the running kernel: the targets of fentry:bpf.
#pragma once

#include <vector>

#include "kernel/kernel_view.h"

namespace sonde::kernel {

// Functions of all loaded programs that have BTF, by program id. Programs that cannot be opened (gone meanwhile, no
// permission) are left out.
std::vector<BpfFunction> loaded_bpf_functions();

}  // namespace sonde::kernel
