// Files that processes execute code of, and how they are reached from here when their mount namespace is another one.
#pragma once

#include <string>
#include <vector>

namespace sonde::kernel {

// Prefix for paths as process `pid` sees them: "/proc/PID/root".
std::string process_root(int pid);
// Whether the process has another mount namespace than we have.
bool in_other_mounts(int pid);
// Value of a variable in the process's environment as it was at exec; empty: not set or not readable.
std::string process_variable(int pid, const std::string& name);
// Executable file mappings of one process, each once, in the order of addresses; paths as the process sees them.
std::vector<std::string> mapped_files(int pid);
// The same of all processes, each file once however many have it; processes in other mount namespaces by their roots.
std::vector<std::string> all_mapped_files();

}  // namespace sonde::kernel
