// Reads a verifier log: which place of the script it speaks of, what it objects to, and what may help.
#pragma once

#include <string>
#include <string_view>

#include "image/image.h"

namespace sonde::runtime {

struct Rejection {
  image::SpanId span;      // invalid: the log names no place
  std::string words;       // the verifier's last words, without its statistics, or what they mean
  bool is_verdict = true;  // the words are the verifier's own
  std::string hint;        // what to try; empty for words we know nothing about
};

// `log` may be empty or cut off. The compiler's line info makes source comments of the form `; #<SpanId> <text>`; the
// last one names the place.
Rejection explain_rejection(const image::Image& image, std::string_view log);

}  // namespace sonde::runtime
