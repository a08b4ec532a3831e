// User symbols: mappings, living and dead processes, JIT maps, C++ names.
#include <gtest/gtest.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "runtime/symbols/user.h"

namespace sonde::symbols {

__attribute__((noinline)) int symbol_landmark(int x) {
  asm volatile("");
  return x + 1;
}

namespace {

uint64_t landmark() { return reinterpret_cast<uint64_t>(&symbol_landmark); }
uint32_t self() { return static_cast<uint32_t>(::getpid()); }

// A child that waits until its end.
class Child {
 public:
  Child() {
    EXPECT_EQ(::pipe2(pipe_, O_CLOEXEC), 0);
    pid_ = ::fork();
    EXPECT_GE(pid_, 0);
    if (pid_ != 0) return;
    char path[64] = {};
    if (::read(pipe_[0], path, sizeof path - 1) > 0) ::execl(path, path, "60", nullptr);
    for (;;) ::pause();
  }
  ~Child() { end(); }
  void end() {
    if (pid_ <= 0) return;
    ::close(pipe_[0]);
    ::close(pipe_[1]);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  // Lets the child execute another program (which gets the argument 60) and waits until it does.
  void replace(const char* path) {
    ASSERT_GT(::write(pipe_[1], path, std::strlen(path)), 0);
    const std::string link = "/proc/" + std::to_string(pid_) + "/exe";
    char target[256];
    for (int tries = 0; tries < 500; ++tries) {
      const ssize_t length = ::readlink(link.c_str(), target, sizeof target);
      if (length > 0 && !std::string_view(target, static_cast<size_t>(length)).ends_with("unit_runtime")) return;
      ::usleep(10'000);
    }
    FAIL() << "the child did not start " << path;
  }
  uint32_t pid() const { return static_cast<uint32_t>(pid_); }

 private:
  pid_t pid_ = -1;
  int pipe_[2] = {-1, -1};
};

// The address in the library itself: in an executable that is not position independent, &malloc is a stub of its own.
uint64_t library_function(const char* name) { return reinterpret_cast<uint64_t>(::dlsym(RTLD_DEFAULT, name)); }

TEST(Mappings, OnlyExecutableOnes) {
  const auto mappings = parse_mappings(
      "7f0000002000-7f0000003000 r-xp 00001000 fe:00 1234                       /usr/lib/with space.so\n"
      "555500000000-555500001000 r--p 00000000 fe:00 99                         /bin/x\n"
      "555500001000-555500002000 r-xp 00001000 fe:00 99                         /bin/x\n"
      "7f0000004000-7f0000005000 rwxp 00000000 00:00 0 \n"
      "bad line\n"
      "7ffc00000000-7ffc00002000 r-xp 00000000 00:00 0                          [vdso]");
  ASSERT_EQ(mappings.size(), 4U);
  EXPECT_EQ(mappings[0].path, "/bin/x");
  EXPECT_EQ(mappings[0].file_offset, 0x1000U);
  EXPECT_EQ(mappings[0].inode, 99U);
  EXPECT_EQ(mappings[1].path, "/usr/lib/with space.so");
  EXPECT_EQ(mappings[2].path, "");
  EXPECT_EQ(mappings[3].path, "[vdso]");
  EXPECT_EQ(mappings[3].end, 0x7ffc00002000U);
}

TEST(User, OwnFunctionsAreDemangled) {
  Symbols symbols;
  const UserPlace place = symbols.user(self(), landmark() + 2);
  ASSERT_TRUE(place.symbol);
  EXPECT_EQ(place.symbol->name, "sonde::symbols::symbol_landmark(int)");
  EXPECT_EQ(place.symbol->offset, 2U);
  EXPECT_TRUE(place.object.ends_with("unit_runtime")) << place.object;
  Symbols plain({.demangle = false});
  EXPECT_EQ(plain.user(self(), landmark()).symbol->name, "_ZN5sonde7symbols15symbol_landmarkEi");
}

TEST(User, LibraryFunctions) {
  Symbols symbols;
  const UserPlace place = symbols.user(self(), library_function("gnu_get_libc_version") + 1);
  ASSERT_TRUE(place.symbol);
  EXPECT_EQ(place.symbol->name, "gnu_get_libc_version");
  EXPECT_EQ(place.symbol->offset, 1U);
}

TEST(User, TheVdso) {
  const auto address = ::getauxval(AT_SYSINFO_EHDR);
  if (address == 0) GTEST_SKIP() << "no vdso";
  // Its functions follow the headers somewhere in the first pages.
  Symbols symbols;
  std::string names;
  for (uint64_t offset = 0; offset < 8192; offset += 16) {
    const UserPlace place = symbols.user(self(), address + offset);
    if (place.symbol) names += std::string(place.symbol->name) + " ";
  }
  EXPECT_NE(names.find("gettime"), std::string::npos) << names;
}

TEST(User, UnknownAddressesAndProcesses) {
  Symbols symbols;
  EXPECT_FALSE(symbols.user(self(), 0).symbol);
  EXPECT_TRUE(symbols.user(self(), 0).object.empty());
  EXPECT_FALSE(symbols.user(UINT32_MAX, landmark()).symbol);
}

TEST(User, ProcessesStayKnownAfterTheirEnd) {
  Symbols symbols;
  Child child, forgotten;
  const uint32_t pid = child.pid(), other = forgotten.pid();
  symbols.remember(pid);
  child.end();
  forgotten.end();
  const UserPlace place = symbols.user(pid, landmark());
  ASSERT_TRUE(place.symbol);
  EXPECT_EQ(place.symbol->name, "sonde::symbols::symbol_landmark(int)");
  EXPECT_FALSE(symbols.user(other, landmark()).symbol);
}

TEST(User, RememberingSeesWhatWasMappedSince) {
  Symbols symbols;
  Child child;
  symbols.remember(child.pid());
  child.replace("/bin/sleep");
  symbols.remember(child.pid());
  const UserPlace before = symbols.user(child.pid(), landmark());
  EXPECT_FALSE(before.symbol && before.symbol->name.find("landmark") != std::string_view::npos);
}

TEST(User, NewMappingsAreFoundLater) {
  Symbols symbols;
  ASSERT_TRUE(symbols.user(self(), landmark()).symbol);
  void* code = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(code, MAP_FAILED);
  const auto start = reinterpret_cast<uint64_t>(code);
  const std::string path = "/tmp/perf-" + std::to_string(::getpid()) + ".map";
  char line[64];
  std::snprintf(line, sizeof line, "%lx 20 jit one\n", static_cast<unsigned long>(start));
  std::ofstream(path) << line;
  ::usleep(30'000);  // mappings are read again at most every 20 ms
  UserPlace place = symbols.user(self(), start + 5);
  ASSERT_TRUE(place.symbol);
  EXPECT_EQ(place.symbol->name, "jit one");
  EXPECT_EQ(place.symbol->offset, 5U);
  EXPECT_FALSE(symbols.user(self(), start + 0x20).symbol);
  // The compiler went on.
  std::snprintf(line, sizeof line, "%lx 10 jit two\n", static_cast<unsigned long>(start + 0x20));
  std::ofstream(path, std::ios::app) << line;
  place = symbols.user(self(), start + 0x20);
  ASSERT_TRUE(place.symbol);
  EXPECT_EQ(place.symbol->name, "jit two");
  ::unlink(path.c_str());
  ::munmap(code, 4096);
}

TEST(User, WithoutCacheNothingIsRemembered) {
  Symbols symbols({.cache_processes = false});
  Child child;
  EXPECT_TRUE(symbols.user(child.pid(), landmark()).symbol);
}

// Oldest first, however often they were asked about; who still lives is found again.
TEST(User, OnlySoManyProcessesAreKnown) {
  Symbols symbols({.most_processes = 2});
  Child early;
  Child late;
  EXPECT_TRUE(symbols.user(early.pid(), landmark()).symbol);
  EXPECT_TRUE(symbols.user(late.pid(), landmark()).symbol);
  EXPECT_TRUE(symbols.user(self(), landmark()).symbol);
  EXPECT_TRUE(symbols.user(early.pid(), landmark()).symbol) << "read again";
  const uint32_t gone = late.pid();
  late.end();
  EXPECT_EQ(symbols.unnamed(), 0U);
  EXPECT_FALSE(symbols.user(gone, landmark()).symbol);
  EXPECT_EQ(symbols.unnamed(), 1U);
}

// As a machine that compiles and tests all day: what was deleted gives its disk space back when its processes are forgotten.
TEST(User, ForgottenFilesAreClosed) {
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  UserSymbols symbols({.most_processes = 4});
  const auto before = open_files();
  for (uint32_t pid = 0; pid < 400; ++pid) {
    const std::string path = "/tmp/sonde-unit-" + std::to_string(::getpid());
    std::filesystem::copy_file("/bin/true", path);
    struct stat status = {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    symbols.record_mapping(4'000'000 + pid, {.start = 0x1000, .end = 0x2000, .inode = status.st_ino, .path = path});
    std::filesystem::remove(path);
  }
  EXPECT_GT(open_files(), before + 4) << "the test opens nothing";
  EXPECT_LT(open_files(), before + 100);
}

TEST(User, BuildIdAndFileOffset) {
  Symbols symbols;
  const UserPlace place = symbols.user(self(), library_function("gnu_get_libc_version"));
  ASSERT_FALSE(place.object.empty());
  EXPECT_EQ(place.build_id.size(), 40U);
  const auto offset = file_offset_of_symbol(std::string(place.object), "gnu_get_libc_version");
  ASSERT_TRUE(offset);
  EXPECT_EQ(place.file_offset, *offset);
}

}  // namespace
}  // namespace sonde::symbols
