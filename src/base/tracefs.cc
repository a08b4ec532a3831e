// tracefs by descriptor: an existing mount, else a detached one made with the new mount API (Linux 5.2).
#include "base/tracefs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <array>

namespace sonde::base {
namespace {

bool is_tracefs(const Fd& dir) {
  struct statfs info{};
  return ::fstatfs(dir.get(), &info) == 0 && info.f_type == TRACEFS_MAGIC;
}

// The wrappers of these calls arrived in glibc 2.36; the raw numbers work everywhere.
Result<Fd> detached_mount() {
  const Fd context(static_cast<int>(::syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC)));
  if (!context.valid()) return fail_errno("fsopen tracefs");
  if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return fail_errno("fsconfig tracefs");
  Fd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  if (!mount.valid()) return fail_errno("fsmount tracefs");
  return mount;
}

}  // namespace

Result<Fd> tracefs_root() {
  // The debugfs path comes second: looking it up may make the kernel automount tracefs there.
  for (const char* path : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
    Fd dir(::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (dir.valid() && is_tracefs(dir)) return dir;
  }
  auto mount = detached_mount();
  if (mount) return mount;
  return fail("tracefs is not mounted and could not be mounted privately (" + mount.error().what +
                  "); try `mount -t tracefs tracefs /sys/kernel/tracing` as root",
              mount.error().code);
}

Result<std::string> read_tracefs(const Fd& root, const std::string& path) {
  const Fd file(::openat(root.get(), path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return fail_errno("open tracefs file " + path);
  std::string text;
  std::array<char, 16384> chunk;
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0) {
      if (errno == EINTR) continue;
      return fail_errno("read tracefs file " + path);
    }
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<size_t>(got));
  }
}

Result<std::string> read_tracefs(const std::string& path) {
  auto root = tracefs_root();
  if (!root) return std::unexpected(root.error());
  return read_tracefs(*root, path);
}

}  // namespace sonde::base
