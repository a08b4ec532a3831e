// Reads /proc/PID and the text forms in it.
#include "runtime/symbols/process_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/fd.h"

namespace sonde::symbols {
namespace {

using base::Fd;

constexpr uint64_t kMaxVdsoSize = 1 << 20;

// Reads a hexadecimal (or decimal) number and skips it and the character behind it.
bool take_number(std::string_view& text, uint64_t& value, int base = 16) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc()) return false;
  text.remove_prefix(std::min(text.size(), static_cast<size_t>(end - text.data()) + 1));
  return true;
}

template <typename Visit>
void each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
}

std::string hex(uint64_t value) {
  char text[16];
  return {text, std::to_chars(text, text + sizeof text, value, 16).ptr};
}

}  // namespace

std::string proc_path(uint32_t pid, std::string_view name) {
  return "/proc/" + std::to_string(pid).append("/").append(name);
}

std::optional<std::string> read_text(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return std::nullopt;
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(buffer, static_cast<size_t>(got));
  }
}

// "7f0000000000-7f0000001000 r-xp 00001000 fe:00 1234   /usr/lib/x.so"
std::vector<Mapping> parse_mappings(std::string_view text) {
  std::vector<Mapping> mappings;
  each_line(text, [&](std::string_view line) {
    Mapping mapping;
    uint64_t major = 0, minor = 0;
    if (!take_number(line, mapping.start) || !take_number(line, mapping.end) || line.size() < 5) return;
    const bool executable = line[2] == 'x';
    line.remove_prefix(5);
    if (!executable || !take_number(line, mapping.file_offset) || !take_number(line, major) ||
        !take_number(line, minor) || !take_number(line, mapping.inode, 10)) {
      return;
    }
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    mapping.path = line;
    mappings.push_back(std::move(mapping));
  });
  std::ranges::sort(mappings, {}, &Mapping::start);
  return mappings;
}

// "START SIZE name", hexadecimal.
std::vector<JitFunction> parse_jit_map(std::string_view text) {
  std::vector<JitFunction> functions;
  each_line(text, [&](std::string_view line) {
    JitFunction function;
    if (!take_number(line, function.start) || !take_number(line, function.size) || line.empty()) return;
    function.name = line;
    functions.push_back(std::move(function));
  });
  std::ranges::stable_sort(functions, {}, &JitFunction::start);
  return functions;
}

std::array<std::string, 2> mapped_file_paths(uint32_t pid, const Mapping& mapping) {
  return {proc_path(pid, "root").append(mapping.path),
          proc_path(pid, "map_files/").append(hex(mapping.start)).append("-").append(hex(mapping.end))};
}

std::vector<char> read_vdso(uint32_t pid, const Mapping& mapping) {
  std::vector<char> bytes;
  const Fd memory(::open(proc_path(pid, "mem").c_str(), O_RDONLY | O_CLOEXEC));
  // A process of 32 bits has another one.
  if (!memory.valid() || mapping.start < UINT32_MAX || mapping.end - mapping.start > kMaxVdsoSize) return bytes;
  bytes.resize(mapping.end - mapping.start);
  const ssize_t got = ::pread(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(mapping.start));
  if (got != static_cast<ssize_t>(bytes.size())) bytes.clear();
  return bytes;
}

}  // namespace sonde::symbols
