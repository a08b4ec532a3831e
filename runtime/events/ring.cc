// Mapping of a ring buffer: the consumer's page is ours to write, the producer's page and the data are not. The kernel has the
// data twice in a row, so that no record wraps. Every page that is mapped counts as our memory at once, so of the second
// copy only what the longest record can reach into is mapped.
#include "runtime/events/ring.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace sonde::events {

Result<Ring> Ring::open(int map, uint32_t size, uint32_t longest) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  auto consumer = runtime::Mapping::map(map, page, PROT_READ | PROT_WRITE, 0);
  if (!consumer) return std::unexpected(consumer.error());
  const size_t behind = std::min<size_t>((size_t{longest} + kHeaderSize + page - 1) / page * page, size);
  auto producer = runtime::Mapping::map(map, page + size + behind, PROT_READ, static_cast<off_t>(page));
  if (!producer) return std::unexpected(producer.error());
  Ring ring;
  ring.map_ = map;
  ring.mask_ = size - 1;
  ring.consumer_page_ = std::move(*consumer);
  ring.producer_pages_ = std::move(*producer);
  ring.consumer_ = static_cast<std::atomic<uint64_t>*>(ring.consumer_page_.data());
  ring.producer_ = static_cast<const std::atomic<uint64_t>*>(ring.producer_pages_.data());
  ring.data_ = static_cast<const std::byte*>(ring.producer_pages_.data()) + page;
  return ring;
}

}  // namespace sonde::events
