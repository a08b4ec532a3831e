// A stack for code that recurses as deep as the user's program is nested.
#pragma once

#include <cstddef>
#include <functional>

namespace sonde::base {

// Runs `work` to its end on a thread of its own with `bytes` of stack. Memory is used as far as it is touched. False if there
// is no such thread to be had; nothing was run then.
bool run_on_deep_stack(size_t bytes, const std::function<void()>& work);

}  // namespace sonde::base
