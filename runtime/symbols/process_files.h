// What /proc/PID tells of a process's code (man proc_pid_maps): its executable mappings, the files behind them, the vdso;
// and the map that its JIT compiler writes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sonde::symbols {

struct Mapping {
  uint64_t start = 0, end = 0;
  uint64_t file_offset = 0;
  uint64_t inode = 0;
  std::string path;  // as in /proc/PID/maps: "/usr/bin/ls", "[vdso]", "//anon", ""

  bool is_file() const { return inode != 0 && path.starts_with('/'); }
  bool is_vdso() const { return path == "[vdso]"; }
};

// A function that a JIT compiler announced in /tmp/perf-PID.map.
struct JitFunction {
  uint64_t start = 0, size = 0;
  std::string name;
};

// "/proc/PID/NAME".
std::string proc_path(uint32_t pid, std::string_view name);
// The whole text of a file that does not tell its size; nothing if it cannot be read.
std::optional<std::string> read_text(const std::string& path);

// The executable mappings in the text of /proc/PID/maps, by address.
std::vector<Mapping> parse_mappings(std::string_view text);
// The functions in the text of a JIT map, by address; of those with one address the last one written is last.
std::vector<JitFunction> parse_jit_map(std::string_view text);

// Where the file behind a mapping of a living process can be opened, the better path first: through the root of the
// process, since its own mount namespace counts, then through map_files, which reaches deleted files too.
std::array<std::string, 2> mapped_file_paths(uint32_t pid, const Mapping& mapping);
// The ELF image that the kernel maps into the process; empty if it cannot be read.
std::vector<char> read_vdso(uint32_t pid, const Mapping& mapping);

}  // namespace sonde::symbols
