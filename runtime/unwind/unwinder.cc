// One pass over a process: mappings, the objects behind them, their rows, ranges in the kernel.
#include "runtime/unwind/unwinder.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <numeric>

#include "base/fd.h"
#include "runtime/symbols/process_files.h"

namespace sonde::unwind {
namespace {

// Room for libraries that come later; a C library has some 30,000 rows.
constexpr uint32_t kSpareRows = 1u << 18;
// What a command may need that has not begun yet.
constexpr uint32_t kUnknownRows = 1u << 20;
constexpr uint32_t kBatch = 4096;
// At the tracer's pace (1, 2, 4 ... 100 ms) about the first second of a command.
constexpr int kUnaskedLooks = 16;

std::string read_maps(uint32_t pid) {
  return symbols::read_text(symbols::proc_path(pid, "maps")).value_or(std::string());
}

base::Fd open_mapped(uint32_t pid, const symbols::Mapping& mapping) {
  base::Fd fd;
  for (const std::string& path : symbols::mapped_file_paths(pid, mapping))
    if (!fd.valid()) fd = base::Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd;
}

}  // namespace

bool is_used_by(const image::Image& image) {
  return std::ranges::any_of(image.maps,
                             [](const image::MapDesc& map) { return map.elf_name == image::kUnwindRowsMap; });
}

Unwinder::Unwinder(const std::vector<uint32_t>& processes, uint32_t child) {
  for (const uint32_t pid : processes) processes_.push_back({.pid = pid, .maps = {}});
  if (child != 0) processes_.push_back({.pid = child, .maps = {}, .waits = true, .unasked_looks = kUnaskedLooks});
}

uint32_t Unwinder::read() {
  bool unknown = false;
  for (const Process& process : processes_) {
    unknown = unknown || process.waits;
    if (process.waits) continue;
    const std::vector<symbols::Mapping> mappings = symbols::parse_mappings(read_maps(process.pid));
    for (const symbols::Mapping& mapping : mappings) object_of(process.pid, mapping);
  }
  const auto total = std::accumulate(objects_.begin(), objects_.end(), uint64_t{0},
                                     [](uint64_t sum, const auto& entry) { return sum + entry.second.count; });
  return static_cast<uint32_t>(std::min<uint64_t>(total + (unknown ? kUnknownRows : kSpareRows), UINT32_MAX / 2));
}

Unwinder::Object* Unwinder::object_of(uint32_t pid, const symbols::Mapping& mapping) {
  base::Fd fd;
  FileId id{};
  if (!mapping.is_vdso()) {
    if (!mapping.is_file()) return nullptr;
    fd = open_mapped(pid, mapping);
    struct stat status = {};
    if (!fd.valid() || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return nullptr;
    id = {status.st_dev, status.st_ino, status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
  }
  const auto [entry, is_new] = objects_.try_emplace(id);
  Object& object = entry->second;
  if (is_new) {
    std::vector<char> image;
    if (mapping.is_vdso()) image = symbols::read_vdso(pid, mapping);
    auto tables = mapping.is_vdso() ? read_rows(image) : read_rows(fd.get());
    if (tables) {
      object.tables = std::move(*tables);
      object.count = static_cast<uint32_t>(object.tables.rows.size());
      if (object.tables.cut) ++left_out_;
    }
  }
  return &object;
}

Result<> Unwinder::publish(int rows_map, int spaces_map, uint32_t capacity) {
  rows_map_ = rows_map;
  spaces_map_ = spaces_map;
  capacity_ = capacity;
  for (Process& process : processes_) SONDE_TRY(publish_process(process));
  return {};
}

Result<> Unwinder::publish_object(Object& object) {
  if (object.published || object.count == 0) return {};
  object.published = true;
  if (object.count > capacity_ - used_) {
    ++left_out_;
    object.count = 0;
    object.tables.rows = {};
    return {};
  }
  object.first_row = used_;
  std::vector<uint32_t> keys(kBatch);
  for (uint32_t done = 0; done < object.count;) {
    uint32_t batch = std::min(kBatch, object.count - done);
    std::iota(keys.begin(), keys.begin() + batch, used_ + done);
    if (bpf_map_update_batch(rows_map_, keys.data(), object.tables.rows.data() + done, &batch, nullptr) != 0)
      return base::fail("write the tables of dw_ustack", errno);
    done += batch;
  }
  used_ += object.count;
  object.tables.rows = {};
  return {};
}

bool Unwinder::add_range(uint32_t pid, const symbols::Mapping& mapping, sonde_unwind_space& space) {
  if (space.ranges == SONDE_UNWIND_RANGES) return false;
  Object* object = object_of(pid, mapping);
  if (!object || !publish_object(*object)) return object == nullptr;
  const auto first = object->tables.address_at(mapping.file_offset);
  if (object->count == 0 || !first) return true;
  sonde_unwind_range& range = space.range[space.ranges++];
  range.start = mapping.start;
  range.end = mapping.end;
  range.base = mapping.start - (*first - object->tables.lowest_address);
  range.first_row = object->first_row;
  range.rows = object->count;
  return true;
}

Result<> Unwinder::publish_process(Process& process) {
  std::string text = process.waits ? std::string() : read_maps(process.pid);
  process.waits = false;
  if (process.published && text == process.maps) return {};
  process.maps = std::move(text);
  process.published = true;
  const auto space = std::make_unique<sonde_unwind_space>();
  space->misses = process.misses;
  for (const symbols::Mapping& mapping : symbols::parse_mappings(process.maps))
    if (!add_range(process.pid, mapping, *space)) ++left_out_;
  if (bpf_map_update_elem(spaces_map_, &process.pid, space.get(), BPF_ANY) != 0)
    return base::fail("write the address spaces of dw_ustack", errno);
  return {};
}

Result<> Unwinder::refresh() {
  const auto space = std::make_unique<sonde_unwind_space>();
  for (Process& process : processes_) {
    if (bpf_map_lookup_elem(spaces_map_, &process.pid, space.get()) != 0) continue;
    const bool unasked = process.unasked_looks > 0;
    if (unasked) --process.unasked_looks;
    if (space->misses == process.misses && !unasked) continue;
    process.misses = space->misses;
    SONDE_TRY(publish_process(process));
  }
  return {};
}

}  // namespace sonde::unwind
