// Buffered writing to descriptors.
#include "runtime/print/sink.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace sonde::print {
namespace {

constexpr size_t kBufferSize = 65536;

bool is_pipe(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

}  // namespace

std::optional<Buffering> parse_buffering(std::string_view text) {
  if (text == "line") return Buffering::line;
  if (text == "full") return Buffering::full;
  if (text == "none") return Buffering::none;
  return std::nullopt;
}

FdSink::FdSink(int fd, Buffering buffering) : fd_(fd), buffering_(buffering), is_pipe_(is_pipe(fd)) {}
FdSink::FdSink(base::Fd fd, Buffering buffering) : FdSink(fd.get(), buffering) { owned_ = std::move(fd); }
FdSink::~FdSink() { write_out(buffer_); }

void FdSink::write(std::string_view bytes) {
  if (buffering_ == Buffering::none) return write_out(bytes);
  buffer_ += bytes;
  if (buffer_.size() >= kBufferSize) return flush();
  if (buffering_ != Buffering::line || held_) return;
  // Only the new bytes can hold a newline: what was buffered before had none left.
  const size_t newline = bytes.rfind('\n');
  if (newline == std::string_view::npos) return;
  const size_t complete = buffer_.size() - bytes.size() + newline + 1;
  write_out(std::string_view(buffer_).substr(0, complete));
  buffer_.erase(0, complete);
}

void FdSink::flush() {
  write_out(buffer_);
  buffer_.clear();
}

void FdSink::flush_record() {
  if (held_) {
    record_waits_ = true;
  } else {
    flush();
  }
}

void FdSink::hold(bool held) {
  held_ = held;
  if (held) return;
  if (record_waits_) {
    record_waits_ = false;
    return flush();
  }
  if (buffering_ != Buffering::line) return;
  const size_t newline = buffer_.rfind('\n');
  if (newline == std::string::npos) return;
  write_out(std::string_view(buffer_).substr(0, newline + 1));
  buffer_.erase(0, newline + 1);
}

// Up to PIPE_BUF bytes enter a pipe together (POSIX, write); of more, a reader that is slow has any part when the writer dies.
size_t FdSink::piece(std::string_view bytes) const {
  if (!is_pipe_ || bytes.size() <= PIPE_BUF) return bytes.size();
  size_t newline = bytes.rfind('\n', PIPE_BUF - 1);
  if (newline == std::string_view::npos) newline = bytes.find('\n', PIPE_BUF);  // one long line
  return newline == std::string_view::npos ? bytes.size() : newline + 1;
}

void FdSink::write_out(std::string_view bytes) {
  while (!bytes.empty() && failed_ == 0) {
    const ssize_t written = ::write(fd_, bytes.data(), piece(bytes));
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      // A terminal or pipe that its other user made non-blocking.
      pollfd ready{fd_, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      failed_ = errno;
    }
  }
}

}  // namespace sonde::print
