// clang as a child process, output and messages through pipes: no temporary files.
#include "compile/clang.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "base/fd.h"
#include "compile/clang_cache.h"

namespace sonde::compile {
namespace {

// BTF for BPF since 12; the newest first where a distribution names them by version only.
constexpr std::array<const char*, 10> kNames = {"clang",    "clang-21", "clang-20", "clang-19", "clang-18",
                                                "clang-17", "clang-16", "clang-15", "clang-14", "clang-13"};

constexpr int kRuleFd = 3;  // where clang writes which files it read

std::string find_clang() {
  const char* path = std::getenv("PATH");
  for (const char* name : kNames) {
    for (std::string_view rest = path ? path : "/usr/bin:/bin"; !rest.empty();) {
      const size_t colon = rest.find(':');
      const std::string candidate = std::string(rest.substr(0, colon)) + "/" + name;
      rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
      if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
  }
  return {};
}

// The name that kernel headers and libbpf's macros give an architecture.
std::string target_define(std::string_view machine) {
  const std::string name = machine == "x86_64" ? "x86" : machine == "aarch64" ? "arm64" : std::string(machine);
  return "-D__TARGET_ARCH_" + name;
}

std::vector<std::string> arguments_for(const std::string& clang, const ClangInput& input) {
  utsname system{};
  ::uname(&system);
  const std::string machine = system.machine;
  std::vector<std::string> arguments = {clang, "-target", "bpf", "-mcpu=v3", "-O2",
                                        "-g",  "-c",      "-o",  "-",        target_define(machine)};
  for (const std::string& folder : input.folders) arguments.insert(arguments.end(), {"-I", folder});
  // Headers of the C library include <asm/...>, which multiarch systems keep apart.
  arguments.insert(arguments.end(), {"-idirafter", "/usr/include/" + machine + "-linux-gnu"});
  if (input.path.empty())
    arguments.insert(arguments.end(), {"-x", "c", "-"});
  else
    arguments.insert(arguments.end(), {"--", input.path});
  return arguments;
}

// Reads both pipes to their ends, whichever has something.
void read_both(int output, int messages, ClangOutput& result) {
  std::array<pollfd, 2> sources = {{{output, POLLIN, 0}, {messages, POLLIN, 0}}};
  std::array<char, 65536> chunk;
  while (sources[0].fd >= 0 || sources[1].fd >= 0) {
    if (::poll(sources.data(), sources.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    for (size_t i = 0; i < sources.size(); ++i) {
      if (sources[i].fd < 0 || sources[i].revents == 0) continue;
      const ssize_t got = ::read(sources[i].fd, chunk.data(), chunk.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0)
        sources[i].fd = -1;
      else if (i == 0)
        result.object.insert(result.object.end(), chunk.data(), chunk.data() + got);
      else
        result.messages.append(chunk.data(), static_cast<size_t>(got));
    }
  }
}

}  // namespace

Result<ClangOutput> compile_bpf(const ClangInput& input) {
  const std::string clang = find_clang();
  if (clang.empty()) return base::fail("importing C source needs clang, and there is none in PATH");
  std::vector<std::string> words = arguments_for(clang, input);
  const ClangCache cache(words, input.text);
  if (auto known = cache.find()) return *known;
  words.insert(words.begin() + 1, {"-MD", "-MF", "/proc/self/fd/" + std::to_string(kRuleFd)});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  int output[2];
  int messages[2];
  if (::pipe2(output, O_CLOEXEC) != 0) return base::fail_errno("pipe");
  const base::Fd output_read(output[0]);
  base::Fd output_write(output[1]);
  if (::pipe2(messages, O_CLOEXEC) != 0) return base::fail_errno("pipe");
  const base::Fd messages_read(messages[0]);
  base::Fd messages_write(messages[1]);
  const base::Fd text(::memfd_create("sonde-text", MFD_CLOEXEC));
  if (!text.valid() ||
      ::pwrite(text.get(), input.text.data(), input.text.size(), 0) != static_cast<ssize_t>(input.text.size()))
    return base::fail_errno("memfd_create");
  const base::Fd rule(::memfd_create("sonde-rule", MFD_CLOEXEC));
  if (!rule.valid()) return base::fail_errno("memfd_create");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, text.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output_write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, messages_write.get(), STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, rule.get(), kRuleFd);
  pid_t pid = -1;
  const int code = ::posix_spawn(&pid, clang.c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (code != 0) return base::fail("run " + clang, code);
  output_write.reset();
  messages_write.reset();

  ClangOutput result;
  read_both(output_read.get(), messages_read.get(), result);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  result.good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  std::string files(static_cast<size_t>(std::max<off_t>(::lseek(rule.get(), 0, SEEK_END), 0)), '\0');
  if (::pread(rule.get(), files.data(), files.size(), 0) == static_cast<ssize_t>(files.size()))
    cache.keep(result, files);
  return result;
}

}  // namespace sonde::compile
