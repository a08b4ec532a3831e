// Lines that come less and less often.
#include "runtime/progress.h"

namespace sonde::runtime {

void Progress::step(uint64_t sites) {
  done_ += sites;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_ || done_ >= total_) return;
  while (next_ <= now && patience_.count() > 0) next_ += 2 * (next_ - start_);
  if (report_) report_->notice(verb_ + ": " + std::to_string(done_) + " of " + std::to_string(total_) + " probes");
}

}  // namespace sonde::runtime
