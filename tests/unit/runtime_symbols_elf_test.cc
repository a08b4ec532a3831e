// ELF symbol tables: this test itself, the C library, separate debug files and damaged files.
#include <gtest/gtest.h>

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>

#include "runtime/symbols/elf.h"

extern "C" {
__attribute__((noinline, used)) int sonde_elf_landmark(int x) { return x * 3 + 1; }
volatile int sonde_elf_number = 77;
}

namespace sonde::symbols {
namespace {

// The C library's file. In an executable that is not position independent &qsort is a stub of its own.
std::string library_path() {
  Dl_info info = {};
  EXPECT_NE(::dladdr(::dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &info), 0);
  return info.dli_fname ? info.dli_fname : "";
}

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Elf, FindsItsOwnFunctions) {
  auto file = ElfFile::open("/proc/self/exe");
  ASSERT_TRUE(file);
  const auto symbol = (*file)->find(std::string_view("sonde_elf_landmark"));
  ASSERT_TRUE(symbol);
  EXPECT_GT(symbol->size, 0U);
  for (const uint64_t offset : {uint64_t{0}, symbol->size - 1}) {
    const auto found = (*file)->find(symbol->address + offset);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->name, "sonde_elf_landmark");
    EXPECT_EQ(found->address, symbol->address);
  }
  EXPECT_FALSE((*file)->find(uint64_t{1}));
  EXPECT_FALSE((*file)->find(UINT64_MAX));
  EXPECT_FALSE((*file)->find(std::string_view("sonde_elf_nowhere")));
  ASSERT_EQ(sonde_elf_landmark(sonde_elf_number), 232);
  const auto number = (*file)->find(std::string_view("sonde_elf_number"));
  ASSERT_TRUE(number);
  EXPECT_EQ(number->size, 4U);
}

TEST(Elf, OffsetsAreThoseOfTheFile) {
  auto file = ElfFile::open("/proc/self/exe");
  ASSERT_TRUE(file);
  const auto symbol = (*file)->find(std::string_view("sonde_elf_landmark"));
  ASSERT_TRUE(symbol);
  const auto offset = file_offset_of_symbol("/proc/self/exe", "sonde_elf_landmark");
  ASSERT_TRUE(offset) << offset.error().text();
  EXPECT_EQ((*file)->address_at(*offset), symbol->address);
  // The bytes there are the code in memory.
  const std::string bytes = slurp("/proc/self/exe");
  EXPECT_EQ(std::memcmp(bytes.data() + *offset, reinterpret_cast<const void*>(&sonde_elf_landmark), symbol->size), 0);
  EXPECT_FALSE((*file)->file_offset(UINT64_MAX));
  EXPECT_FALSE((*file)->address_at(UINT64_MAX));
}

TEST(Elf, LibraryOffsets) {
  const auto offset = file_offset_of_symbol(library_path(), "qsort");
  ASSERT_TRUE(offset) << offset.error().text();
  auto file = ElfFile::open(library_path());
  ASSERT_TRUE(file);
  const auto symbol = (*file)->find(std::string_view("qsort"));
  ASSERT_TRUE(symbol);
  EXPECT_EQ((*file)->file_offset(symbol->address), *offset);
  const auto found = (*file)->find(symbol->address + 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->address, symbol->address);
}

TEST(Elf, AliasesShowTheNameWithoutUnderscores) {
  auto file = ElfFile::open(library_path());
  ASSERT_TRUE(file);
  // libc has malloc and __libc_malloc at one address.
  const auto symbol = (*file)->find(std::string_view("malloc"));
  ASSERT_TRUE(symbol);
  EXPECT_EQ((*file)->find(symbol->address)->name, "malloc");
}

TEST(Elf, ErrorsSayWhatWasTried) {
  const auto missing = file_offset_of_symbol("/nonexistent", "f");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().text(), "open /nonexistent: No such file or directory");
  const auto text = ElfFile::open("/proc/self/status");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().text(), "read /proc/self/status: not an ELF file");
  const auto symbol = file_offset_of_symbol("/proc/self/exe", "sonde_elf_nowhere");
  ASSERT_FALSE(symbol);
  EXPECT_EQ(symbol.error().text(), "Could not resolve symbol: /proc/self/exe:sonde_elf_nowhere");
}

