// One file per command line: lines `MTIME SIZE PATH` of what was read, an empty line, the messages' length, messages, object.
#include "compile/clang_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "compile/imports.h"

namespace sonde::compile {
namespace {

constexpr uint64_t kMostBytes = 64 << 20;
constexpr size_t kMostEntries = 500;

base::Fd open_folder(int parent, const char* name, int flags) {
  base::Fd folder(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags));
  struct stat info{};
  const bool ours = folder.valid() && ::fstat(folder.get(), &info) == 0 && info.st_uid == ::geteuid();
  // The folder around it may be one like /tmp, where what is ours stays ours.
  const bool closed = (flags & O_NOFOLLOW) == 0 || (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  return ours && closed ? std::move(folder) : base::Fd();
}

// $XDG_CACHE_HOME/sonde or ~/.cache/sonde, made if need be. Not valid: others could write there, or the home is another
// user's (sudo may keep HOME), or there is none. Everything goes through the descriptor, so that a path that changes its
// meaning afterwards changes nothing.
base::Fd open_cache() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  std::string path;
  if (cache && *cache == '/')
    path = cache;
  else if (home && *home == '/')
    path = std::string(home) + "/.cache";
  else
    return {};
  struct stat info{};
  if (cache == nullptr && (::stat(home, &info) != 0 || info.st_uid != ::geteuid())) return {};
  ::mkdir(path.c_str(), 0700);
  const base::Fd outer = open_folder(AT_FDCWD, path.c_str(), 0);
  if (!outer.valid()) return {};
  ::mkdirat(outer.get(), "sonde", 0700);
  return open_folder(outer.get(), "sonde", O_NOFOLLOW);
}

struct Kept {
  std::string name;
  int64_t used;  // seconds
  uint64_t bytes;
};

// Removes what was not used for longest, until half of the room is free again. Drafts of processes that died go the same way.
void make_room(int folder) {
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(copy < 0 ? nullptr : ::fdopendir(copy), ::closedir);
  std::vector<Kept> entries;
  uint64_t bytes = 0;
  while (const dirent* entry = listing ? ::readdir(listing.get()) : nullptr) {
    struct stat info{};
    if (::fstatat(folder, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode)) continue;
    entries.push_back({entry->d_name, info.st_mtim.tv_sec, static_cast<uint64_t>(info.st_size)});
    bytes += entries.back().bytes;
  }
  if (bytes <= kMostBytes && entries.size() <= kMostEntries) return;
  std::ranges::sort(entries, {}, &Kept::used);
  size_t left = entries.size();
  for (const Kept& entry : entries) {
    if (bytes <= kMostBytes / 2 && left <= kMostEntries / 2) break;
    if (::unlinkat(folder, entry.name.c_str(), 0) != 0) continue;
    bytes -= entry.bytes;
    --left;
  }
}

Result<std::string> read_entry(int folder, const std::string& name) {
  const base::Fd file(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid()) return base::fail_errno("open " + name);
  return read_import("/proc/self/fd/" + std::to_string(file.get()));
}

// "MTIME SIZE" of a file; empty if it is gone.
std::string stamp(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return {};
  return std::to_string(int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec) + " " +
         std::to_string(info.st_size);
}

// 128 bits of FNV-1a, started twice: names of entries, not a protection.
std::string digest(std::string_view text) {
  char name[33];
  uint64_t parts[2] = {0xcbf29ce484222325, 0x84222325cbf29ce4};
  for (uint64_t& part : parts)
    for (const char c : text) part = (part ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  std::snprintf(name, sizeof name, "%016llx%016llx", static_cast<unsigned long long>(parts[0]),
                static_cast<unsigned long long>(parts[1]));
  return name;
}

// The files of "TARGET: A B \<newline> C": blanks inside names are escaped.
std::vector<std::string> files_of(std::string_view rule) {
  std::vector<std::string> files;
  std::string file;
  const size_t colon = rule.find(": ");
  if (colon == std::string_view::npos) return files;
  rule.remove_prefix(colon + 2);
  const auto finish = [&] {
    if (!file.empty()) files.push_back(std::exchange(file, {}));
  };
  for (size_t i = 0; i < rule.size(); ++i) {
    const bool escape = rule[i] == '\\' && i + 1 < rule.size();
    if (escape && rule[i + 1] == '\n') {
      ++i;
      finish();
    } else if (escape && (rule[i + 1] == ' ' || rule[i + 1] == '#')) {
      file += rule[++i];
    } else if (rule[i] == ' ' || rule[i] == '\n') {
      finish();
    } else {
      file += rule[i];
    }
  }
  finish();
  return files;
}

}  // namespace

ClangCache::ClangCache(const std::vector<std::string>& words, const std::string& text)
    : reads_text_(!text.empty()), folder_(open_cache()) {
  if (!folder_.valid()) return;
  char cwd[4096];
  std::string key = ::getcwd(cwd, sizeof cwd) ? cwd : "";
  key += '\n' + stamp(words.front());
  for (const std::string& word : words) key += '\n' + word;
  key += '\n' + text;
  name_ = digest(key);
}

std::optional<ClangOutput> ClangCache::find() const {
  if (!folder_.valid()) return {};
  const Result<std::string> entry = read_entry(folder_.get(), name_);
  if (!entry) return {};
  std::string_view rest = *entry;
  for (;;) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) return {};
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (line.empty()) break;
    const size_t path = line.find(' ', line.find(' ') + 1);
    if (path == std::string_view::npos || stamp(std::string(line.substr(path + 1))) != line.substr(0, path)) return {};
  }
  size_t length = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
  if (error != std::errc() || end == rest.data() + rest.size()) return {};
  rest.remove_prefix(static_cast<size_t>(end - rest.data()) + 1);
  if (length > rest.size()) return {};
  const std::string_view object = rest.substr(length);
  ::utimensat(folder_.get(), name_.c_str(), nullptr, 0);  // used now
  return ClangOutput{true, {object.begin(), object.end()}, std::string(rest.substr(0, length))};
}

void ClangCache::keep(const ClangOutput& output, const std::string& rule) const {
  const std::vector<std::string> files = files_of(rule);
  if (!folder_.valid() || !output.good || (files.empty() && !reads_text_)) return;
  std::string entry;
  for (const std::string& file : files) {
    const std::string now = stamp(file);
    if (now.empty() || file.find('\n') != std::string::npos) return;
    entry += now + " " + file + "\n";
  }
  entry += "\n" + std::to_string(output.messages.size()) + "\n" + output.messages;
  entry.append(output.output.begin(), output.output.end());
  make_room(folder_.get());
  // Renamed when complete: other processes read and write the same entries.
  const std::string draft = name_ + "." + std::to_string(::getpid());
  const int fd = ::openat(folder_.get(), draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return;
  std::FILE* const file = ::fdopen(fd, "w");
  if (!file) ::close(fd);
  const bool written = file && std::fwrite(entry.data(), 1, entry.size(), file) == entry.size();
  const bool closed = file && std::fclose(file) == 0;
  if (!written || !closed || ::renameat(folder_.get(), draft.c_str(), folder_.get(), name_.c_str()) != 0)
    ::unlinkat(folder_.get(), draft.c_str(), 0);
}

}  // namespace sonde::compile
