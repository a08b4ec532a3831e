// What went wrong in the kernel, counted there per place of the script and per program, and polled from here: nothing
// is lost and nothing floods.
#pragma once

#include <cstdint>
#include <vector>

#include "image/image.h"
#include "runtime/print/printer.h"

namespace sonde::events {

struct CounterOptions {
  bool show_optional = false;  // -k: failed probe reads and map lookups too
  bool no_warnings = false;
};

class Counters {
 public:
  // `errors`, `losses`: descriptors of the internal maps, -1 if the object has none.
  Counters(const image::Image& image, int errors, int losses, CounterOptions options);

  // Reports what is new since the last call.
  void poll(print::Printer& printer);
  // The same for errors alone.
  void poll_errors(print::Printer& printer);

  // Totals so far, as of the last poll.
  uint64_t lost_events() const;
  const std::vector<image::LossCell>& losses() const { return losses_; }
  uint64_t failures(uint32_t site) const { return errors_[site]; }

 private:
  // Cells of all CPUs, entry by entry; empty if the map is missing or cannot be read.
  std::vector<std::byte> read(int map, uint32_t entries, uint32_t cell_size);
  void poll_losses(print::Printer& printer);

  const image::Image& image_;
  int error_map_;
  int loss_map_;
  CounterOptions options_;
  uint32_t cpus_;
  std::vector<uint64_t> errors_;         // by ErrorSiteId
  std::vector<image::LossCell> losses_;  // by ProgramId
};

}  // namespace sonde::events