TEST(Elf, BuildIdIsHex) {
  auto file = ElfFile::open(library_path());
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->build_id().size(), 40U);
  EXPECT_EQ((*file)->build_id().find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Elf, ReleasedFilesKeepTheirFunctions) {
  auto file = ElfFile::open("/proc/self/exe");
  ASSERT_TRUE(file);
  const auto before = (*file)->find(std::string_view("sonde_elf_landmark"));
  (*file)->release();
  const auto after = (*file)->find(std::string_view("sonde_elf_landmark"));
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->address, after->address);
  EXPECT_EQ((*file)->find(after->address + 1)->name, "sonde_elf_landmark");
}

// A stripped copy finds its static functions again through the debug file of its build id.
TEST(Elf, SeparateDebugFile) {
  char root[] = "/tmp/sonde-elf-XXXXXX";
  ASSERT_NE(::mkdtemp(root), nullptr);
  const std::string base = root;
  const auto run = [](const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()); };
  std::ofstream(base + "/p.c") << "static __attribute__((noinline)) int hidden(int x) { return x + 42; }\n"
                                  "int main(int c, char **v) { (void)v; return hidden(c); }\n";
  if (run("cc -O1 -fno-ipa-sra -Wl,--build-id=sha1 -o " + base + "/p " + base + "/p.c") != 0)
    GTEST_SKIP() << "no C compiler";
  auto whole = ElfFile::open(base + "/p");
  ASSERT_TRUE(whole);
  const auto hidden = (*whole)->find(std::string_view("hidden"));
  ASSERT_TRUE(hidden);
  const std::string id = (*whole)->build_id();
  ASSERT_EQ(id.size(), 40U);
  const std::string folder = base + "/.build-id/" + id.substr(0, 2);
  ASSERT_EQ(run("mkdir -p " + folder + " && objcopy --only-keep-debug " + base + "/p " + folder + "/" + id.substr(2) +
                ".debug && strip " + base + "/p"),
            0);
  auto bare = ElfFile::open(base + "/p", {"/nonexistent"});
  ASSERT_TRUE(bare);
  EXPECT_FALSE((*bare)->find(hidden->address));
  auto stripped = ElfFile::open(base + "/p", {base});
  ASSERT_TRUE(stripped);
  const auto found = (*stripped)->find(hidden->address + 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "hidden");
  EXPECT_EQ((*stripped)->find(std::string_view("hidden"))->address, hidden->address);
  run("rm -r " + base);
}

TEST(Elf, MemoryImages) {
  EXPECT_FALSE(ElfFile::from_memory({}));
  EXPECT_FALSE(ElfFile::from_memory(std::vector<char>(100, 'x')));
  const std::string bytes = slurp("/proc/self/exe");
  auto file = ElfFile::from_memory({bytes.begin(), bytes.end()});
  ASSERT_TRUE(file);
  const auto symbol = (*file)->find(std::string_view("sonde_elf_landmark"));
  ASSERT_TRUE(symbol);
  EXPECT_EQ((*file)->find(symbol->address + 1)->name, "sonde_elf_landmark");
}

TEST(Elf, DamagedFilesAreHarmless) {
  char path[] = "/tmp/sonde-elf-XXXXXX";
  const int fd = ::mkstemp(path);
  ASSERT_GE(fd, 0);
  ::close(fd);
  const std::string good = slurp("/lib/x86_64-linux-gnu/libdl.so.2");
  if (good.empty()) GTEST_SKIP() << "no small library to damage";
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::string bad = good;
    for (int change = 0; change < 8; ++change) {
      // Headers at both ends of the file are where damage matters.
      const size_t range = random() % 2 ? 1024 : bad.size();
      const size_t at = random() % 2 ? random() % range : bad.size() - 1 - random() % range;
      bad[at] = static_cast<char>(random());
    }
    if (random() % 4 == 0) bad.resize(random() % bad.size());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bad;
    if (auto file = ElfFile::open(path)) {
      (*file)->find(uint64_t{0x1000});
      (*file)->find(std::string_view("dlopen"));
    }
  }
  ::unlink(path);
}

}  // namespace
}  // namespace sonde::symbols
