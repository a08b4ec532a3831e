// libbpf's perf buffer.
#include "runtime/events/packets.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <bit>
#include <cerrno>

namespace sonde::events {
namespace {

constexpr uint64_t kUsualPages = 64;
constexpr uint64_t kMostPages = 65536;

void on_sample(void* context, int, void* data, uint32_t size) {
  (*static_cast<Packets::Handle*>(context))({static_cast<const std::byte*>(data), size});
}

// Lost packets are not reported: that is what skboutput() promises.
void on_lost(void*, int, unsigned long long) {}

}  // namespace

void Packets::Free::operator()(perf_buffer* buffer) const { perf_buffer__free(buffer); }

Result<Packets> Packets::open(int map, uint64_t pages, Handle handle) {
  Packets packets;
  packets.handle_ = std::make_unique<Handle>(std::move(handle));
  const uint64_t wanted = std::bit_ceil(std::min(pages == 0 ? kUsualPages : pages, kMostPages));
  packets.buffer_.reset(perf_buffer__new(map, wanted, on_sample, on_lost, packets.handle_.get(), nullptr));
  if (!packets.buffer_) return base::fail_errno("open the perf buffer for packets");
  return packets;
}

void Packets::consume() { perf_buffer__consume(buffer_.get()); }

int Packets::fd() const { return perf_buffer__epoll_fd(buffer_.get()); }

}  // namespace sonde::events
