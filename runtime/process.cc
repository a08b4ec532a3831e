// Child processes by clone3 with a pidfd, so that nothing depends on SIGCHLD or on a pid being reused.
#include "runtime/process.h"

#include <elf.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace sonde::runtime {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

// A shared object (PIE included), or an executable whose owner may execute it.
bool is_executable_elf(const std::string& path, struct stat& info) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  Elf64_Ehdr header;
  if (::pread(file.get(), &header, sizeof(header), 0) != sizeof(header)) return false;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return false;
  return header.e_type == ET_DYN || (header.e_type == ET_EXEC && (info.st_mode & S_IXUSR) != 0);
}

constexpr size_t kGoBytes = 1;
// Milliseconds that a child has to act on SIGTERM.
constexpr int kPatience = 5000;

[[noreturn]] void run_child(int go, int failed, const char* path, char* const* arguments) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  char byte = 0;
  // End of file: the tracer went without releasing us.
  if (::read(go, &byte, kGoBytes) == static_cast<ssize_t>(kGoBytes)) {
    ::execv(path, arguments);
    const int code = errno;
    if (::write(failed, &code, sizeof(code)) < 0) ::_exit(126);
  }
  ::_exit(127);
}

}  // namespace

Result<std::string> resolve_command(const std::string& command) {
  const std::string name = split(command, ' ').front();
  std::vector<std::string> candidates = {name};
  const char* path = std::getenv("PATH");
  if (name.find('/') == std::string::npos && path)
    for (const std::string& dir : split(path, ':')) candidates.push_back((dir.empty() ? "." : dir) + "/" + name);
  std::vector<std::pair<dev_t, ino_t>> files;
  std::string found;
  for (const std::string& candidate : candidates) {
    struct stat info{};
    if (!is_executable_elf(candidate, info)) continue;
    const std::pair<dev_t, ino_t> file(info.st_dev, info.st_ino);
    if (std::find(files.begin(), files.end(), file) != files.end()) continue;
    if (files.empty()) found = candidate;
    files.push_back(file);
  }
  if (files.empty())
    return base::fail("Failed to fork child: Path '" + name +
                      "' does not exist or is not executable (No such file or directory)");
  if (files.size() > 1)
    return base::fail("Failed to fork child: Path '" + name + "' must refer to a unique binary but matched " +
                      std::to_string(files.size()) + " binaries");
  return found;
}

Result<ChildProcess> ChildProcess::start(const std::string& command) {
  const auto path = resolve_command(command);
  if (!path) return std::unexpected(path.error());
  std::vector<std::string> words = split(command, ' ');
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  int go[2];
  int failed[2];
  // Not a pipe: writing to one whose reader was killed would kill us too.
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) != 0)
    return base::fail_errno("Failed to fork child: socketpair");
  const base::Fd go_read(go[0]);
  base::Fd go_write(go[1]);
  if (::pipe2(failed, O_CLOEXEC) != 0) return base::fail_errno("Failed to fork child: pipe");
  base::Fd failed_read(failed[0]);
  const base::Fd failed_write(failed[1]);

  int pidfd = -1;
  clone_args clone{};
  clone.flags = CLONE_PIDFD;
  clone.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  clone.exit_signal = SIGCHLD;
  const long pid = ::syscall(SYS_clone3, &clone, sizeof(clone));
  if (pid < 0) return base::fail_errno("Failed to fork child: clone");
  if (pid == 0) {
    // Our own copy of the write end would keep the read below from ever seeing the tracer's end.
    ::close(go_write.get());
    run_child(go_read.get(), failed_write.get(), path->c_str(), arguments.data());
  }
  ChildProcess child;
  child.pid_ = static_cast<pid_t>(pid);
  child.pidfd_.reset(pidfd);
  child.go_ = std::move(go_write);
  child.failed_ = std::move(failed_read);
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      reaped_(other.reaped_),
      pidfd_(std::move(other.pidfd_)),
      go_(std::move(other.go_)),
      failed_(std::move(other.failed_)) {}

ChildProcess::~ChildProcess() {
  if (pid_ < 0 || reaped_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Result<> ChildProcess::release() {
  const char byte = 1;
  // A child that was killed while it waited is one that ended: the run ends with it.
  if (::send(go_.get(), &byte, kGoBytes, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
    return base::fail_errno("Failed to run child");
  go_.reset();
  int code = 0;
  // The pipe's other end closes on a successful exec.
  const ssize_t got = ::read(failed_.get(), &code, sizeof(code));
  failed_.reset();
  if (got == sizeof(code)) return base::fail("Failed to run child: child: failed to execve", code);
  return {};
}

void ChildProcess::terminate() {
  if (pid_ < 0 || reaped_) return;
  ::kill(pid_, SIGTERM);
  pollfd ended{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&ended, 1, kPatience) == 0) ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  reaped_ = true;
}

std::optional<ChildExit> ChildProcess::poll_exit() {
  if (reaped_) return std::nullopt;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  reaped_ = true;
  if (WIFSIGNALED(status)) return ChildExit{true, WTERMSIG(status)};
  return ChildExit{false, WEXITSTATUS(status)};
}

Result<pid_t> parse_pid(std::string_view text) {
  constexpr long kLimit = 4194304;  // PID_MAX_LIMIT of 64-bit kernels
  long pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error == std::errc::invalid_argument || end != text.data() + text.size())
    return base::fail("Failed to parse pid: invalid integer: " + std::string(text));
  if (error != std::errc{} || pid < 0 || pid > kLimit) return base::fail("Pid out of range: " + std::string(text));
  return static_cast<pid_t>(pid);
}

Result<base::Fd> open_process(pid_t pid) {
  base::Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (fd.valid()) return fd;
  return base::fail(std::string("Failed to attach to pid: Unable to open pidfd (") + std::strerror(errno) + ")");
}

}  // namespace sonde::runtime
