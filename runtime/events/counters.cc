// One batched read per poll for all error sites and one for all programs; per-CPU arrays have batches since Linux 5.13.
#include "runtime/events/counters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstring>

#include "runtime/print/messages.h"

namespace sonde::events {
namespace {

template <typename Cell>
Cell cell_at(const std::vector<std::byte>& cells, size_t entry, uint32_t cpus, uint32_t cpu) {
  Cell cell;
  std::memcpy(&cell, cells.data() + (entry * cpus + cpu) * sizeof(Cell), sizeof(Cell));
  return cell;
}

}  // namespace

Counters::Counters(const image::Image& image, int errors, int losses, CounterOptions options)
    : image_(image),
      error_map_(errors),
      loss_map_(losses),
      options_(options),
      cpus_(static_cast<uint32_t>(std::max(1, libbpf_num_possible_cpus()))),
      errors_(image.error_sites.size(), 0),
      losses_(image.programs.size(), image::LossCell{}) {}

std::vector<std::byte> Counters::read(int map, uint32_t entries, uint32_t cell_size) {
  if (map < 0 || entries == 0) return {};
  const size_t size = size_t{cpus_} * cell_size;
  std::vector<std::byte> cells(entries * size);
  std::vector<uint32_t> keys(entries);
  uint32_t cursor = 0;
  uint32_t count = entries;
  if (bpf_map_lookup_batch(map, nullptr, &cursor, keys.data(), cells.data(), &count, nullptr) == 0 || errno == ENOENT)
    if (count == entries) return cells;
  for (uint32_t entry = 0; entry < entries; ++entry)
    if (bpf_map_lookup_elem(map, &entry, cells.data() + entry * size) != 0) return {};
  return cells;
}

void Counters::poll(print::Printer& printer) {
  poll_errors(printer);
  poll_losses(printer);
}

void Counters::poll_errors(print::Printer& printer) {
  const auto cells = read(error_map_, static_cast<uint32_t>(errors_.size()), sizeof(image::ErrorCell));
  if (cells.empty()) return;
  for (size_t site = 0; site < errors_.size(); ++site) {
    uint64_t total = 0;
    int64_t code = 0;
    for (uint32_t cpu = 0; cpu < cpus_; ++cpu) {
      const auto cell = cell_at<image::ErrorCell>(cells, site, cpus_, cpu);
      total += cell.count;
      // Map helpers return an int before Linux 6.4, whose upper half is then lost: -7 arrives as 4294967289.
      if (cell.count != 0) code = static_cast<int32_t>(cell.code);
    }
    const uint64_t news = total - std::min(total, errors_[site]);
    errors_[site] = std::max(errors_[site], total);
    const image::ErrorSite& desc = image_.error_sites[site];
    if (news == 0 || options_.no_warnings || (desc.optional && !options_.show_optional)) continue;
    printer.message(print::describe(image_, desc, {.count = news, .code = code}));
  }
}

void Counters::poll_losses(print::Printer& printer) {
  const auto cells = read(loss_map_, static_cast<uint32_t>(losses_.size()), sizeof(image::LossCell));
  if (cells.empty()) return;
  const uint64_t before = lost_events();
  for (size_t program = 0; program < losses_.size(); ++program) {
    image::LossCell total{};
    for (uint32_t cpu = 0; cpu < cpus_; ++cpu) {
      const auto cell = cell_at<image::LossCell>(cells, program, cpus_, cpu);
      total.events += cell.events;
      total.busy += cell.busy;
    }
    losses_[program] = total;
  }
  const uint64_t news = lost_events() - before;
  if (news != 0) printer.lost(news);
}

uint64_t Counters::lost_events() const {
  uint64_t sum = 0;
  for (const image::LossCell& cell : losses_) sum += cell.events;
  return sum;
}

}  // namespace sonde::events
