// From addresses to source lines and the functions inlined there, by the debug information of one file (DWARF, through
// libdw). Reads what an address needs, and keeps that.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"

namespace sonde::symbols {

struct SourceFrame {
  std::string function;  // of an inlined call, demangled; empty: the function that the symbol table names
  std::string file;      // as the compiler recorded it; empty: unknown
  uint32_t line = 0;     // 0: unknown
};

class SourceLines {
 public:
  // `file`: what holds the DWARF sections. Null if there are none.
  static std::unique_ptr<SourceLines> open(base::Fd file);
  ~SourceLines();
  SourceLines(const SourceLines&) = delete;
  SourceLines& operator=(const SourceLines&) = delete;

  // What runs at a virtual address of the file: inlined functions, innermost first, then the one they were inlined into.
  // Empty: the debug information does not cover the address. The reference holds as long as the object.
  const std::vector<SourceFrame>& at(uint64_t address);

 private:
  struct State;
  explicit SourceLines(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sonde::symbols
