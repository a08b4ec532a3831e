// Service readiness by the protocol of sd_notify(3), without libsystemd.
#pragma once

#include <string_view>

#include "base/result.h"

namespace sonde::runtime {

// Sends `state` to $NOTIFY_SOCKET (a path, or an abstract name after `@`). Does nothing without that variable.
Result<> notify_service_manager(std::string_view state);

}  // namespace sonde::runtime
