// Stand-alone tools: a copy of sonde-run with a compiled program behind it, found by a trailer at the end of the file.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace sonde::runtime {

// Bytes of a whole file.
Result<std::vector<std::byte>> read_file(const std::string& path);

// The program behind the executable `path` ("/proc/self/exe"), nothing if it has none.
Result<std::optional<std::vector<std::byte>>> read_appended(const std::string& path);

// Writes `output`: the executable `runner` with `image` (bytes of image::write) behind it, executable for all.
Result<> write_stand_alone(const std::string& runner, std::span<const std::byte> image, const std::string& output);

}  // namespace sonde::runtime
