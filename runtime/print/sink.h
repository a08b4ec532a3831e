// Sinks on a file descriptor, with the buffering modes of `-B`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "runtime/print/printer.h"

namespace sonde::print {

// line: out at every newline; full: when the buffer is full and at exit; none: at every write.
enum class Buffering : uint8_t { line, full, none };

// Reads the value of `-B`.
std::optional<Buffering> parse_buffering(std::string_view text);

// Writes to a descriptor. What cannot be written (closed pipe, full disk) is dropped; `failed()` then says so. A pipe gets lines
// of up to PIPE_BUF bytes whole or not at all, even from a process that is being killed.
class FdSink : public Sink {
 public:
  // Does not own `fd`.
  FdSink(int fd, Buffering buffering);
  // Owns `fd`.
  FdSink(base::Fd fd, Buffering buffering);
  ~FdSink() override;
  FdSink(const FdSink&) = delete;
  FdSink& operator=(const FdSink&) = delete;

  void write(std::string_view bytes) override;
  void flush() override;
  void flush_record() override;
  void hold(bool held) override;
  int failed() const override { return failed_; }

 private:
  void write_out(std::string_view bytes);
  // How much of `bytes` goes into the next write.
  size_t piece(std::string_view bytes) const;

  base::Fd owned_;
  int fd_;
  Buffering buffering_;
  bool is_pipe_;
  bool held_ = false;
  bool record_waits_ = false;  // flush_record() came during a hold
  int failed_ = 0;
  std::string buffer_;
};

// Collects everything in memory (tests, `--test` mode).
class StringSink : public Sink {
 public:
  void write(std::string_view bytes) override { text_ += bytes; }
  void flush() override {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace sonde::print
