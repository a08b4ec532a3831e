// Signals as data: blocked for the run and read from a descriptor, so that they interrupt nothing and no flag is
// global.
#pragma once

#include <signal.h>

#include <cstdint>

#include "base/fd.h"
#include "base/result.h"

namespace sonde::runtime {

class Signals {
 public:
  // Blocks SIGINT, SIGTERM and SIGUSR1 until release() or the end of the object.
  static Result<Signals> block();
  Signals(Signals&& other) noexcept;
  Signals& operator=(Signals&&) = delete;
  ~Signals();

  int fd() const { return fd_.get(); }
  // From now on signals do what they did before, those too that have arrived and were not read.
  void release();
  // Collects what has arrived. Never waits.
  void read();
  // Number of SIGINT and SIGTERM seen so far.
  uint64_t interrupts() const { return interrupts_; }
  // Whether SIGUSR1 arrived since the last call.
  bool take_user_signal();

 private:
  Signals() = default;

  base::Fd fd_;
  sigset_t previous_{};
  bool active_ = false;
  uint64_t interrupts_ = 0;
  bool user_signal_ = false;
};

}  // namespace sonde::runtime
