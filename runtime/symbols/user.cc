// User addresses: find the mapping, then the object behind it, then the symbol. Whatever was read once is kept, so that a
// process stays readable after its end.
#include "runtime/symbols/user.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

#include "base/demangle.h"

namespace sonde::symbols {
namespace {

constexpr int64_t kMillisecond = 1'000'000;
// How often a known process is checked for being still the same, and its mappings read again for an unknown address.
constexpr int64_t kCheckInterval = 100 * kMillisecond;
constexpr int64_t kReadInterval = 20 * kMillisecond;

// Objects that stay although no process that is known maps them at the moment.
constexpr size_t kRecentObjects = 64;

int64_t now() {
  timespec time = {};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

// Field 22 of /proc/PID/stat; 0: no such process. The command in field 2 may contain anything, so count from its end.
uint64_t start_time(uint32_t pid) {
  const auto text = read_text(proc_path(pid, "stat"));
  if (!text) return 0;
  size_t at = text->rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = text->find(' ', at + 1);
  if (at == std::string::npos) return 0;
  uint64_t value = 0;
  std::from_chars(text->data() + at + 1, text->data() + text->size(), value);
  return value;
}

// Code that a compiler made at run time lies in anonymous memory, or in files that exist only in memory.
bool is_jit(const Mapping& mapping) {
  return !mapping.is_file() || mapping.path.starts_with("/memfd:") || mapping.path.starts_with("/dev/zero") ||
         mapping.path.starts_with("/SYSV") || mapping.path.starts_with("/anon_hugepage");
}

}  // namespace

// The process with its mappings as fresh as its address demands.
Process& UserSymbols::refresh(uint32_t pid, Reread wish) {
  Process& process = processes_.of(pid);
  const int64_t time = now();
  const bool first = process.checked == 0;
  const bool check = first || !options_.cache_processes || time - process.checked >= kCheckInterval;
  const bool reread = wish == Reread::yes || (wish == Reread::paced && time - process.read >= kReadInterval);
  if (!check && !(reread && process.alive)) return process;
  process.checked = time;
  const uint64_t started = start_time(pid);
  process.alive = started != 0;
  // Gone: what is known of it stays. A new user of the pid, however, starts from nothing.
  if (!process.alive) {
    // What was recorded of a process that was never looked at is better than nothing of a program.
    if (first && !many_programs_ && !program_mappings_.empty()) process.mappings = program_mappings_;
    return process;
  }
  const bool same = !first && started == process.start_time;
  if (same && !reread && options_.cache_processes) return process;
  const auto text = read_text(proc_path(pid, "maps"));
  if (!text) return process;
  std::vector<Mapping> mappings = parse_mappings(*text);
  // An exiting process shows no mappings any more, although it still exists: what the recorder saw of it stays.
  if (mappings.empty() && (same || first)) {
    process.start_time = started;
    return process;
  }
  if (!same) process.jit = {};
  process.start_time = started;
  process.read = time;
  process.mappings.clear();
  for (Mapping& mapping : mappings) process.mappings.push_back({std::move(mapping)});
  if (options_.by_program) note_program(pid, process);
  return process;
}

void UserSymbols::note_program(uint32_t pid, const Process& process) {
  struct stat status = {};
  if (many_programs_ || ::stat(proc_path(pid, "exe").c_str(), &status) != 0) return;
  const std::pair<uint64_t, uint64_t> program(status.st_dev, status.st_ino);
  many_programs_ = !program_mappings_.empty() && program != program_;
  program_ = program;
  program_mappings_ = process.mappings;
}

void UserSymbols::remember(uint32_t pid) {
  Process& process = refresh(pid, Reread::yes);
  // Opened now, while the paths can be followed through the process; reading symbols waits until they are needed.
  for (MappedObject& mapping : process.mappings) {
    const auto object = object_of(pid, process, mapping);
    if (!options_.lazy && object && object->file) object->file->release();
  }
}

void UserSymbols::record_mapping(uint32_t pid, Mapping mapping) {
  Process& process = processes_.of(pid);
  std::vector<MappedObject>& mappings = process.mappings;
  std::erase_if(mappings, [&](const Mapping& old) { return old.start < mapping.end && mapping.start < old.end; });
  const auto place = std::ranges::upper_bound(mappings, mapping.start, {}, &Mapping::start);
  MappedObject& added = *mappings.insert(place, {std::move(mapping)});
  // Found now if the process still lives: its paths may mean something else to us. Symbols are read when they are needed.
  const bool alive = std::exchange(process.alive, true);
  object_of(pid, process, added);
  process.alive = alive;
}

void UserSymbols::record_fork(uint32_t child, uint32_t parent) {
  // A parent that was there before the watch began.
  const Process* from = processes_.find(parent);
  if (!from || from->mappings.empty()) from = &refresh(parent, Reread::yes);
  Process copy;
  copy.mappings = from->mappings;
  copy.jit = from->jit;
  processes_.of(child) = std::move(copy);
}

void UserSymbols::record_exec(uint32_t pid) { processes_.of(pid) = {}; }

std::shared_ptr<Object> UserSymbols::object_at(const std::string& path, uint64_t required_inode) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return nullptr;
  if (required_inode != 0 && status.st_ino != required_inode) return nullptr;
  const int64_t modified = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
  const std::tuple identity(status.st_dev, status.st_ino, modified, status.st_size);
  if (const auto known = objects_.find(identity); known != objects_.end())
    if (auto object = known->second.lock()) return object;
  auto object = std::make_shared<Object>();
  if (auto file = ElfFile::open(path, options_.debug_folders)) object->file = std::move(*file);
  keep(identity, object);
  return object;
}

void UserSymbols::keep(const FileIdentity& identity, const std::shared_ptr<Object>& object) {
  if (objects_.size() >= sweep_at_) {
    std::erase_if(objects_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max(kFirstSweep, 2 * objects_.size());
  }
  objects_[identity] = object;
  recent_.push_back(object);
  if (recent_.size() > kRecentObjects) recent_.pop_front();
}

bool UserSymbols::may_have_forgotten(uint32_t pid) const {
  const Process* process = processes_.find(pid);
  return processes_.forgotten() > 0 && process && !process->alive && process->mappings.empty();
}

// Every 64-bit process has the same vdso.
std::shared_ptr<Object> UserSymbols::vdso(uint32_t pid, const Mapping& mapping) {
  if (vdso_) return vdso_;
  std::vector<char> bytes = read_vdso(pid, mapping);
  if (bytes.empty()) return nullptr;
  auto file = ElfFile::from_memory(std::move(bytes));
  if (!file) return nullptr;
  vdso_ = std::make_shared<Object>();
  vdso_->file = std::move(*file);
  return vdso_;
}

std::shared_ptr<Object> UserSymbols::object_of(uint32_t pid, const Process& process, MappedObject& mapping) {
  if (mapping.object_known) return mapping.object;
  if (mapping.is_vdso()) {
    mapping.object = vdso(pid, mapping);
  } else if (!is_jit(mapping)) {
    if (process.alive) {
      for (const std::string& path : mapped_file_paths(pid, mapping))
        if (!mapping.object) mapping.object = object_at(path, 0);
    }
    if (!mapping.object) mapping.object = object_at(mapping.path, mapping.inode);
  }
  mapping.object_known = true;
  return mapping.object;
}

std::string_view UserSymbols::display_name(Object& object, const ElfSymbol& symbol) {
  if (!options_.demangle || !symbol.name.starts_with("_")) return symbol.name;
  const auto [entry, is_new] = object.demangled.try_emplace(symbol.address);
  if (is_new) {
    auto readable = base::demangle(symbol.name);
    entry->second = readable ? std::move(readable->text) : std::string(symbol.name);
  }
  return entry->second;
}

// The file grows while the compiler works, so a miss reads it again once it has changed.
std::optional<Symbol> UserSymbols::find_jit(uint32_t pid, Process& process, uint64_t address) {
  const auto lookup = [&]() -> std::optional<Symbol> {
    const auto& functions = process.jit.functions;
    const auto next = std::upper_bound(functions.begin(), functions.end(), address,
                                       [](uint64_t value, const JitFunction& f) { return value < f.start; });
    if (next == functions.begin()) return std::nullopt;
    const JitFunction& function = *std::prev(next);
    if (address - function.start >= function.size) return std::nullopt;
    return Symbol{function.name, address - function.start};
  };
  if (const auto found = lookup()) return found;
  const std::string name = "/tmp/perf-" + std::to_string(pid) + ".map";
  std::string path = process.alive ? proc_path(pid, "root") + name : name;
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  const int64_t modified = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
  if (modified == process.jit.modified && status.st_size == process.jit.bytes) return std::nullopt;
  const auto text = read_text(path);
  if (!text) return std::nullopt;
  process.jit = {parse_jit_map(*text), modified, status.st_size};
  return lookup();
}

UserPlace UserSymbols::find(uint32_t pid, uint64_t address, bool returns_to) {
  const auto covering = [&](Process& process) -> MappedObject* {
    const auto next = std::upper_bound(process.mappings.begin(), process.mappings.end(), address,
                                       [](uint64_t value, const Mapping& mapping) { return value < mapping.start; });
    if (next == process.mappings.begin()) return nullptr;
    MappedObject& mapping = *std::prev(next);
    return address < mapping.end ? &mapping : nullptr;
  };
  Process* process = &refresh(pid, Reread::no);
  MappedObject* mapping = covering(*process);
  if (!mapping && process->alive) {
    // A library loaded since, or another program image after exec.
    process = &refresh(pid, Reread::paced);
    mapping = covering(*process);
  }
  UserPlace place;
  if (!mapping) return place;
  if (is_jit(*mapping) && !mapping->is_vdso()) {
    place.symbol = find_jit(pid, *process, address);
    if (place.symbol) place.object = mapping->path;
    return place;
  }
  place.object = mapping->path;
  place.file_offset = address - mapping->start + mapping->file_offset;
  const std::shared_ptr<Object> object = object_of(pid, *process, *mapping);
  if (!object || !object->file) return place;
  place.build_id = object->file->build_id();
  const auto virtual_address = object->file->address_at(place.file_offset);
  if (!virtual_address) return place;
  // Only files not yet asked about keep a descriptor.
  if (options_.source_lines && !object->lines) object->lines = SourceLines::open(object->file->debug_info());
  object->file->release();
  if (object->lines) place.source = object->lines->at(*virtual_address - (returns_to ? 1 : 0));
  if (const auto symbol = object->file->find(*virtual_address)) {
    place.symbol = Symbol{display_name(*object, *symbol), *virtual_address - symbol->address};
  }
  return place;
}

}  // namespace sonde::symbols
