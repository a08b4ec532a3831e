// Mapping of a ring buffer: the consumer's page is ours to write, the producer's page and the data (mapped twice in a
// row by the kernel, so that no record wraps) are not.
#include "runtime/events/ring.h"

#include <sys/mman.h>
#include <unistd.h>

namespace sonde::events {

Result<Ring> Ring::open(int map, uint32_t size) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  auto consumer = runtime::Mapping::map(map, page, PROT_READ | PROT_WRITE, 0);
  if (!consumer) return std::unexpected(consumer.error());
  auto producer = runtime::Mapping::map(map, page + 2 * size_t{size}, PROT_READ, static_cast<off_t>(page));
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
