// A word now and then on work that may take long, for the user who waits for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "runtime/report.h"

namespace sonde::runtime {

class Progress {
 public:
  // `report`: null to say nothing. `verb`: "Attaching". The first line comes after `patience`, further ones after twice the
  // time each; with no patience at all every step has one. The last step never has: something else tells of the end.
  Progress(Report* report, std::string verb, uint64_t total,
           std::chrono::milliseconds patience = std::chrono::seconds(1))
      : report_(report), verb_(std::move(verb)), total_(total), patience_(patience) {}

  uint64_t done() const { return done_; }
  void step(uint64_t sites);

 private:
  Report* report_;
  std::string verb_;
  uint64_t total_;
  uint64_t done_ = 0;
  std::chrono::milliseconds patience_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point next_ = start_ + patience_;
};

}  // namespace sonde::runtime
