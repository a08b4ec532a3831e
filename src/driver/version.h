// The version, one place for all that print it.
#pragma once

namespace sonde::driver {
inline constexpr const char* kVersion = "0.1.0";
}
