// Record formats: perf_event_open(2).
#include "runtime/symbols/recorder.h"

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <span>

namespace sonde::symbols {
namespace {

// Some hundred new programs between two looks. The kernel limits what all tracers of a user lock (perf_event_mlock_kb), so a
// smaller ring must do where others have taken their part.
constexpr size_t kMostRingBytes = size_t{256} * 1024;
constexpr size_t kLeastRingBytes = size_t{16} * 1024;

struct MapRecord {
  uint32_t pid, tid;
  uint64_t address, length, file_offset;
  uint32_t major, minor;
  uint64_t inode, generation;
  uint32_t protection, flags;
  // path, NUL
};
struct ForkRecord {
  uint32_t pid, parent, tid, parent_tid;
};

base::Fd open_event(int cpu, size_t ring_bytes) {
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_DUMMY;
  attributes.mmap = 1;
  attributes.mmap2 = 1;
  attributes.comm = 1;
  attributes.comm_exec = 1;
  attributes.task = 1;
  // A time at the end of each record: a process moves between CPUs, and each has a buffer of its own.
  attributes.sample_type = PERF_SAMPLE_TIME;
  attributes.sample_id_all = 1;
  attributes.use_clockid = 1;
  attributes.clockid = CLOCK_MONOTONIC;
  attributes.watermark = 1;
  attributes.wakeup_watermark = static_cast<uint32_t>(ring_bytes / 2);
  return base::Fd(static_cast<int>(::syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)));
}

template <typename Record>
bool read_record(std::span<const char> bytes, Record& record) {
  if (bytes.size() < sizeof(record)) return false;
  std::memcpy(&record, bytes.data(), sizeof(record));
  return true;
}

uint64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

void take_mapping(std::span<const char> bytes, UserSymbols& symbols) {
  MapRecord record;
  if (!read_record(bytes, record)) return;
  Mapping mapping;
  mapping.start = record.address;
  mapping.end = record.address + record.length;
  mapping.file_offset = record.file_offset;
  mapping.inode = record.inode;
  const std::span<const char> path = bytes.subspan(sizeof(record));
  mapping.path.assign(path.data(), ::strnlen(path.data(), path.size()));
  symbols.record_mapping(record.pid, std::move(mapping));
}

}  // namespace

Result<ProcessRecorder> ProcessRecorder::start() {
  for (size_t ring_bytes = kMostRingBytes;; ring_bytes /= 2) {
    auto recorder = start(ring_bytes);
    if (recorder || recorder.error().code != EPERM || ring_bytes == kLeastRingBytes) return recorder;
  }
}

Result<ProcessRecorder> ProcessRecorder::start(size_t ring_bytes) {
  ProcessRecorder recorder;
  recorder.ring_bytes_ = ring_bytes;
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const long cpus = ::sysconf(_SC_NPROCESSORS_CONF);
  for (int cpu = 0; cpu < cpus; ++cpu) {
    Buffer buffer;
    buffer.event = open_event(cpu, ring_bytes);
    if (!buffer.event.valid() && errno == ENODEV) continue;  // offline
    if (!buffer.event.valid()) return base::fail_errno("watch the mappings of processes");
    auto pages = runtime::Mapping::map(buffer.event.get(), page + ring_bytes, PROT_READ | PROT_WRITE, 0);
    if (!pages) return std::unexpected(pages.error());
    buffer.pages = std::move(*pages);
    recorder.buffers_.push_back(std::move(buffer));
  }
  return recorder;
}

void ProcessRecorder::drain(UserSymbols& symbols) {
  // What is younger may still lack its elder in a buffer that was read first; it waits for the next look.
  const uint64_t until = now();
  for (Buffer& buffer : buffers_) collect(buffer);
  std::ranges::stable_sort(records_, {}, &Record::time);
  const auto rest = std::ranges::upper_bound(records_, until, {}, &Record::time);
  for (auto record = records_.begin(); record != rest; ++record) apply(*record, symbols);
  records_.erase(records_.begin(), rest);
}

void ProcessRecorder::collect(Buffer& buffer) {
  auto* control = static_cast<perf_event_mmap_page*>(buffer.pages.data());
  const char* ring = static_cast<const char*>(buffer.pages.data()) + control->data_offset;
  const std::atomic_ref<__u64> head(control->data_head);
  const std::atomic_ref<__u64> tail(control->data_tail);
  const uint64_t end = head.load(std::memory_order_acquire);
  uint64_t at = tail.load(std::memory_order_relaxed);
  const auto copy = [&](void* to, uint64_t from, size_t size) {
    for (size_t i = 0; i < size; ++i) static_cast<char*>(to)[i] = ring[(from + i) % ring_bytes_];
  };
  while (at < end) {
    perf_event_header header;
    copy(&header, at, sizeof(header));
    if (header.size < sizeof(header) + sizeof(uint64_t) || header.size > end - at) break;
    Record& record = records_.emplace_back();
    record.type = header.type;
    record.is_exec = (header.misc & PERF_RECORD_MISC_COMM_EXEC) != 0;
    record.bytes.resize(header.size - sizeof(header) - sizeof(uint64_t));
    copy(record.bytes.data(), at + sizeof(header), record.bytes.size());
    copy(&record.time, at + header.size - sizeof(uint64_t), sizeof(uint64_t));
    at += header.size;
  }
  tail.store(end, std::memory_order_release);
}

void ProcessRecorder::apply(const Record& record, UserSymbols& symbols) {
  const std::span<const char> bytes = record.bytes;
  if (record.type == PERF_RECORD_MMAP2) take_mapping(bytes, symbols);
  if (ForkRecord fork; record.type == PERF_RECORD_FORK && read_record(bytes, fork) && fork.pid != fork.parent)
    symbols.record_fork(fork.pid, fork.parent);
  if (uint32_t pid; record.type == PERF_RECORD_COMM && record.is_exec && read_record(bytes, pid))
    symbols.record_exec(pid);
}

}  // namespace sonde::symbols
