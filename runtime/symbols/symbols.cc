// The front of both symbol tables.
#include "runtime/symbols/symbols.h"

#include <utility>

#include "runtime/symbols/kernel.h"
#include "runtime/symbols/recorder.h"
#include "runtime/symbols/user.h"

namespace sonde::symbols {

struct Symbols::State {
  explicit State(Options options) : user(options) {}
  KernelSymbols kernel;
  UserSymbols user;
  std::optional<ProcessRecorder> recorder;
};

Symbols::Symbols(Options options) : state_(std::make_unique<State>(options)) {}
Symbols::~Symbols() = default;

std::optional<Symbol> Symbols::kernel(uint64_t address) { return state_->kernel.find(address); }
UserPlace Symbols::user(uint32_t pid, uint64_t address) { return state_->user.find(pid, address); }
void Symbols::remember(uint32_t pid) { state_->user.remember(pid); }

void Symbols::watch() {
  if (state_->recorder) return;
  if (auto recorder = ProcessRecorder::start()) state_->recorder = std::move(*recorder);
}
void Symbols::follow() {
  if (state_->recorder) state_->recorder->drain(state_->user);
}

}  // namespace sonde::symbols
