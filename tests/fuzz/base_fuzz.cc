// Any symbol may stand in a binary: its readable name is text of bounded size, or there is none.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/demangle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::string_view kCharacters = "_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ$.";
  constexpr size_t kLongest = 64 * 1024;
  std::string rust = "_R";
  for (size_t i = 0; i < size; ++i) rust += kCharacters[data[i] % kCharacters.size()];
  if (const auto name = sonde::base::demangle(rust)) SONDE_CHECK(name->text.size() <= kLongest + rust.size());
  // The library for C++ is not ours, but what is made of its answers is. Its time grows fast with the length.
  if (const auto name = sonde::base::demangle("_ZN" + rust.substr(2, 200))) name->without_parameters();
  return 0;
}
