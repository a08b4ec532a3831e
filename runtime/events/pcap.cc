// Headers in this machine's byte order; the magic number tells readers which.
#include "runtime/events/pcap.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace sonde::events {
namespace {

struct FileHeader {
  uint32_t magic = 0xa1b2c3d4;
  uint16_t major = 2, minor = 4;
  int32_t zone = 0;
  uint32_t accuracy = 0;
  uint32_t longest = 65535;
  uint32_t link = 101;  // LINKTYPE_RAW: packets begin with their IP header
};
static_assert(sizeof(FileHeader) == 24);

struct PacketHeader {
  uint32_t seconds, microseconds;
  uint32_t captured, original;
};

Result<> write_all(int fd, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::fail_errno("failed to write file '" + path + "'");
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace

Result<> PcapFiles::create(const std::string& path) {
  if (files_.contains(path)) return {};
  base::Fd& file = files_.emplace(path, base::Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)))
                       .first->second;
  if (!file.valid()) return base::fail_errno("failed to open file '" + path + "'");
  const FileHeader header;
  return write_all(file.get(), std::as_bytes(std::span(&header, 1)), path);
}

Result<> PcapFiles::append(const std::string& path, uint64_t time, std::span<const std::byte> packet) {
  SONDE_TRY(create(path));
  const base::Fd& file = files_.at(path);
  if (!file.valid()) return {};
  const auto size = static_cast<uint32_t>(packet.size());
  const PacketHeader header{static_cast<uint32_t>(time / 1'000'000'000),
                            static_cast<uint32_t>(time % 1'000'000'000 / 1000), size, size};
  // In one piece, so that whoever follows the file sees whole packets.
  std::vector<std::byte> bytes(sizeof header + packet.size());
  std::memcpy(bytes.data(), &header, sizeof header);
  if (!packet.empty()) std::memcpy(bytes.data() + sizeof header, packet.data(), packet.size());
  return write_all(file.get(), bytes, path);
}

}  // namespace sonde::events
