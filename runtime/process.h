// The traced process: a child of ours that waits for its probes (-c), or one that is already there (-p).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace sonde::runtime {

// Splits CMD at every blank (no quoting) and finds its program: as given, else in $PATH. Fails with the text of
// cli.md 4.1 if there is none or it is ambiguous.
Result<std::string> resolve_command(const std::string& command);

// How a child ended.
struct ChildExit {
  bool signalled = false;
  int code = 0;  // exit code or signal number
};

// A child between clone and exec. It gets SIGTERM if we die, and SIGKILL when the object goes while it still lives.
class ChildProcess {
 public:
  // Clones at once; the child waits for release() before it executes `command`.
  static Result<ChildProcess> start(const std::string& command);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) = delete;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  // Readable once the child has ended.
  int pidfd() const { return pidfd_.get(); }
  // Lets it run. Fails if it cannot execute its program.
  Result<> release();
  // SIGTERM, then waits; a child that ignores it for some seconds is killed.
  void terminate();
  // Reaps the child if it has ended.
  std::optional<ChildExit> poll_exit();

 private:
  ChildProcess() = default;

  pid_t pid_ = -1;
  bool reaped_ = false;
  base::Fd pidfd_;
  base::Fd go_;      // written to release
  base::Fd failed_;  // the child's errno if exec failed, else end of file
};

// A process id as -p takes it. Fails with the text of cli.md 2.
Result<pid_t> parse_pid(std::string_view text);

// Opens a process by number: the result becomes readable when it ends. Fails with the text of cli.md 2.
Result<base::Fd> open_process(pid_t pid);

}  // namespace sonde::runtime
