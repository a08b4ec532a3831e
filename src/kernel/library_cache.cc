// /etc/ld.so.cache in the format of glibc 2.2 and later; older caches carry it behind their own.
#include "kernel/library_cache.h"

#include <cstdint>
#include <cstring>

namespace sonde::kernel {
namespace {

constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";

struct CacheHeader {
  char magic[20];
  uint32_t count;
  uint32_t string_bytes;
  uint8_t flags;
  uint8_t padding[3];
  uint32_t extension_offset;
  uint32_t unused[3];
};
static_assert(sizeof(CacheHeader) == 48);

struct CacheEntry {
  int32_t flags;
  uint32_t name, path;  // offsets from the magic
  uint32_t os_version;
  uint64_t hardware;
};
static_assert(sizeof(CacheEntry) == 24);

// The second byte of the flags names the ABI; -1: unknown here, so all are taken.
#if defined(__x86_64__)
constexpr int32_t kAbi = 0x03;
#elif defined(__aarch64__)
constexpr int32_t kAbi = 0x0a;
#else
constexpr int32_t kAbi = -1;
#endif

std::string_view text_at(std::string_view cache, uint32_t offset) {
  if (offset >= cache.size()) return {};
  const size_t end = cache.find('\0', offset);
  return end == std::string_view::npos ? std::string_view() : cache.substr(offset, end - offset);
}

}  // namespace

std::string find_library(std::string_view cache, std::string_view name) {
  const size_t begin = cache.find(kMagic);
  if (begin == std::string_view::npos) return {};
  cache.remove_prefix(begin);
  CacheHeader header{};
  if (cache.size() < sizeof header) return {};
  std::memcpy(&header, cache.data(), sizeof header);
  const std::string wanted = std::string(name) + (name.find(".so") == std::string_view::npos ? ".so" : "");
  for (uint32_t i = 0; i < header.count; ++i) {
    const size_t at = sizeof header + size_t{i} * sizeof(CacheEntry);
    if (at + sizeof(CacheEntry) > cache.size()) break;
    CacheEntry entry{};
    std::memcpy(&entry, cache.data() + at, sizeof entry);
    if (kAbi >= 0 && (entry.flags >> 8 & 0xff) != kAbi) continue;
    const std::string_view library = text_at(cache, entry.name);
    if (!library.starts_with(wanted)) continue;
    // "libc.so" must not find "libc.something".
    if (library.size() > wanted.size() && library[wanted.size()] != '.') continue;
    return std::string(text_at(cache, entry.path));
  }
  return {};
}

}  // namespace sonde::kernel
