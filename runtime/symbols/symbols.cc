// The front of both symbol tables, and C++ names.
#include "runtime/symbols/symbols.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
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

namespace {

// Rust's older mangling is C++'s with a hash at the end and with escapes for what C++ names cannot hold.
std::string without_rust_escapes(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kEscapes[] = {
      {"$LT$", "<"},  {"$GT$", ">"},  {"$RF$", "&"},   {"$BP$", "*"},  {"$LP$", "("},  {"$RP$", ")"},  {"$C$", ","},
      {"$SP$", "@"},  {"$u20$", " "}, {"$u22$", "\""}, {"$u27$", "'"}, {"$u2b$", "+"}, {"$u3b$", ";"}, {"$u5b$", "["},
      {"$u5d$", "]"}, {"$u7b$", "{"}, {"$u7d$", "}"},  {"$u7e$", "~"}, {"..", "::"},
  };
  std::string out;
  while (!name.empty()) {
    // An escape cannot begin an identifier, so an underscore stands in front of it there.
    if (name.starts_with("_$") && (out.empty() || out.ends_with(':'))) name.remove_prefix(1);
    const auto escape = std::ranges::find_if(kEscapes, [&](const auto& e) { return name.starts_with(e.first); });
    if (escape == std::end(kEscapes)) {
      out += name.front();
      name.remove_prefix(1);
    } else {
      out += escape->second;
      name.remove_prefix(escape->first.size());
    }
  }
  return out;
}

// Length of "::h0123456789abcdef" at the end of a Rust function's name; 0: it is none.
size_t rust_hash(std::string_view name) {
  constexpr size_t kLength = 19;
  if (name.size() <= kLength) return 0;
  const std::string_view end = name.substr(name.size() - kLength);
  return end.starts_with("::h") && end.find_first_not_of("0123456789abcdef", 3) == end.npos ? kLength : 0;
}

}  // namespace

std::string demangle(std::string_view name) {
  if (!name.starts_with("_Z")) return std::string(name);
  int status = 0;
  std::string mangled(name);
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free);
  if (status != 0 || !text) return mangled;
  const std::string_view plain(text.get());
  const size_t hash = rust_hash(plain);
  return hash == 0 ? std::string(plain) : without_rust_escapes(plain.substr(0, plain.size() - hash));
}

}  // namespace sonde::symbols
