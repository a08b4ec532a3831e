// Driver of all fuzzers: feeds mutated corpus files to LLVMFuzzerTestOneInput for a while. Debian's GCC has no libFuzzer,
// and programs are text: splicing tokens of real scripts gets past the parser more often than flipping bits does.
//   fuzz_<name> [--seconds=N] [--seed=N] [--replay=FILE] CORPUS...
// The input being run lies in ./fuzz_<name>.input, so it is still there after a crash; --replay runs it again.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

constexpr size_t max_input = 16384;
constexpr unsigned seconds_per_input = 20;  // SIGALRM ends the process after that: a hang is a failure too

// What turns one valid program into a slightly different one more often than chance would.
constexpr std::string_view snippets[] = {
    "@",
    "@x",
    "@x[1, \"a\"]",
    "$x",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    ",",
    "/",
    "/*",
    "*/",
    "//",
    "\"",
    "'",
    "=>",
    "0",
    "-1",
    "18446744073709551615",
    "9223372036854775808",
    "1e9",
    "0x",
    "1_000",
    "5s",
    "1.5",
    "(uint8)",
    "(int64)",
    "(struct task_struct *)",
    "sizeof(",
    "offsetof(",
    "if (1) {",
    "} else {",
    "while (1) {",
    "for $i : 0..10 {",
    "for ($kv : @x) {",
    "unroll(5) {",
    "macro f($a) {",
    "let $a: uint64 = ",
    "import \"",
    "config = {",
    "begin {",
    "end {",
    "interval:s:1 {",
    "profile:hz:99 {",
    "tracepoint:syscalls:sys_enter_read {",
    "uprobe:/bin/bash:readline {",
    "count()",
    "hist(1)",
    "lhist(1, 0, 10, 1)",
    "stats(1)",
    "print(@x)",
    "printf(\"%d %s\\n\", 1, \"a\")",
    "str($1)",
    "args.filename",
    "args",
    "retval",
    "arg0",
    "comm",
    "pid",
    "nsecs",
    "kstack",
    "ustack(3)",
    "&&",
    "||",
    "==",
    "!=",
    "<<",
    ">>",
    "+=",
    "++",
    "--",
    "~",
    "!",
    "?",
    ":",
    ".",
    "..",
    "->",
    "*",
    "&",
    "%",
    "-",
    "\\",
    "\xff",
    "\n",
};

struct Options {
  unsigned seconds = 20;
  uint64_t seed = 0;
  std::string replay;
  std::vector<std::string> inputs;
};

template <class Number>
bool read_number(std::string_view argument, std::string_view option, Number& value) {
  if (!argument.starts_with(option)) return false;
  argument.remove_prefix(option.size());
  return std::from_chars(argument.data(), argument.data() + argument.size(), value).ec == std::errc();
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// All scripts below the given paths, in a fixed order, so that a seed means the same run everywhere.
std::vector<std::string> read_corpus(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const std::string& path : paths) {
    if (!fs::exists(path)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
      const fs::path extension = entry.path().extension();
      if (entry.is_regular_file() && (extension == ".bt" || extension == ".h" || extension == ".cases"))
        files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus;
  for (const fs::path& file : files) {
    const std::string text = read_file(file);
    if (file.extension() != ".cases") {
      corpus.push_back(text.substr(0, max_input));
      continue;
    }
    std::istringstream lines(text);  // one program per line
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with('#')) corpus.push_back(line.substr(0, max_input));
    }
  }
  if (corpus.empty()) corpus.emplace_back("begin { @x = 1; }");
  return corpus;
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& corpus, uint64_t seed) : corpus_(corpus), random_(seed) {}

  std::string next() {
    std::string text = any_file();
    for (size_t count = below(6); count > 0; --count) mutate(text);
    text.resize(std::min(text.size(), max_input));
    return text;
  }

 private:
  size_t below(size_t limit) { return limit ? random_() % limit : 0; }
  const std::string& any_file() { return corpus_[below(corpus_.size())]; }
  std::string_view any_snippet() { return snippets[below(std::size(snippets))]; }

  void mutate(std::string& text) {
    const size_t at = below(text.size() + 1);
    const size_t length = std::min(below(40), text.size() - at);
    const std::string& other = any_file();
    switch (below(7)) {
      case 0: text.erase(at, length); return;
      case 1: text.insert(at, text.substr(at, length)); return;
      case 2: text.insert(at, any_snippet()); return;
      case 3: text.replace(at, length, any_snippet()); return;
      case 4: text.insert(at, other.substr(below(other.size() + 1), below(200))); return;
      case 5:
        if (at < text.size()) text[at] = static_cast<char>(random_());
        return;
      case 6: text.insert(at, std::string(below(300), "([{-!~"[below(6)])); return;
      default: return;
    }
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_;
};

// A file-backed page run: what was copied there survives any kind of death of this process.
char* map_current_input(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || ftruncate(fd, max_input) != 0) return nullptr;
  void* address = mmap(nullptr, max_input, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return address == MAP_FAILED ? nullptr : static_cast<char*>(address);
}

int run_one(const std::string& text, char* current_input) {
  if (current_input) {
    std::memset(current_input, 0, max_input);
    std::memcpy(current_input, text.data(), text.size());
  }
  alarm(seconds_per_input);
  const int result = LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  alarm(0);
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.seed = std::random_device{}();
  for (int index = 1; index < argc; ++index) {
    const std::string_view argument = argv[index];
    if (argument.starts_with("--replay=")) {
      options.replay = argument.substr(9);
    } else if (!read_number(argument, "--seconds=", options.seconds) &&
               !read_number(argument, "--seed=", options.seed)) {
      options.inputs.emplace_back(argument);
    }
  }
  if (!options.replay.empty()) {
    std::string text = read_file(options.replay);
    text.erase(text.find_last_not_of('\0') + 1);  // the file's padding
    return run_one(text, nullptr);
  }

  const std::string current = fs::path(argv[0]).filename().string() + ".input";
  char* input = map_current_input(current);
  if (!input) {
    std::perror(current.c_str());
    return 2;
  }
  const std::vector<std::string> corpus = read_corpus(options.inputs);
  std::printf("%zu files, seed %llu\n", corpus.size(), static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);

  uint64_t runs = 0;
  for (const std::string& text : corpus) {  // the corpus as it is comes first
    run_one(text, input);
    ++runs;
  }
  Mutator mutator(corpus, options.seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds);
  while (std::chrono::steady_clock::now() < end) {
    const std::string text = mutator.next();
    run_one(text, input);
    ++runs;
  }
  std::printf("%llu inputs\n", static_cast<unsigned long long>(runs));
  munmap(input, max_input);
  unlink(current.c_str());
  return 0;
}
