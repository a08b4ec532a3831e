// --container: which cgroup a container is.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sonde::driver {

// Folder of the cgroup (v2) in which the processes of the container run. `id`: the container's id or the beginning of it,
// as container engines show it; it stands in the name of the cgroup. Fails with the text for the user.
Result<std::string> cgroup_of_container(std::string_view id);

}  // namespace sonde::driver
