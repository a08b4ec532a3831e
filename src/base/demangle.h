// Readable names of functions that C++ and Rust compilers have mangled.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sonde::base {

struct ReadableName {
  std::string text;
  // C++ tells overloads apart by their parameters: "App::run(int) const". Rust writes none.
  bool has_parameters = false;

  // The text without its parameter list and what follows it.
  std::string_view without_parameters() const;
};

// Empty: `symbol` is not mangled, or not correctly. C++: Itanium ABI. Rust: both of its manglings, without the hashes that
// tell crates and instances apart.
std::optional<ReadableName> demangle(std::string_view symbol);

// Rust's mangling since 2019 (RFC 2603), "_R...": empty if `symbol` is none. At most some tens of kilobytes, whatever the
// symbol says.
std::optional<std::string> demangle_rust(std::string_view symbol);

}  // namespace sonde::base
