// The front of both symbol tables, and C++ names.
#include "runtime/symbols/symbols.h"

#include <cxxabi.h>

#include <cstdlib>

#include "runtime/symbols/kernel.h"
#include "runtime/symbols/user.h"

namespace sonde::symbols {

struct Symbols::State {
  explicit State(Options options) : user(options) {}
  KernelSymbols kernel;
  UserSymbols user;
};

Symbols::Symbols(Options options) : state_(std::make_unique<State>(options)) {}
Symbols::~Symbols() = default;

std::optional<Symbol> Symbols::kernel(uint64_t address) { return state_->kernel.find(address); }
std::optional<uint64_t> Symbols::kernel_address(std::string_view name) { return state_->kernel.address_of(name); }
UserPlace Symbols::user(uint32_t pid, uint64_t address) { return state_->user.find(pid, address); }
void Symbols::remember(uint32_t pid) { state_->user.remember(pid); }

std::string demangle(std::string_view name) {
  if (!name.starts_with("_Z")) return std::string(name);
  int status = 0;
  const std::string mangled(name);
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 && text ? text.get() : mangled;
}

}  // namespace sonde::symbols
