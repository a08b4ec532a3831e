// Buffering modes, observed at the other end of a pipe.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <csignal>

#include "runtime/print/sink.h"

namespace sonde::print {
namespace {

class SinkTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
    ::fcntl(reader_.get(), F_SETFL, O_NONBLOCK);
  }
  // What has arrived since the last call.
  std::string arrived() {
    std::string text(1 << 20, '\0');
    const ssize_t got = ::read(reader_.get(), text.data(), text.size());
    text.resize(got < 0 ? 0 : static_cast<size_t>(got));
    return text;
  }
  base::Fd reader_, writer_;
};

TEST_F(SinkTest, Modes) {
  EXPECT_EQ(parse_buffering("line"), Buffering::line);
  EXPECT_EQ(parse_buffering("full"), Buffering::full);
  EXPECT_EQ(parse_buffering("none"), Buffering::none);
  EXPECT_EQ(parse_buffering("lines"), std::nullopt);
}

TEST_F(SinkTest, LineGoesOutAtNewlines) {
  FdSink sink(writer_.get(), Buffering::line);
  sink.write("ab");
  EXPECT_EQ(arrived(), "");
  sink.write("c\nd\ne");
  EXPECT_EQ(arrived(), "abc\nd\n");
  sink.flush();
  EXPECT_EQ(arrived(), "e");
}

// A pipe in packet mode shows where one write ended and the next began.
TEST_F(SinkTest, PipesGetLinesWhole) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_DIRECT | O_NONBLOCK), 0);
  reader_.reset(ends[0]);
  const base::Fd packets(ends[1]);
  const std::string line = std::string(1499, 'x') + '\n', longer = std::string(4999, 'y') + '\n';
  FdSink sink(packets.get(), Buffering::full);
  sink.write(line + line + line + longer + line);
  sink.flush();
  EXPECT_EQ(arrived(), line + line);
  EXPECT_EQ(arrived(), line);
  EXPECT_EQ(arrived(), longer.substr(0, PIPE_BUF));  // too long for one
  EXPECT_EQ(arrived(), longer.substr(PIPE_BUF));
  EXPECT_EQ(arrived(), line);
}

TEST_F(SinkTest, FullWaitsForTheBufferOrTheEnd) {
  {
    FdSink sink(writer_.get(), Buffering::full);
    sink.write("a\n");
    EXPECT_EQ(arrived(), "");
    sink.write(std::string(64 * 1024 - 2, 'x'));
    EXPECT_EQ(arrived().size(), 64U * 1024);
    sink.write("b\n");
    EXPECT_EQ(arrived(), "");
    sink.flush_record();
    EXPECT_EQ(arrived(), "b\n");
    sink.write("c\n");
  }
  EXPECT_EQ(arrived(), "c\n");
}

TEST_F(SinkTest, NoneGoesOutAtOnce) {
  FdSink sink(writer_.get(), Buffering::none);
  sink.write("ab");
  EXPECT_EQ(arrived(), "ab");
}

TEST_F(SinkTest, HoldCollectsLinesAndRecords) {
  FdSink sink(writer_.get(), Buffering::line);
  sink.hold(true);
  sink.write("a\nb\nc");
  EXPECT_EQ(arrived(), "");
  sink.hold(false);
  EXPECT_EQ(arrived(), "a\nb\n");
  sink.hold(true);
  sink.flush_record();
  EXPECT_EQ(arrived(), "");
  sink.hold(false);
  EXPECT_EQ(arrived(), "c");
}

TEST_F(SinkTest, ClosedPipeIsRememberedNotFatal) {
  ::signal(SIGPIPE, SIG_IGN);
  reader_.reset();
  FdSink sink(std::move(writer_), Buffering::none);
  sink.write("x");
  EXPECT_EQ(sink.failed(), EPIPE);
  sink.write("y");
}

TEST_F(SinkTest, NonBlockingReaderLosesNothing) {
  ::fcntl(writer_.get(), F_SETFL, O_NONBLOCK);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    {
      FdSink sink(writer_.get(), Buffering::none);
      sink.write(std::string(1'000'000, 'x'));
    }
    ::_exit(0);
  }
  writer_.reset();
  ::fcntl(reader_.get(), F_SETFL, 0);
  size_t total = 0;
  char buffer[4096];
  for (ssize_t got; (got = ::read(reader_.get(), buffer, sizeof buffer)) > 0;) total += static_cast<size_t>(got);
  EXPECT_EQ(total, 1'000'000U);
}

}  // namespace
}  // namespace sonde::print
