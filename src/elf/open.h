// Opening ELF files, members of ZIP archives included, and the little that all readers of them share. Reads through libelf.
#pragma once

#include <gelf.h>
#include <libelf.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace sonde::elf {

// "ARCHIVE!/MEMBER" names a member of a ZIP archive. `member` is empty for a plain file.
struct ElfPath {
  std::string file;
  std::string member;
};
ElfPath split_elf_path(const std::string& path);

struct Segment {
  uint64_t address = 0, size = 0, offset = 0;  // `size`: bytes in the file
};

// Gives back the mapping of an archive.
struct Unmap {
  size_t size = 0;
  void operator()(void* memory) const;
};

class OpenElf {
 public:
  // Fails when the file cannot be opened, is no ELF file, or is a member that the kernel could not map: compressed, or not
  // at a page boundary.
  static Result<OpenElf> open(const std::string& path);
  OpenElf(OpenElf&&) noexcept = default;
  OpenElf& operator=(OpenElf&&) noexcept = default;

  Elf* get() const { return elf_.get(); }
  // Where the ELF file begins in its archive; 0 for a plain file.
  uint64_t base() const { return base_; }
  // PT_LOAD headers; offsets count from the start of the archive.
  std::vector<Segment> segments() const;
  uint16_t machine() const;  // EM_*
  uint16_t type() const;     // ET_*
  bool has_section(std::string_view name) const;
  std::optional<uint64_t> section_address(std::string_view name) const;
  // Null when there is no such section with contents in the file.
  Elf_Data* section_data(std::string_view name) const;

 private:
  struct Close {
    void operator()(Elf* elf) const { ::elf_end(elf); }
  };
  OpenElf() = default;
  Result<> open_member(const ElfPath& path);
  Elf_Scn* section(std::string_view name, GElf_Shdr& header) const;

  base::Fd fd_;
  std::unique_ptr<void, Unmap> archive_;
  std::unique_ptr<Elf, Close> elf_;
  uint64_t base_ = 0;
};

// The place in the file of a virtual address; nothing if no segment has it in the file.
std::optional<uint64_t> file_offset(const std::vector<Segment>& segments, uint64_t address);
// The other way.
std::optional<uint64_t> address_at(const std::vector<Segment>& segments, uint64_t offset);

}  // namespace sonde::elf
