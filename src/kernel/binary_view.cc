// User binaries: from the text of an attach point to files, from names to addresses.
#include "kernel/binary_view.h"

#include <glob.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "kernel/elf_file.h"
#include "kernel/kernel_text.h"
#include "kernel/library_cache.h"

namespace sonde::kernel {

struct BinaryView::State {
  std::map<std::string, Result<ElfFacts>, std::less<>> files;

  const Result<ElfFacts>& facts(const std::string& path) {
    auto known = files.find(path);
    if (known == files.end()) known = files.emplace(path, read_elf(path)).first;
    return known->second;
  }
};

namespace {

std::vector<std::string> search_folders() {
  std::vector<std::string> folders;
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "";
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    if (colon != 0) folders.emplace_back(rest.substr(0, colon));
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return folders;
}

std::vector<std::string> expand(const std::string& pattern) {
  if (pattern.find('*') == std::string::npos) return {pattern};
  std::vector<std::string> paths;
  glob_t matches{};
  if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &matches) == 0)
    paths.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  ::globfree(&matches);
  return paths;
}

// The working directory first, then $PATH in its order; the same file under two folders (/bin, /usr/bin) counts once.
std::vector<std::string> candidates(const std::string& target) {
  std::vector<std::string> patterns = {target};
  if (target.find('/') == std::string::npos)
    for (const std::string& folder : search_folders()) patterns.push_back(folder + "/" + target);
  std::vector<std::string> found;
  std::set<std::string> seen;
  for (const std::string& pattern : patterns) {
    for (const std::string& path : expand(pattern)) {
      std::error_code error;
      const std::string real = std::filesystem::canonical(path, error).string();
      if (!error && seen.insert(real).second && is_traceable_binary(path)) found.push_back(path);
    }
  }
  return found;
}

}  // namespace

BinaryView::BinaryView() : state_(std::make_unique<State>()) {}
BinaryView::~BinaryView() = default;

Result<std::vector<std::string>> BinaryView::resolve_path(std::string_view text, std::string_view provider) const {
  const std::string target(text);
  const bool wildcard = target.find('*') != std::string::npos;
  const bool plain = target.find('/') == std::string::npos;
  if (target.starts_with("lib") && !wildcard && plain && provider != "usdt") {
    const auto cache = read_text("/etc/ld.so.cache");
    std::string library = cache ? find_library(*cache, target) : std::string();
    if (!library.empty()) return std::vector{std::move(library)};
  }
  std::vector<std::string> found = candidates(target);
  if (found.empty())
    return base::fail(std::string(provider) + " target file '" + target + "' does not exist or is not executable");
  if (wildcard) std::sort(found.begin(), found.end());
  return found;
}

Result<const std::vector<BinarySymbol>*> BinaryView::functions(const std::string& path) const {
  const auto& facts = state_->facts(path);
  if (!facts) return std::unexpected(facts.error());
  return &facts->functions;
}

Result<BinarySymbol> BinaryView::find_function(const std::string& path, std::string_view name) const {
  if (!state_->files.contains(path)) {
    // Most scripts name one function of a file: no need to read all of them.
    auto quick = find_elf_function(path, name);
    if (!quick) return std::unexpected(quick.error());
    if (*quick) return **quick;
  }
  const auto& facts = state_->facts(path);
  if (!facts) return std::unexpected(facts.error());
  const auto& all = facts->functions;
  const auto hit =
      std::lower_bound(all.begin(), all.end(), name,
                       [](const BinarySymbol& symbol, std::string_view wanted) { return symbol.name < wanted; });
  if (hit == all.end() || hit->name != name) return base::fail("no function " + std::string(name) + " in " + path);
  return *hit;
}

Result<BinarySymbol> BinaryView::find_address(const std::string& path, uint64_t address) const {
  const auto& facts = state_->facts(path);
  if (!facts) return std::unexpected(facts.error());
  const auto& order = facts->by_address;
  const auto symbol_at = [&](uint32_t index) -> const BinarySymbol& { return facts->functions[index]; };
  auto after = std::upper_bound(order.begin(), order.end(), address,
                                [&](uint64_t wanted, uint32_t index) { return wanted < symbol_at(index).address; });
  // Aliases share an address and may differ in size; no function is longer than this.
  constexpr uint64_t kLongest = 1u << 24;
  while (after != order.begin()) {
    const BinarySymbol& symbol = symbol_at(*--after);
    if (address == symbol.address || address - symbol.address < symbol.size) return symbol;
    if (address - symbol.address > kLongest) break;
  }
  return base::fail("no function covers the address in " + path);
}

}  // namespace sonde::kernel
