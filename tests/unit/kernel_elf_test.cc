// Instruction lengths, archives, notes and mapped files.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "elf/open.h"
#include "elf/zip_member.h"
#include "kernel/binary_view.h"
#include "kernel/process_files.h"
#include "kernel/x86_length.h"

namespace sonde::kernel {
namespace {

size_t length(std::initializer_list<uint8_t> bytes) { return x86_instruction_length(std::vector<uint8_t>(bytes)); }

TEST(X86Length, KnowsEveryShape) {
  EXPECT_EQ(length({0x90}), 1u);                                         // nop
  EXPECT_EQ(length({0xf3, 0x0f, 0x1e, 0xfa}), 4u);                       // endbr64
  EXPECT_EQ(length({0x48, 0x89, 0xe5}), 3u);                             // mov %rsp,%rbp
  EXPECT_EQ(length({0x48, 0x8b, 0x04, 0x25, 1, 2, 3, 4}), 8u);           // mov 0x4030201,%rax
  EXPECT_EQ(length({0x8b, 0x84, 0x8d, 1, 2, 3, 4}), 7u);                 // mov disp32(%rbp,%rcx,4),%eax
  EXPECT_EQ(length({0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}), 10u);          // movabs
  EXPECT_EQ(length({0x66, 0xb8, 1, 2}), 4u);                             // mov $imm16,%ax
  EXPECT_EQ(length({0xf6, 0xc1, 1}), 3u);                                // test $1,%cl
  EXPECT_EQ(length({0xf6, 0xd1}), 2u);                                   // not %cl
  EXPECT_EQ(length({0xf7, 0x05, 1, 2, 3, 4, 5, 6, 7, 8}), 10u);          // testl $imm,disp(%rip)
  EXPECT_EQ(length({0xe8, 1, 2, 3, 4}), 5u);                             // call
  EXPECT_EQ(length({0x0f, 0x84, 1, 2, 3, 4}), 6u);                       // je
  EXPECT_EQ(length({0xc8, 1, 2, 3}), 4u);                                // enter
  EXPECT_EQ(length({0xc5, 0xf8, 0x77}), 3u);                             // vzeroupper
  EXPECT_EQ(length({0xc4, 0xe3, 0x7d, 0x39, 0xc1, 1}), 6u);              // vextracti128
  EXPECT_EQ(length({0x62, 0xf1, 0xfe, 0x48, 0x6f, 0x07}), 6u);           // vmovdqu64 (%rdi),%zmm0
  EXPECT_EQ(length({0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0}), 9u);  // mov %fs:0x28,%rax
}

TEST(X86Length, RefusesWhatIsNone) {
  EXPECT_EQ(length({}), 0u);
  EXPECT_EQ(length({0xe8, 1, 2}), 0u);  // cut off
  EXPECT_EQ(length({0x06}), 0u);        // not in 64-bit mode
  EXPECT_EQ(length({0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90}),
            0u);
}

// One member `name` with four bytes, as the format says.
std::string archive(const std::string& name, uint16_t method, size_t local_extra) {
  std::string out;
  const auto number = [&](uint64_t value, size_t size) { out.append(reinterpret_cast<const char*>(&value), size); };
  const auto common = [&] {  // version ... sizes
    number(20, 2), number(0, 2), number(method, 2), number(0, 4), number(0, 4), number(4, 4), number(4, 4);
  };
  number(0x04034b50, 4), common(), number(name.size(), 2), number(local_extra, 2);
  out += name + std::string(local_extra, 'e') + "DATA";
  const size_t directory = out.size();
  number(0x02014b50, 4), number(20, 2), common(), number(name.size(), 2), number(0, 2), number(0, 2), number(0, 8);
  number(0, 4);
  out += name;
  const size_t end = out.size();
  number(0x06054b50, 4), number(0, 4), number(1, 2), number(1, 2), number(end - directory, 4), number(directory, 4);
  number(7, 2);
  return out + "comment";
}

TEST(ZipMember, IsFoundBehindItsOwnHeader) {
  const std::string bytes = archive("lib/x.so", 0, 11);
  const auto member = elf::find_zip_member(bytes, "lib/x.so");
  ASSERT_TRUE(member) << member.error().text();
  EXPECT_TRUE(member->stored);
  EXPECT_EQ(bytes.substr(member->offset, member->size), "DATA");
  EXPECT_FALSE(elf::find_zip_member(bytes, "lib/x"));
  EXPECT_FALSE(elf::find_zip_member(archive("a", 8, 0), "a")->stored);
}

TEST(ZipMember, SurvivesAnyCut) {
  const std::string bytes = archive("a", 0, 0);
  constexpr size_t kComment = 7;
  for (size_t size = 0; size < bytes.size() - kComment; ++size)
    EXPECT_FALSE(elf::find_zip_member(bytes.substr(0, size), "a"));
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = '\xff';
    const auto member = elf::find_zip_member(damaged, "a");
    if (member) {
      EXPECT_LE(member->offset + member->size, damaged.size());
    }
  }
}

TEST(ElfPath, MemberIsBehindTheMark) {
  EXPECT_EQ(elf::split_elf_path("a.apk!/lib/x.so").file, "a.apk");
  EXPECT_EQ(elf::split_elf_path("a.apk!/lib/x.so").member, "lib/x.so");
  EXPECT_TRUE(elf::split_elf_path("/bin/sh").member.empty());
}

TEST(ProcessFiles, OwnMappingsHoldThisProgram) {
  char self[4096] = {};
  ASSERT_GT(::readlink("/proc/self/exe", self, sizeof self - 1), 0);
  const auto files = mapped_files(::getpid());
  EXPECT_NE(std::find(files.begin(), files.end(), self), files.end());
  EXPECT_FALSE(in_other_mounts(::getpid()));
  EXPECT_TRUE(mapped_files(1 << 22).empty());
}

TEST(Binary, CodeAndAddressesAgree) {
  const BinaryView view;
  const auto notes = view.usdt_notes("/proc/self/exe");
  ASSERT_TRUE(notes);
  EXPECT_FALSE(view.usdt_notes("/etc/passwd"));
  const auto symbol = view.find_function("/proc/self/exe", "main");
  ASSERT_TRUE(symbol);
  const auto code = view.code("/proc/self/exe", symbol->address, 16);
  ASSERT_TRUE(code);
  EXPECT_EQ(code->size(), 16u);
  EXPECT_EQ(*view.file_offset("/proc/self/exe", symbol->address), symbol->file_offset);
}

}  // namespace
}  // namespace sonde::kernel
