// The front of both symbol tables.
#include "runtime/symbols/symbols.h"

#include <utility>

#include "runtime/symbols/kernel.h"
#include "runtime/symbols/recorder.h"
#include "runtime/symbols/user.h"

namespace sonde::symbols {

struct Symbols::State {
  explicit State(Options options) : user(std::move(options)) {}
  KernelSymbols kernel;
  UserSymbols user;
  std::optional<ProcessRecorder> recorder;
  uint64_t unnamed = 0;
};

Symbols::Symbols(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Symbols::~Symbols() = default;

std::optional<Symbol> Symbols::kernel(uint64_t address) { return state_->kernel.find(address); }
UserPlace Symbols::user(uint32_t pid, uint64_t address, bool returns_to) {
  UserPlace place = state_->user.find(pid, address, returns_to);
  const auto is_known = [&] { return !place.object.empty() || place.symbol; };
  if (!is_known() && state_->recorder) {
    // Records are read while others are written: the process may have begun after the last look.
    follow();
    place = state_->user.find(pid, address, returns_to);
  }
  if (!is_known() && state_->user.may_have_forgotten(pid)) ++state_->unnamed;
  return place;
}
void Symbols::remember(uint32_t pid) { state_->user.remember(pid); }

void Symbols::watch() {
  if (state_->recorder) return;
  if (auto recorder = ProcessRecorder::start()) state_->recorder = std::move(*recorder);
}
void Symbols::follow() {
  if (state_->recorder) state_->recorder->drain(state_->user);
}
uint64_t Symbols::unnamed() const { return state_->unnamed; }

}  // namespace sonde::symbols
