// Strings of JSON, for every format that is made of it.
#pragma once

#include <string>
#include <string_view>

namespace sonde::print {

// Appends `text` quoted and escaped (output.md 11.2): valid UTF-8 passes, any other byte becomes an escape.
void append_json_string(std::string& out, std::string_view text);

}  // namespace sonde::print
