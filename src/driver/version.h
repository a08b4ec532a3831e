// The version as the build names it.
#pragma once

namespace sonde::driver {
inline constexpr const char* kVersion = SONDE_VERSION;
}
