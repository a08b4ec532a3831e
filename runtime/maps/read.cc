// Iterating over kernel maps, and the two changes user space makes to them.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "runtime/maps/merge.h"
#include "runtime/maps/table.h"

namespace sonde::maps {
namespace {

// Entries per system call: the first ones are few, so that small maps cost little memory; then it doubles.
constexpr uint32_t kFirstBatch = 256;
constexpr uint32_t kMostBatch = 16384;
constexpr std::chrono::seconds kProgressPeriod(1);
// The batch cursor of hash maps is a u32 even where keys are shorter.
constexpr size_t kLeastCursor = 8;

class TableReader {
 public:
  TableReader(int map, const image::MapDesc& desc, std::function<void(uint64_t)> progress)
      : map_(map), desc_(desc), progress_(std::move(progress)) {
    table_.key_size = std::max<uint32_t>(desc.key_size, 1);
    const bool percpu = is_percpu(desc.kind);
    // The kernel rounds per-CPU cells up to eight bytes, others not.
    table_.cell_stride = percpu ? (desc.value_size + 7) / 8 * 8 : desc.value_size;
    table_.cell_count = percpu ? static_cast<uint32_t>(std::max(1, libbpf_num_possible_cpus())) : 1;
  }

  Result<Table> run() {
    if ((desc_.scalar && !desc_.block_offset) || desc_.max_entries == 1) {
      SONDE_TRY(by_key());
      return std::move(table_);
    }
    const Result<bool> batched = by_batch();
    if (!batched) return std::unexpected(batched.error());
    if (!*batched) SONDE_TRY(by_key());
    return std::move(table_);
  }

 private:
  size_t cells_size() const { return size_t{table_.cell_stride} * table_.cell_count; }

  // False: this kernel has no batches for this kind of map.
  Result<bool> by_batch() {
    std::vector<std::byte> in(std::max(size_t{table_.key_size}, kLeastCursor));
    std::vector<std::byte> out(in.size());
    uint32_t batch = std::clamp<uint32_t>(desc_.max_entries, 1, kFirstBatch);
    size_t entries = 0;
    bool first = true;
    for (;;) {
      table_.keys.resize((entries + batch) * table_.key_size);
      table_.cells.resize((entries + batch) * cells_size());
      uint32_t count = batch;
      const int result = bpf_map_lookup_batch(map_, first ? nullptr : in.data(), out.data(),
                                              table_.keys.data() + entries * table_.key_size,
                                              table_.cells.data() + entries * cells_size(), &count, nullptr);
      const int code = result == 0 ? 0 : errno;
      if (code == ENOSPC && batch < (1u << 24)) {
        batch *= 2;  // one hash bucket holds more entries than the batch
        continue;
      }
      if (code != 0 && code != ENOENT) {
        table_.keys.clear();
        table_.cells.clear();
        if (code == EINVAL || code == ENOTSUP || code == 524) return false;
        return base::fail("read map " + desc_.name, code);
      }
      entries += count;
      if (code == ENOENT) break;
      std::swap(in, out);
      first = false;
      if (batch < kMostBatch) batch = std::min(batch * 2, std::max(desc_.max_entries, 1u));
      report(entries);
    }
    table_.keys.resize(entries * table_.key_size);
    table_.cells.resize(entries * cells_size());
    return true;
  }

  Result<> by_key() {
    std::vector<std::byte> key(table_.key_size);
    std::vector<std::byte> next(table_.key_size);
    std::vector<std::byte> cells(std::max<size_t>(cells_size(), 1));
    const void* previous = nullptr;
    // A map that is being written can make this walk start over; the bound ends it.
    for (uint64_t steps = 0; steps < 4 * uint64_t{std::max(desc_.max_entries, 1u)} + 64; ++steps) {
      if (bpf_map_get_next_key(map_, previous, next.data()) != 0) {
        if (errno == ENOENT) return {};
        return base::fail_errno("read map " + desc_.name);
      }
      if (bpf_map_lookup_elem(map_, next.data(), cells.data()) == 0) {
        table_.keys.insert(table_.keys.end(), next.begin(), next.end());
        table_.cells.insert(table_.cells.end(), cells.begin(),
                            cells.begin() + static_cast<std::ptrdiff_t>(cells_size()));
      }
      std::swap(key, next);
      previous = key.data();
      if (steps % kFirstBatch == 0) report(table_.size());
    }
    return {};
  }

  void report(uint64_t entries) {
    const auto now = std::chrono::steady_clock::now();
    if (!progress_ || now < next_report_) return;
    next_report_ = now + kProgressPeriod;
    progress_(entries);
  }

  int map_;
  const image::MapDesc& desc_;
  std::function<void(uint64_t)> progress_;
  std::chrono::steady_clock::time_point next_report_ = std::chrono::steady_clock::now() + kProgressPeriod;
  Table table_;
};

}  // namespace

bool is_percpu(image::MapKind kind) {
  switch (kind) {
    case image::MapKind::percpu_hash:
    case image::MapKind::percpu_lru_hash:
    case image::MapKind::percpu_array: return true;
    case image::MapKind::hash:
    case image::MapKind::lru_hash:
    case image::MapKind::array:
    case image::MapKind::ring_buffer:
    case image::MapKind::perf_event_array: return false;
  }
  return false;
}

bool is_array(image::MapKind kind) { return kind == image::MapKind::array || kind == image::MapKind::percpu_array; }

Result<Table> read_table(int map, const image::MapDesc& desc, std::function<void(uint64_t)> progress) {
  return TableReader(map, desc, std::move(progress)).run();
}

Result<> clear(int map, const image::MapDesc& desc) {
  auto table = read_table(map, desc);
  if (!table) return std::unexpected(table.error());
  const std::vector<std::byte> nothing(size_t{table->cell_stride} * table->cell_count);
  for (size_t i = 0; i < table->size(); ++i) {
    const void* key = table->key(i).data();
    const int result =
        is_array(desc.kind) ? bpf_map_update_elem(map, key, nothing.data(), BPF_ANY) : bpf_map_delete_elem(map, key);
    if (result != 0 && errno != ENOENT) return base::fail_errno("clear map " + desc.name);
  }
  return {};
}

Result<bool> zero(int map, const image::MapDesc& desc) {
  auto table = read_table(map, desc);
  if (!table) return std::unexpected(table.error());
  const bool written = is_written(desc, *table);
  for (size_t i = 0; i < table->size(); ++i) {
    std::vector<std::byte> cells(size_t{table->cell_stride} * table->cell_count);
    for (uint32_t cpu = 0; desc.written_flag_offset && cpu < table->cell_count; ++cpu)
      std::memcpy(cells.data() + size_t{cpu} * table->cell_stride + *desc.written_flag_offset,
                  table->cell(i, cpu).data() + *desc.written_flag_offset, sizeof(uint64_t));
    if (bpf_map_update_elem(map, table->key(i).data(), cells.data(), BPF_EXIST) != 0 && errno != ENOENT)
      return base::fail_errno("zero map " + desc.name);
  }
  return written;
}

}  // namespace sonde::maps
