// Consumer of the BPF ring buffer. Records are handled in place and one at a time, so that the loop above can stop
// between any two of them (exit(), signals), which libbpf's consumer does not allow while producers keep up.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/fd.h"
#include "base/result.h"
#include "runtime/mapping.h"

namespace sonde::events {

class Ring {
 public:
  // `map`: a ring buffer map of `size` bytes (a power of two); not owned, must outlive the ring. `longest`: bytes of the
  // longest record that programs write.
  static Result<Ring> open(int map, uint32_t size, uint32_t longest);

  // Hands records to `handle` in order until none is left, `limit` are done, or it returns false (that record counts as
  // done). Gives the number of records handled.
  template <typename Handle>
  uint64_t consume(uint64_t limit, Handle handle) {
    uint64_t done = 0;
    uint64_t position = consumer_->load(std::memory_order_relaxed);
    while (done < limit) {
      const uint64_t end = producer_->load(std::memory_order_acquire);
      if (position >= end) break;
      const std::byte* record = data_ + (position & mask_);
      const uint32_t header =
          std::atomic_ref(*reinterpret_cast<uint32_t*>(const_cast<std::byte*>(record))).load(std::memory_order_acquire);
      if (header & kBusy) break;  // reserved, its program still runs; a wake-up follows
      const uint32_t length = header & kLengthMask;
      bool go_on = true;
      if (!(header & kDiscarded)) {
        ++done;
        go_on = handle(std::span(record + kHeaderSize, length));
      }
      position += (uint64_t{length} + kHeaderSize + 7) / 8 * 8;
      // Sequentially consistent: the kernel wakes us only if it sees that we had caught up, so this store must not sink
      // below the next look at its position.
      consumer_->store(position, std::memory_order_seq_cst);
      if (!go_on) break;
    }
    return done;
  }

  bool empty() const { return consumer_->load() >= producer_->load(); }
  // For epoll: readable while there are records.
  int fd() const { return map_; }

 private:
  Ring() = default;

  static constexpr uint32_t kBusy = 1u << 31;       // BPF_RINGBUF_BUSY_BIT
  static constexpr uint32_t kDiscarded = 1u << 30;  // BPF_RINGBUF_DISCARD_BIT
  static constexpr uint32_t kLengthMask = kDiscarded - 1;
  static constexpr uint32_t kHeaderSize = 8;  // BPF_RINGBUF_HDR_SZ

  int map_ = -1;
  uint64_t mask_ = 0;
  runtime::Mapping consumer_page_;
  runtime::Mapping producer_pages_;
  std::atomic<uint64_t>* consumer_ = nullptr;
  const std::atomic<uint64_t>* producer_ = nullptr;
  const std::byte* data_ = nullptr;
};

}  // namespace sonde::events
