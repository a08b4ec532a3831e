// User binaries: from the text of an attach point to files, from names to addresses.
#include "kernel/binary_view.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "base/fd.h"
#include "elf/open.h"
#include "kernel/elf_file.h"
#include "kernel/kernel_text.h"
#include "kernel/library_cache.h"
#include "kernel/process_files.h"

namespace sonde::kernel {

struct BinaryView::State {
  std::vector<std::string> debug_folders;
  std::map<std::string, Result<ElfFacts>, std::less<>> files;
  std::map<std::string, Result<UsdtNotes>, std::less<>> notes;
  std::map<std::string, std::string, std::less<>> debug_info;
  std::map<std::string, Result<std::unique_ptr<debuginfo::DwarfFile>>, std::less<>> dwarf;

  const Result<ElfFacts>& facts(const std::string& path) {
    auto known = files.find(path);
    if (known == files.end()) known = files.emplace(path, read_elf(path, debug_folders)).first;
    return known->second;
  }
};

namespace {

std::vector<std::string> search_folders(std::string_view rest) {
  std::vector<std::string> folders;
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

// The patterns that are traceable files, each file once: /bin and /usr/bin may be one folder.
std::vector<std::string> traceable_files(const std::vector<std::string>& patterns) {
  std::vector<std::string> found;
  std::set<std::tuple<dev_t, ino_t, std::string>> seen;
  for (const std::string& pattern : patterns) {
    for (const std::string& path : expand(pattern)) {
      const elf::ElfPath parts = elf::split_elf_path(path);
      struct stat info{};
      if (::stat(parts.file.c_str(), &info) == 0 && seen.insert({info.st_dev, info.st_ino, parts.member}).second &&
          is_traceable_binary(path))
        found.push_back(path);
    }
  }
  return found;
}

// Where a process sees its files, and what a name without folder means to it.
struct Surroundings {
  std::string root;  // prefix of absolute paths
  std::string path;  // $PATH
};

Surroundings surroundings(std::string_view provider, int pid) {
  const char* path = std::getenv("PATH");
  if (pid == 0) return {"", path ? path : ""};
  if (in_other_mounts(pid)) return {process_root(pid), process_variable(pid, "PATH")};
  // Static probes of a process go by its own view of the files in any case, so that their names say whose they are.
  return {provider == "usdt" ? process_root(pid) : "", path ? path : ""};
}

std::string absolute(const std::string& path) {
  std::error_code error;
  return path.starts_with('/') ? path : std::filesystem::absolute(path, error).string();
}

// The working directory first, then $PATH in its order.
std::vector<std::string> candidates(const std::string& target, const Surroundings& around) {
  std::vector<std::string> patterns;
  patterns.push_back(around.root.empty() ? target : around.root + absolute(target));
  if (target.find('/') == std::string::npos)
    for (const std::string& folder : search_folders(around.path))
      patterns.push_back(around.root + (around.root.empty() ? folder : absolute(folder)) + "/" + target);
  return traceable_files(patterns);
}

// "libc" or "libssl.so.3": what the process has mapped, else what the dynamic linker would take.
std::string short_library(const std::string& target, const Surroundings& around, int pid) {
  if (pid != 0) {
    const std::string wanted = target + (target.find(".so") == std::string::npos ? ".so" : "");
    for (const std::string& file : mapped_files(pid)) {
      const std::string name = file.substr(file.rfind('/') + 1);
      const bool right = name.starts_with(wanted) && (name.size() == wanted.size() || name[wanted.size()] == '.');
      // Below a chroot in another mount namespace the kernel shows paths that start outside of it.
      if (right && ::access((around.root + file).c_str(), R_OK) == 0) return around.root + file;
    }
  }
  const auto cache = read_text(around.root + "/etc/ld.so.cache");
  const std::string library = cache ? find_library(*cache, target) : std::string();
  return library.empty() ? library : around.root + library;
}

// `*`: everything that is mapped.
std::vector<std::string> mapped_targets(int pid) {
  std::vector<std::string> files = pid ? mapped_files(pid) : all_mapped_files();
  if (pid)
    for (std::string& file : files) file.insert(0, process_root(pid));
  std::erase_if(files, [](const std::string& file) { return !is_traceable_binary(file); });
  return files;
}

}  // namespace

BinaryView::BinaryView(std::vector<std::string> debug_folders) : state_(std::make_unique<State>()) {
  state_->debug_folders = std::move(debug_folders);
}
BinaryView::~BinaryView() = default;

Result<std::vector<std::string>> BinaryView::resolve_path(std::string_view text, std::string_view provider,
                                                          int pid) const {
  const std::string target(text);
  if (target == "*") return mapped_targets(pid);
  const Surroundings around = surroundings(provider, pid);
  const bool wildcard = target.find('*') != std::string::npos;
  const bool plain = target.find('/') == std::string::npos;
  if (target.starts_with("lib") && !wildcard && plain && provider != "usdt") {
    std::string library = short_library(target, around, pid);
    if (!library.empty()) return std::vector{std::move(library)};
  }
  std::vector<std::string> found = candidates(target, around);
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

Result<uint64_t> BinaryView::find_object(const std::string& path, std::string_view name) const {
  return find_elf_object(path, name, state_->debug_folders);
}

std::string BinaryView::file_of(const std::string& path) { return elf::split_elf_path(path).file; }

Result<uint64_t> BinaryView::file_offset(const std::string& path, uint64_t address) const {
  const auto elf = elf::OpenElf::open(path);
  if (!elf) return std::unexpected(elf.error());
  const auto offset = elf::file_offset(elf->segments(), address);
  if (!offset) return base::fail("no segment of " + path + " has the address");
  return *offset;
}

Result<const UsdtNotes*> BinaryView::usdt_notes(const std::string& path) const {
  auto known = state_->notes.find(path);
  if (known == state_->notes.end()) known = state_->notes.emplace(path, read_usdt_notes(path)).first;
  if (!known->second) return std::unexpected(known->second.error());
  return &*known->second;
}

const std::string& BinaryView::debug_info_file(const std::string& path) const {
  auto known = state_->debug_info.find(path);
  if (known == state_->debug_info.end()) {
    auto file = kernel::debug_info_file(path, state_->debug_folders);
    known = state_->debug_info.emplace(path, file ? std::move(*file) : std::string()).first;
  }
  return known->second;
}

Result<debuginfo::DwarfFile*> BinaryView::debug_info(const std::string& path, types::TypeContext& types) const {
  auto known = state_->dwarf.find(path);
  if (known == state_->dwarf.end()) {
    const std::string& file = debug_info_file(path);
    Result<std::unique_ptr<debuginfo::DwarfFile>> opened = base::fail("no debuginfo found for " + path);
    if (!file.empty()) opened = debuginfo::DwarfFile::open(file, types);
    known = state_->dwarf.emplace(path, std::move(opened)).first;
  }
  if (!known->second) return std::unexpected(known->second.error());
  return known->second->get();
}

Result<std::vector<uint8_t>> BinaryView::code(const std::string& path, uint64_t address, uint64_t size) const {
  const auto offset = file_offset(path, address);
  if (!offset) return std::unexpected(offset.error());
  const base::Fd file(::open(elf::split_elf_path(path).file.c_str(), O_RDONLY | O_CLOEXEC));
  std::vector<uint8_t> bytes(size);
  const ssize_t got = file.valid() ? ::pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(*offset)) : -1;
  if (got < 0) return base::fail_errno("read " + path);
  bytes.resize(static_cast<size_t>(got));
  return bytes;
}

bool BinaryView::is_go(const std::string& path) const {
  const auto elf = elf::OpenElf::open(path);
  return elf && elf->has_section(".go.buildinfo");
}

uint16_t BinaryView::machine(const std::string& path) const {
  const auto elf = elf::OpenElf::open(path);
  return elf ? elf->machine() : uint16_t{0};
}

}  // namespace sonde::kernel
