// Through libelf, reading no more than the tables.
#include "kernel/elf_symbols.h"

#include <fcntl.h>
#include <gelf.h>

#include <memory>

#include "base/fd.h"

namespace sonde::kernel {
namespace {

struct EndElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};

// An open file and what libelf made of it.
struct OpenElf {
  base::Fd file;
  std::unique_ptr<Elf, EndElf> elf;
};

Result<OpenElf> open_elf(const std::string& path) {
  OpenElf open;
  open.file.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!open.file.valid()) return base::fail_errno("open " + path);
  elf_version(EV_CURRENT);
  open.elf.reset(elf_begin(open.file.get(), ELF_C_READ_MMAP, nullptr));
  if (!open.elf || elf_kind(open.elf.get()) != ELF_K_ELF) return base::fail(path + " is no ELF file");
  return open;
}

}  // namespace

Result<ElfSymbol> find_elf_symbol(const std::string& path, std::string_view name) {
  const auto open = open_elf(path);
  if (!open) return std::unexpected(open.error());
  Elf* elf = open->elf.get();
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section; section = elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (!gelf_getshdr(section, &header) || (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM)) continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    if (!data || header.sh_entsize == 0) continue;
    const size_t count = data->d_size / header.sh_entsize;
    for (size_t i = 0; i < count; ++i) {
      GElf_Sym symbol;
      if (!gelf_getsym(data, static_cast<int>(i), &symbol) || symbol.st_shndx == SHN_UNDEF) continue;
      const char* text = elf_strptr(elf, header.sh_link, symbol.st_name);
      if (text && name == text) return ElfSymbol{symbol.st_value, symbol.st_size};
    }
  }
  return base::fail("no symbol " + std::string(name) + " in " + path);
}

Result<uint64_t> elf_address_of_offset(const std::string& path, uint64_t offset) {
  const auto open = open_elf(path);
  if (!open) return std::unexpected(open.error());
  size_t count = 0;
  if (elf_getphdrnum(open->elf.get(), &count) != 0) return base::fail("read the segments of " + path);
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (!gelf_getphdr(open->elf.get(), static_cast<int>(i), &segment) || segment.p_type != PT_LOAD) continue;
    if (offset >= segment.p_offset && offset - segment.p_offset < segment.p_filesz)
      return segment.p_vaddr + (offset - segment.p_offset);
  }
  return base::fail("no segment of " + path + " holds its offset");
}

}  // namespace sonde::kernel
