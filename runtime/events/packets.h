// Records that come through perf buffers instead of the ring: packets of skboutput().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/result.h"

struct perf_buffer;

namespace sonde::events {

class Packets {
 public:
  using Handle = std::function<void(std::span<const std::byte>)>;

  // `map`: a perf event array. `pages` per CPU, rounded up to a power of two; 0: the usual 64.
  static Result<Packets> open(int map, uint64_t pages, Handle handle);

  // Hands over all records that are there.
  void consume();
  // For epoll: readable while there are records.
  int fd() const;

 private:
  struct Free {
    void operator()(perf_buffer* buffer) const;
  };
  Packets() = default;

  std::unique_ptr<Handle> handle_;  // at a fixed address: libbpf keeps it
  std::unique_ptr<perf_buffer, Free> buffer_;
};

}  // namespace sonde::events
