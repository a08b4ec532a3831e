// Short library names ("libc") by the dynamic loader's cache.
#pragma once

#include <string>
#include <string_view>

namespace sonde::kernel {

// Path of the library that `name` ("libc", "libssl.so.3") stands for, by the bytes of /etc/ld.so.cache; empty: none.
// Only libraries of the machine's own architecture count.
std::string find_library(std::string_view cache, std::string_view name);

}  // namespace sonde::kernel
