// The search for a separate debug file: by build id first, which needs no checksum, then by the name in .gnu_debuglink.
#include "elf/debug_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/fd.h"

namespace sonde::elf {
namespace {

struct DebugLink {
  std::string name;
  uint32_t checksum = 0;
};

// CRC-32 as in zlib, over the whole file; nothing if it cannot be read.
std::optional<uint32_t> checksum(const std::string& path) {
  static constexpr auto kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0xedb88320u : 0);
      table[i] = value;
    }
    return table;
  }();
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return std::nullopt;
  uint32_t crc = ~0u;
  std::array<unsigned char, 65536> chunk;
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return ~crc;
    for (ssize_t i = 0; i < got; ++i) crc = kTable[(crc ^ chunk[static_cast<size_t>(i)]) & 0xff] ^ (crc >> 8);
  }
}

std::optional<DebugLink> debug_link(const OpenElf& elf) {
  const Elf_Data* link = elf.section_data(".gnu_debuglink");
  if (!link || link->d_size < 8) return std::nullopt;
  const char* name = static_cast<const char*>(link->d_buf);
  const size_t length = ::strnlen(name, link->d_size);
  const size_t checksum_at = (length + 4) / 4 * 4;
  if (length == 0 || checksum_at + 4 > link->d_size) return std::nullopt;
  DebugLink found{std::string(name, length)};
  std::memcpy(&found.checksum, name + checksum_at, sizeof found.checksum);
  return found;
}

bool is_debug_file(const std::string& candidate, const std::string& path, const DebugLink& link, bool check) {
  if (candidate == path || ::access(candidate.c_str(), R_OK) != 0) return false;
  return !check || checksum(candidate) == link.checksum;
}

// Where debuginfod's client keeps what it has fetched (debuginfod_find_debuginfo(3)).
std::vector<std::string> debuginfod_caches() {
  std::vector<std::string> folders;
  if (const char* path = std::getenv("DEBUGINFOD_CACHE_PATH")) folders.emplace_back(path);
  if (const char* path = std::getenv("XDG_CACHE_HOME")) folders.push_back(std::string(path) + "/debuginfod_client");
  if (const char* home = std::getenv("HOME")) {
    folders.push_back(std::string(home) + "/.cache/debuginfod_client");
    folders.push_back(std::string(home) + "/.debuginfod_client_cache");
  }
  return folders;
}

}  // namespace

std::string build_id(const OpenElf& elf) {
  Elf_Data* notes = elf.section_data(".note.gnu.build-id");
  if (!notes) return {};
  GElf_Nhdr note;
  size_t name_at = 0, id_at = 0;
  if (::gelf_getnote(notes, 0, &note, &name_at, &id_at) == 0 || note.n_type != NT_GNU_BUILD_ID || note.n_descsz < 2)
    return {};
  const auto* bytes = static_cast<const unsigned char*>(notes->d_buf) + id_at;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  for (size_t i = 0; i < note.n_descsz; ++i) {
    id += kDigits[bytes[i] >> 4];
    id += kDigits[bytes[i] & 15];
  }
  return id;
}

std::string find_debug_file(const OpenElf& elf, const std::string& path, const std::vector<std::string>& folders) {
  const std::string id = build_id(elf);
  const auto link = debug_link(elf);
  std::error_code error;
  const std::string folder = std::filesystem::canonical(path, error).parent_path().string();
  const auto by_id = [&](const std::string& root) {
    if (id.empty()) return std::string();
    const std::string candidate = root + "/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug";
    return ::access(candidate.c_str(), R_OK) == 0 ? candidate : std::string();
  };
  for (const std::string& entry : folders) {
    const bool check = entry.starts_with('+');
    const std::string root = check ? entry.substr(1) : entry;
    if (root.empty()) continue;
    if (std::string found = by_id(root); !found.empty()) return found;
    if (!link) continue;
    for (const std::string& candidate : {root + "/" + link->name, root + folder + "/" + link->name})
      if (is_debug_file(candidate, path, *link, check)) return candidate;
  }
  if (std::string found = by_id("/usr/lib/debug"); !found.empty()) return found;
  if (link && !folder.empty())
    for (const std::string& candidate :
         {folder + "/" + link->name, folder + "/.debug/" + link->name, "/usr/lib/debug" + folder + "/" + link->name})
      if (is_debug_file(candidate, path, *link, true)) return candidate;
  if (id.empty()) return {};
  for (const std::string& cache : debuginfod_caches()) {
    const std::string candidate = cache + "/" + id + "/debuginfo";
    // A file without contents records that no server knew it.
    if (std::filesystem::file_size(candidate, error) > 0 && !error) return candidate;
  }
  return {};
}

}  // namespace sonde::elf
