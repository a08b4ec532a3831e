// Layout: executable, image, u64 length of the image, magic. Nothing has to know where the executable ends.
#include "runtime/stand_alone.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "base/fd.h"

namespace sonde::runtime {
namespace {

constexpr char kMagic[8] = {'S', 'O', 'N', 'D', 'E', 'E', 'X', 'E'};
struct Trailer {
  uint64_t length;
  char magic[8];
};

Result<std::vector<std::byte>> read_range(const base::Fd& file, const std::string& path, uint64_t offset,
                                          uint64_t size) {
  std::vector<std::byte> bytes(size);
  uint64_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(file.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail_errno("read " + path);
    if (got == 0) return base::fail(path + " ends too early");
    done += static_cast<uint64_t>(got);
  }
  return bytes;
}

Result<uint64_t> size_of(const base::Fd& file, const std::string& path) {
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return base::fail_errno("stat " + path);
  if (!S_ISREG(info.st_mode)) return base::fail(path + " is not a regular file");
  return static_cast<uint64_t>(info.st_size);
}

Result<> write_all(const base::Fd& file, const std::string& path, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file.get(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return base::fail_errno("write " + path);
    bytes = bytes.subspan(static_cast<size_t>(wrote));
  }
  return {};
}

}  // namespace

Result<std::vector<std::byte>> read_file(const std::string& path) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return base::fail_errno("open " + path);
  const auto size = size_of(file, path);
  if (!size) return std::unexpected(size.error());
  return read_range(file, path, 0, *size);
}

Result<std::optional<std::vector<std::byte>>> read_appended(const std::string& path) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return base::fail_errno("open " + path);
  const auto size = size_of(file, path);
  if (!size) return std::unexpected(size.error());
  if (*size < sizeof(Trailer)) return std::nullopt;
  const auto end = read_range(file, path, *size - sizeof(Trailer), sizeof(Trailer));
  if (!end) return std::unexpected(end.error());
  Trailer trailer;
  std::memcpy(&trailer, end->data(), sizeof(trailer));
  if (std::memcmp(trailer.magic, kMagic, sizeof(kMagic)) != 0) return std::nullopt;
  if (trailer.length > *size - sizeof(Trailer)) return base::fail("the program behind " + path + " is cut off");
  auto image = read_range(file, path, *size - sizeof(Trailer) - trailer.length, trailer.length);
  if (!image) return std::unexpected(image.error());
  return std::move(*image);
}

Result<> write_stand_alone(const std::string& runner, std::span<const std::byte> image, const std::string& output) {
  const auto executable = read_file(runner);
  if (!executable) return std::unexpected(executable.error());
  const base::Fd file(::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0777));
  if (!file.valid()) return base::fail_errno("open " + output);
  Trailer trailer{.length = image.size(), .magic = {}};
  std::memcpy(trailer.magic, kMagic, sizeof(kMagic));
  SONDE_TRY(write_all(file, output, *executable));
  SONDE_TRY(write_all(file, output, image));
  return write_all(file, output, std::as_bytes(std::span(&trailer, 1)));
}

}  // namespace sonde::runtime
