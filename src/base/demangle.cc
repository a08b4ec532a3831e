// C++ by the compiler's own library. Rust's older mangling is C++'s with a hash at the end and with escapes for what C++
// names cannot hold.
#include "base/demangle.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

namespace sonde::base {
namespace {

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

std::string_view ReadableName::without_parameters() const {
  const std::string_view all = text;
  if (!has_parameters) return all;
  // The last pair of parentheses: others belong to template arguments, enclosing functions and `operator()`.
  const size_t end = all.rfind(')');
  int open = 0;
  for (size_t at = end == all.npos ? 0 : end + 1; at-- > 0;) {
    open += all[at] == ')' ? 1 : all[at] == '(' ? -1 : 0;
    if (open == 0) return all.substr(0, at);
  }
  return all;
}

std::optional<ReadableName> demangle(std::string_view symbol) {
  if (symbol.starts_with("_R")) {
    auto name = demangle_rust(symbol);
    if (name) return ReadableName{std::move(*name)};
    return std::nullopt;
  }
  if (!symbol.starts_with("_Z")) return std::nullopt;
  // What the linker's optimizer appends to tell copies apart.
  const std::string mangled(symbol.substr(0, symbol.find(".llvm.")));
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free);
  if (status != 0 || !text) return std::nullopt;
  const std::string_view plain(text.get());
  const size_t hash = rust_hash(plain);
  if (hash == 0) return ReadableName{std::string(plain), true};
  return ReadableName{without_rust_escapes(plain.substr(0, plain.size() - hash))};
}

}  // namespace sonde::base
