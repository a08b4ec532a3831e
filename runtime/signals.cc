// signalfd over the three signals that sonde acts on.
#include "runtime/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

namespace sonde::runtime {

Result<Signals> Signals::block() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) ::sigaddset(&wanted, signal);
  Signals signals;
  if (::sigprocmask(SIG_BLOCK, &wanted, &signals.previous_) != 0) return base::fail_errno("block signals");
  signals.active_ = true;
  signals.fd_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.fd_.valid()) return base::fail_errno("signalfd");
  return signals;
}

Signals::Signals(Signals&& other) noexcept
    : fd_(std::move(other.fd_)),
      previous_(other.previous_),
      active_(std::exchange(other.active_, false)),
      interrupts_(other.interrupts_),
      user_signal_(other.user_signal_) {}

Signals::~Signals() { release(); }

void Signals::release() {
  if (std::exchange(active_, false)) ::sigprocmask(SIG_SETMASK, &previous_, nullptr);
}

void Signals::read() {
  signalfd_siginfo info;
  while (::read(fd_.get(), &info, sizeof(info)) == sizeof(info)) {
    if (info.ssi_signo == SIGUSR1)
      user_signal_ = true;
    else
      ++interrupts_;
  }
}

bool Signals::take_user_signal() { return std::exchange(user_signal_, false); }

}  // namespace sonde::runtime
