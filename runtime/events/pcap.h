// Packet files that tcpdump and wireshark read (classic pcap 2.4, microseconds, link type raw IP).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace sonde::events {

// Kept open for the run. A file is created, or emptied, on its first packet.
class PcapFiles {
 public:
  // Appends one packet with its wall-clock time in nanoseconds. Fails with what could not be opened or written; later
  // packets for a file that could not be opened are dropped without another message.
  Result<> append(const std::string& path, uint64_t time, std::span<const std::byte> packet);
  // Creates the file with its header, so that it exists even if no packet comes.
  Result<> create(const std::string& path);

 private:
  std::map<std::string, base::Fd> files_;
};

}  // namespace sonde::events
