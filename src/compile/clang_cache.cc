// One file per command line: lines `MTIME SIZE PATH` of what was read, an empty line, the messages' length, messages, object.
#include "compile/clang_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "compile/imports.h"

namespace sonde::compile {
namespace {

// $XDG_CACHE_HOME/sonde or ~/.cache/sonde, made if need be. Empty: others could write there, or there is no home.
std::string folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  std::string path;
  if (cache && *cache == '/') {
    path = cache;
  } else if (home && *home == '/') {
    path = std::string(home) + "/.cache";
  } else {
    return {};
  }
  ::mkdir(path.c_str(), 0700);
  path += "/sonde";
  ::mkdir(path.c_str(), 0700);
  struct stat info{};
  const bool ours = ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid() &&
                    (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  return ours ? path : std::string();
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

ClangCache::ClangCache(const std::vector<std::string>& words, const std::string& text) : reads_text_(!text.empty()) {
  const std::string where = folder();
  if (where.empty()) return;
  char cwd[4096];
  std::string key = ::getcwd(cwd, sizeof cwd) ? cwd : "";
  key += '\n' + stamp(words.front());
  for (const std::string& word : words) key += '\n' + word;
  key += '\n' + text;
  path_ = where + "/" + digest(key);
}

std::optional<ClangOutput> ClangCache::find() const {
  if (path_.empty()) return {};
  const Result<std::string> entry = read_import(path_);
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
  return ClangOutput{true, {object.begin(), object.end()}, std::string(rest.substr(0, length))};
}

void ClangCache::keep(const ClangOutput& output, const std::string& rule) const {
  const std::vector<std::string> files = files_of(rule);
  if (path_.empty() || !output.good || (files.empty() && !reads_text_)) return;
  std::string entry;
  for (const std::string& file : files) {
    const std::string now = stamp(file);
    if (now.empty() || file.find('\n') != std::string::npos) return;
    entry += now + " " + file + "\n";
  }
  entry += "\n" + std::to_string(output.messages.size()) + "\n" + output.messages;
  entry.append(output.object.begin(), output.object.end());
  // Renamed when complete: other processes read and write the same entries.
  const std::string draft = path_ + "." + std::to_string(::getpid());
  {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(draft.c_str(), "wxe"), std::fclose);
    if (!file || std::fwrite(entry.data(), 1, entry.size(), file.get()) != entry.size() ||
        std::fflush(file.get()) != 0) {
      ::unlink(draft.c_str());
      return;
    }
  }
  if (::rename(draft.c_str(), path_.c_str()) != 0) ::unlink(draft.c_str());
}

}  // namespace sonde::compile
