// Addresses to names: one object per run that owns all symbol caches. Nothing is read before the first question.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/symbols/source_lines.h"

namespace sonde::symbols {

// Where an address lies. Views stay valid until the next question to the Symbols object that gave them.
struct Symbol {
  std::string_view name;  // demangled if asked for
  uint64_t offset = 0;    // bytes from the start of the symbol
};

struct UserPlace {
  std::optional<Symbol> symbol;
  std::string_view object;    // path of the mapped file, empty if none
  std::string_view build_id;  // lower-case hex, empty if the file has none
  uint64_t file_offset = 0;   // of the address, meaningful with `object`
  // With Options::source_lines, where there is debug information: functions inlined there, innermost first, and last the
  // line in the function that `symbol` names.
  std::span<const SourceFrame> source;
};

struct Options {
  bool demangle = true;
  // false (config cache_user_symbols=NONE): the mappings of a process are read anew for every question.
  bool cache_processes = true;
  // (PER_PROGRAM) A process that ended before it was looked at is taken to be mapped like the others, as long as all of
  // them run one program: right without address space randomisation.
  bool by_program = false;
  // false (lazy_symbolication): the symbols of a process are read when it is remembered, not when the first is needed.
  bool lazy = true;
  bool source_lines = false;               // (show_debug_info)
  std::vector<std::string> debug_folders;  // searched first for separate debug files
  // How many processes are known at a time, one to two KiB each; those that came first are forgotten first.
  size_t most_processes = 32'768;
};

class Symbols {
 public:
  explicit Symbols(Options options = {});
  ~Symbols();
  Symbols(const Symbols&) = delete;
  Symbols& operator=(const Symbols&) = delete;

  // The kernel or module function that contains `address`.
  std::optional<Symbol> kernel(uint64_t address);

  // Where `address` lies in process `pid`. A process that has exited is known only if it was asked about, or
  // remembered, while it lived; else everything is empty.
  // `returns_to`: the address follows a call, and the line wanted is that of the call.
  UserPlace user(uint32_t pid, uint64_t address, bool returns_to = false);
  // Reads the mappings of a living process now, so that its addresses can be resolved after its end (tens of
  // microseconds). Keeps what is known if the process is gone.
  void remember(uint32_t pid);
  // From now on learns from the kernel what all processes map, so that also those can be resolved that live for a moment
  // only. Where the kernel does not permit it nothing changes. follow() takes what has happened; call it often.
  void watch();
  void follow();
  // How many questions about processes that have ended found nothing, after others had to be forgotten.
  uint64_t unnamed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sonde::symbols
