// Reads recorded values and records for the print goldens, so that printers are tested without a kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/value/value.h"

namespace sonde::golden {

// Reads one line's words and values. A defect of the recording ends the process with a message that names the place.
//
// Values: null true false | 5 -5 5u | 0x1f (pointer) | "text" | buf"bytes" | sym"resolved" | enum NAME 4 (`-`: no name) |
//         [a, b] (array) | (a, b) (tuple) | {x = a, y = b} (record) | stack[ADDRESS "line", ...] |
//         stats(COUNT AVERAGE TOTAL) | hist["HEADER" MIN MAX COUNT, ...], lhist[...] with `_` for an open bound.
// Texts know the escapes \n \t \" \\ and \xNN.
class Reader {
 public:
  explicit Reader(std::string_view line) : line_(line), rest_(line) {}

  bool at_end();
  // The next run of letters, digits, `_`, `@` and `-`; empty if there is none.
  std::string_view word();
  bool accept(std::string_view token);
  void expect(std::string_view token);
  std::string text();
  uint64_t number();
  value::Integer integer();
  value::Value value();

 private:
  [[noreturn]] void fail(std::string_view what) const;
  void skip_space();
  std::vector<value::Value> list(std::string_view close);
  value::Value stack();
  value::Value histogram(bool linear);
  value::Value series();
  std::optional<value::Integer> bound();

  std::string_view line_;
  std::string_view rest_;
};

}  // namespace sonde::golden
