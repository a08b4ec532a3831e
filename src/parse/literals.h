// Values of the literals of a script: what the scanner took as one lexeme is judged here.
#pragma once

#include <string>

#include "diag/diagnostic.h"
#include "source/location.h"

namespace sonde::parse {

// Value of an integer lexeme at `range`; 0 after a report.
uint64_t integer_value(std::string_view lexeme, source::Range range, diag::Diagnostics& diagnostics);

// The bytes of a string lexeme, quotes included, with its escapes decoded. Bad escapes are reported at their own range.
std::string string_value(std::string_view lexeme, source::Range range, diag::Diagnostics& diagnostics);

}  // namespace sonde::parse
