// The directory of a ZIP archive stands at its end and is found from there.
#include "elf/zip_member.h"

#include <cstring>
#include <string>

namespace sonde::elf {
namespace {

constexpr uint32_t kEndOfDirectory = 0x06054b50;
constexpr uint32_t kDirectoryEntry = 0x02014b50;
constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr size_t kEndBytes = 22, kEntryBytes = 46, kLocalBytes = 30;
constexpr size_t kLongestComment = 65535;
constexpr uint16_t kStored = 0;

template <typename Number>
Number number_at(std::string_view bytes, size_t at) {
  Number value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

bool has(std::string_view bytes, size_t at, size_t count) { return at <= bytes.size() && bytes.size() - at >= count; }

}  // namespace

Result<ZipMember> find_zip_member(std::string_view archive, std::string_view name) {
  const Error not_archive{"not a ZIP archive"};
  if (archive.size() < kEndBytes) return std::unexpected(not_archive);
  size_t end = archive.size() - kEndBytes;
  const size_t first = end > kLongestComment ? end - kLongestComment : 0;
  while (number_at<uint32_t>(archive, end) != kEndOfDirectory)
    if (end-- == first) return std::unexpected(not_archive);
  const uint16_t count = number_at<uint16_t>(archive, end + 10);
  size_t at = number_at<uint32_t>(archive, end + 16);
  for (uint16_t i = 0; i < count; ++i) {
    if (!has(archive, at, kEntryBytes) || number_at<uint32_t>(archive, at) != kDirectoryEntry) break;
    const size_t name_length = number_at<uint16_t>(archive, at + 28);
    const size_t rest = size_t{number_at<uint16_t>(archive, at + 30)} + number_at<uint16_t>(archive, at + 32);
    if (!has(archive, at + kEntryBytes, name_length)) break;
    if (archive.substr(at + kEntryBytes, name_length) != name) {
      at += kEntryBytes + name_length + rest;
      continue;
    }
    ZipMember member;
    member.stored = number_at<uint16_t>(archive, at + 10) == kStored;
    member.size = number_at<uint32_t>(archive, at + 20);
    const size_t local = number_at<uint32_t>(archive, at + 42);
    if (!has(archive, local, kLocalBytes) || number_at<uint32_t>(archive, local) != kLocalHeader) break;
    // The local header has its own, often longer, extra field: that is how members are aligned.
    member.offset = local + kLocalBytes + number_at<uint16_t>(archive, local + 26) +
                    size_t{number_at<uint16_t>(archive, local + 28)};
    if (!has(archive, member.offset, member.size)) break;
    return member;
  }
  return base::fail("no member " + std::string(name));
}

}  // namespace sonde::elf
