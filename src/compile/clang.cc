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

std::string machine() {
  utsname system{};
  ::uname(&system);
  return system.machine;
}

void add_folders(const ClangFolders& folders, std::vector<std::string>& words) {
  for (const std::string& folder : folders.user) words.insert(words.end(), {"-I", folder});
  for (const std::string& folder : folders.system) words.insert(words.end(), {"-isystem", folder});
  // Headers of the C library include <asm/...>, which multiarch systems keep apart.
  words.insert(words.end(), {"-idirafter", "/usr/include/" + machine() + "-linux-gnu"});
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
        result.output.insert(result.output.end(), chunk.data(), chunk.data() + got);
      else
        result.messages.append(chunk.data(), static_cast<size_t>(got));
    }
  }
}

// The headers that clang read go to `rule` as -MD writes them, where that is a file.
Result<ClangOutput> run(std::vector<std::string> words, std::string_view input, const base::Fd& rule) {
  const std::string clang = words.front();
  if (rule.valid()) words.insert(words.begin() + 1, {"-MD", "-MF", "/proc/self/fd/" + std::to_string(kRuleFd)});
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
  if (!text.valid() || ::pwrite(text.get(), input.data(), input.size(), 0) != static_cast<ssize_t>(input.size()))
    return base::fail_errno("memfd_create");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, text.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output_write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, messages_write.get(), STDERR_FILENO);
  if (rule.valid()) ::posix_spawn_file_actions_adddup2(&actions, rule.get(), kRuleFd);
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
  return result;
}

// One run that may read headers.
Result<ClangOutput> run_with_headers(const std::vector<std::string>& words, const std::string& text) {
  const ClangCache cache(words, text);
  if (auto known = cache.find()) return *known;
  const base::Fd rule(::memfd_create("sonde-rule", MFD_CLOEXEC));
  if (!rule.valid()) return base::fail_errno("memfd_create");
  auto result = run(words, text, rule);
  std::string files(static_cast<size_t>(std::max<off_t>(::lseek(rule.get(), 0, SEEK_END), 0)), '\0');
  if (result && ::pread(rule.get(), files.data(), files.size(), 0) == static_cast<ssize_t>(files.size()))
    cache.keep(*result, files);
  return result;
}

std::unexpected<base::Error> no_clang() {
  return base::fail("importing C source needs clang, and there is none in PATH");
}

}  // namespace

Result<ClangOutput> compile_bpf(const std::string& path, const std::vector<std::string>& folders) {
  const std::string clang = find_clang();
  if (clang.empty()) return no_clang();
  // The C library's headers look for those of 32 bits where the compiler does not name a machine.
  std::vector<std::string> words = {clang,
                                    "-target",
                                    "bpf",
                                    "-mcpu=v3",
                                    "-O2",
                                    "-g",
                                    "-c",
                                    "-o",
                                    "-",
                                    target_define(machine()),
                                    "-D__" + machine() + "__"};
  add_folders({folders, {}}, words);
  words.insert(words.end(), {"--", path});
  return run_with_headers(words, {});
}

Result<ClangOutput> preprocess(const std::string& text, const ClangFolders& folders) {
  const std::string clang = find_clang();
  if (clang.empty()) return no_clang();
  std::vector<std::string> words = {clang, "-target", machine() + "-linux-gnu", "-w", "-E", "-dD"};
  add_folders(folders, words);
  words.insert(words.end(), {"-x", "c", "-"});
  return run_with_headers(words, text);
}

// Only BPF's code generator writes BTF, while sizes, predefined macros and inline assembly are those of this machine: so
// the text is compiled for this machine, and the code for BPF.
Result<ClangOutput> compile_types(const std::string& text) {
  const std::string clang = find_clang();
  if (clang.empty()) return no_clang();
  const std::vector<std::string> front = {clang,
                                          "-target",
                                          machine() + "-linux-gnu",
                                          "-std=gnu17",
                                          "-Wno-everything",
                                          "-O0",
                                          "-g",
                                          "-undef",
                                          "-emit-llvm",
                                          "-c",
                                          "-o",
                                          "-",
                                          "-x",
                                          "c",
                                          "-"};
  const std::vector<std::string> back = {clang, "-target", "bpf", "-Wno-everything", "-g", "-c", "-o", "-",
                                         "-x",  "ir",      "-"};
  std::vector<std::string> both = front;
  both.insert(both.end(), back.begin(), back.end());
  const ClangCache cache(both, text);
  if (auto known = cache.find()) return *known;
  auto result = run(front, text, {});
  if (!result || !result->good) return result;
  result = run(back, {result->output.data(), result->output.size()}, {});
  if (result) cache.keep(*result, {});
  return result;
}

}  // namespace sonde::compile
