// libbpf's linker wants files by name; the objects never touch a disk, so they are files in memory.
#include "runtime/link_objects.h"

#include <bpf/libbpf.h>
#include <elf.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/fd.h"

namespace sonde::runtime {
namespace {

// libbpf hands messages to one function of the process and passes no context, so what it says is kept here until the
// linker is done. Only link_objects() uses it.
thread_local std::string* messages = nullptr;

__attribute__((format(printf, 2, 0))) int keep_message(libbpf_print_level level, const char* format,
                                                       va_list arguments) {
  if (level != LIBBPF_WARN || !messages) return 0;
  char text[1024];
  std::vsnprintf(text, sizeof text, format, arguments);
  *messages += text;
  return 0;
}

class Capture {
 public:
  explicit Capture(std::string& text) : previous_(libbpf_set_print(keep_message)) { messages = &text; }
  ~Capture() {
    messages = nullptr;
    libbpf_set_print(previous_);
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

 private:
  libbpf_print_fn_t previous_;
};

struct LinkerCloser {
  void operator()(bpf_linker* linker) const { bpf_linker__free(linker); }
};

std::string path_of(const base::Fd& file) { return "/proc/self/fd/" + std::to_string(file.get()); }

Result<base::Fd> memory_file(std::span<const std::byte> bytes) {
  base::Fd file(::memfd_create("sonde-object", MFD_CLOEXEC));
  if (!file.valid()) return base::fail_errno("memfd_create");
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t wrote = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return base::fail_errno("write an object to memory");
    done += static_cast<size_t>(wrote);
  }
  return file;
}

// A C file's licence may be const or not, which shows in the flags of its section; the linker joins only what has the same.
void unify_license_flags(std::vector<std::byte>& bytes) {
  Elf64_Ehdr header;
  if (bytes.size() < sizeof header) return;
  std::memcpy(&header, bytes.data(), sizeof header);
  const auto section_at = [&](uint64_t index, Elf64_Shdr& section) {
    const uint64_t at = header.e_shoff + index * sizeof section;
    if (header.e_shoff > bytes.size() || at + sizeof section > bytes.size()) return false;
    std::memcpy(&section, bytes.data() + at, sizeof section);
    return true;
  };
  Elf64_Shdr names, section;
  if (!section_at(header.e_shstrndx, names)) return;
  constexpr char kLicense[] = "license";
  for (uint16_t i = 0; i < header.e_shnum && section_at(i, section); ++i) {
    const uint64_t name = names.sh_offset + section.sh_name;
    if (name + sizeof kLicense > bytes.size() || std::memcmp(bytes.data() + name, kLicense, sizeof kLicense) != 0)
      continue;
    section.sh_flags = SHF_ALLOC;
    std::memcpy(bytes.data() + header.e_shoff + i * sizeof section, &section, sizeof section);
  }
}

Result<std::vector<std::byte>> contents(const base::Fd& file) {
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return base::fail_errno("stat the linked object");
  std::vector<std::byte> bytes(static_cast<size_t>(info.st_size));
  const ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), 0);
  if (got != static_cast<ssize_t>(bytes.size())) return base::fail_errno("read the linked object");
  return bytes;
}

// "libbpf: failed to ..." lines as one sentence.
std::string words_of(std::string text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string line = text.substr(0, end);
    text.erase(0, end == std::string::npos ? end : end + 1);
    if (line.starts_with("libbpf: ")) line.erase(0, 8);
    if (!line.empty()) out += (out.empty() ? "" : "; ") + line;
  }
  return out;
}

}  // namespace

Result<std::vector<std::byte>> link_objects(const std::vector<ObjectFile>& objects) {
  std::string said;
  const Capture capture(said);
  auto output = memory_file({});
  if (!output) return std::unexpected(output.error());
  const std::unique_ptr<bpf_linker, LinkerCloser> linker(bpf_linker__new(path_of(*output).c_str(), nullptr));
  if (!linker) return base::fail_errno("start linking");
  for (const ObjectFile& object : objects) {
    std::vector<std::byte> bytes(object.bytes.begin(), object.bytes.end());
    unify_license_flags(bytes);
    auto file = memory_file(bytes);
    if (!file) return std::unexpected(file.error());
    if (bpf_linker__add_file(linker.get(), path_of(*file).c_str(), nullptr) != 0)
      return base::fail("Failed to link " + object.name + ": " + words_of(said));
  }
  if (bpf_linker__finalize(linker.get()) != 0)
    return base::fail("Failed to link the imported objects: " + words_of(said));
  return contents(*output);
}

}  // namespace sonde::runtime
