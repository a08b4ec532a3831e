// Opening ELF files and archive members, load segments, sections by name.
#include "elf/open.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "elf/zip_member.h"

namespace sonde::elf {
namespace {

constexpr std::string_view kMemberMark = "!/";
constexpr uint64_t kPage = 4096;

}  // namespace

ElfPath split_elf_path(const std::string& path) {
  const size_t mark = path.find(kMemberMark);
  if (mark == path.npos) return {path, {}};
  return {path.substr(0, mark), path.substr(mark + kMemberMark.size())};
}

void Unmap::operator()(void* memory) const { ::munmap(memory, size); }

Result<> OpenElf::open_member(const ElfPath& path) {
  struct stat info{};
  if (::fstat(fd_.get(), &info) != 0 || info.st_size <= 0) return base::fail(path.file + " is not a ZIP archive");
  const auto size = static_cast<size_t>(info.st_size);
  // Private and writable because libelf converts headers in place.
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd_.get(), 0);
  if (memory == MAP_FAILED) return base::fail_errno("map " + path.file);
  archive_ = {memory, Unmap{size}};
  const auto member = find_zip_member({static_cast<const char*>(memory), size}, path.member);
  if (!member) return base::fail(path.file + ": " + member.error().text());
  if (!member->stored) return base::fail(path.file + ": " + path.member + " is compressed");
  if (member->offset % kPage != 0) return base::fail(path.file + ": " + path.member + " is not aligned to a page");
  base_ = member->offset;
  elf_.reset(::elf_memory(static_cast<char*>(memory) + base_, member->size));
  return {};
}

Result<OpenElf> OpenElf::open(const std::string& path) {
  ::elf_version(EV_CURRENT);
  const ElfPath parts = split_elf_path(path);
  OpenElf file;
  file.fd_.reset(::open(parts.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.fd_.valid()) return base::fail_errno("open " + parts.file);
  if (parts.member.empty()) {
    file.elf_.reset(::elf_begin(file.fd_.get(), ELF_C_READ_MMAP, nullptr));
  } else if (auto opened = file.open_member(parts); !opened) {
    return std::unexpected(opened.error());
  }
  if (!file.elf_ || ::elf_kind(file.get()) != ELF_K_ELF) return base::fail(path + " is not an ELF file");
  return file;
}

std::vector<Segment> OpenElf::segments() const {
  std::vector<Segment> segments;
  size_t count = 0;
  if (::elf_getphdrnum(get(), &count) != 0) return segments;
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (!::gelf_getphdr(get(), static_cast<int>(i), &header) || header.p_type != PT_LOAD) continue;
    segments.push_back({header.p_vaddr, header.p_filesz, header.p_offset + base_});
  }
  return segments;
}

uint16_t OpenElf::machine() const {
  GElf_Ehdr header;
  return ::gelf_getehdr(get(), &header) ? header.e_machine : uint16_t{EM_NONE};
}

uint16_t OpenElf::type() const {
  GElf_Ehdr header;
  return ::gelf_getehdr(get(), &header) ? header.e_type : uint16_t{ET_NONE};
}

Elf_Scn* OpenElf::section(std::string_view wanted, GElf_Shdr& header) const {
  size_t names = 0;
  if (::elf_getshdrstrndx(get(), &names) != 0) return nullptr;
  for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(get(), section));) {
    if (!::gelf_getshdr(section, &header)) continue;
    const char* name = ::elf_strptr(get(), names, header.sh_name);
    if (name && wanted == name) return section;
  }
  return nullptr;
}

bool OpenElf::has_section(std::string_view name) const {
  GElf_Shdr header;
  return section(name, header) && header.sh_type != SHT_NOBITS;
}

std::optional<uint64_t> OpenElf::section_address(std::string_view name) const {
  GElf_Shdr header;
  if (!section(name, header)) return std::nullopt;
  return header.sh_addr;
}

Elf_Data* OpenElf::section_data(std::string_view name) const {
  GElf_Shdr header;
  Elf_Scn* found = section(name, header);
  return found && header.sh_type != SHT_NOBITS ? ::elf_getdata(found, nullptr) : nullptr;
}

std::optional<uint64_t> file_offset(const std::vector<Segment>& segments, uint64_t address) {
  for (const Segment& segment : segments)
    if (address >= segment.address && address - segment.address < segment.size)
      return address - segment.address + segment.offset;
  return std::nullopt;
}

std::optional<uint64_t> address_at(const std::vector<Segment>& segments, uint64_t offset) {
  for (const Segment& segment : segments)
    if (offset >= segment.offset && offset - segment.offset < segment.size)
      return offset - segment.offset + segment.address;
  return std::nullopt;
}

}  // namespace sonde::elf
