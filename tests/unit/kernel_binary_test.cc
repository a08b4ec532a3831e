// User binaries: the test's own executable is the subject.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "kernel/binary_view.h"
#include "kernel/library_cache.h"

// Found by name in this very binary.
extern "C" __attribute__((noinline)) int sonde_test_target(int x) {
  asm volatile("");
  return x * 3 + 1;
}

namespace sonde::kernel {
namespace {

const std::string kSelf = "/proc/self/exe";

TEST(Binary, FunctionsHaveOffsets) {
  BinaryView view;
  ASSERT_EQ(sonde_test_target(1), 4);
  const auto target = view.find_function(kSelf, "sonde_test_target");
  ASSERT_TRUE(target) << target.error().text();
  EXPECT_GT(target->size, 0u);
  // The code at the file offset is the code in memory.
  std::ifstream file(kSelf, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(target->file_offset));
  std::string bytes(target->size, 0);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  EXPECT_EQ(std::memcmp(bytes.data(), reinterpret_cast<const void*>(&sonde_test_target), bytes.size()), 0);
  const auto inside = view.find_address(kSelf, target->address + 1);
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->name, "sonde_test_target");
  EXPECT_FALSE(view.find_address(kSelf, 1));
  EXPECT_FALSE(view.find_function(kSelf, "sonde_test_targe"));
}

TEST(Binary, TargetsAreSearched) {
  BinaryView view;
  const auto shell = view.resolve_path("sh", "uprobe");
  ASSERT_TRUE(shell) << shell.error().text();
  EXPECT_TRUE((*shell)[0].ends_with("/sh"));
  const auto exact = view.resolve_path((*shell)[0], "uprobe");
  ASSERT_TRUE(exact);
  EXPECT_EQ(exact->size(), 1u);
  EXPECT_EQ(view.resolve_path("/etc/passwd", "uprobe").error().what,
            "uprobe target file '/etc/passwd' does not exist or is not executable");
  EXPECT_FALSE(view.functions("/etc/passwd"));
}

TEST(Binary, LibrariesByShortName) {
  BinaryView view;
  const auto library = view.resolve_path("libc", "uprobe");
  ASSERT_TRUE(library) << library.error().text();
  EXPECT_NE((*library)[0].find("/libc.so"), std::string::npos);
  EXPECT_TRUE(view.find_function((*library)[0], "malloc"));
  EXPECT_EQ(*view.resolve_path("libc.so.6", "uprobe"), *library);
  EXPECT_FALSE(view.resolve_path("libc", "usdt"));
}

TEST(Binary, DamagedCacheHasNoLibraries) {
  EXPECT_EQ(find_library("", "libc"), "");
  EXPECT_EQ(find_library("glibc-ld.so.cache1.1", "libc"), "");
  EXPECT_EQ(find_library("glibc-ld.so.cache1.1" + std::string(200, '\xff'), "libc"), "");
}

}  // namespace
}  // namespace sonde::kernel
