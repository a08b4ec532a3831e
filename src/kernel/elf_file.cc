// ELF symbol tables, load segments and the search for separate debug files (build id, then debug link with its checksum).
#include "kernel/elf_file.h"

#include <elf.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <memory>
#include <numeric>

#include "base/fd.h"
#include "kernel/kernel_text.h"

namespace sonde::kernel {
namespace {

struct ElfCloser {
  void operator()(Elf* elf) const { ::elf_end(elf); }
};

struct OpenElf {
  base::Fd fd;
  std::unique_ptr<Elf, ElfCloser> elf;
};

Result<OpenElf> open_elf(const std::string& path) {
  ::elf_version(EV_CURRENT);
  OpenElf file;
  file.fd.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.fd.valid()) return base::fail_errno("open " + path);
  file.elf.reset(::elf_begin(file.fd.get(), ELF_C_READ_MMAP, nullptr));
  if (!file.elf || ::elf_kind(file.elf.get()) != ELF_K_ELF) return base::fail(path + " is not an ELF file");
  return file;
}

struct Segment {
  uint64_t address = 0, size = 0, offset = 0;
};

std::vector<Segment> load_segments(Elf* elf) {
  std::vector<Segment> segments;
  size_t count = 0;
  if (::elf_getphdrnum(elf, &count) != 0) return segments;
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (!::gelf_getphdr(elf, static_cast<int>(i), &header) || header.p_type != PT_LOAD) continue;
    segments.push_back({header.p_vaddr, header.p_filesz, header.p_offset});
  }
  return segments;
}

std::optional<uint64_t> file_offset(const std::vector<Segment>& segments, uint64_t address) {
  for (const Segment& segment : segments)
    if (address >= segment.address && address - segment.address < segment.size)
      return address - segment.address + segment.offset;
  return std::nullopt;
}

// Calls `visit(name, symbol)` for the functions of all symbol tables until it says false. The offsets come from the
// segments of the file that is run: a debug file has the same addresses but not the same contents.
template <typename Visit>
void each_function(Elf* elf, Visit visit) {
  for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf, section));) {
    GElf_Shdr header;
    if (!::gelf_getshdr(section, &header) || (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM)) continue;
    Elf_Data* data = ::elf_getdata(section, nullptr);
    if (!data || header.sh_entsize == 0) continue;
    const size_t count = header.sh_size / header.sh_entsize;
    for (size_t i = 0; i < count; ++i) {
      GElf_Sym symbol;
      if (!::gelf_getsym(data, static_cast<int>(i), &symbol)) break;
      const unsigned type = GELF_ST_TYPE(symbol.st_info);
      if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol.st_shndx == SHN_UNDEF) continue;
      const char* name = ::elf_strptr(elf, header.sh_link, symbol.st_name);
      if (name && *name && !visit(name, symbol)) return;
    }
  }
}

void add_functions(Elf* elf, const std::vector<Segment>& segments, std::vector<BinarySymbol>& out) {
  each_function(elf, [&](const char* name, const GElf_Sym& symbol) {
    const auto offset = file_offset(segments, symbol.st_value);
    if (offset) out.push_back({name, symbol.st_value, symbol.st_size, *offset});
    return true;
  });
}

Elf_Data* section_data(Elf* elf, std::string_view wanted, bool* present = nullptr) {
  size_t names = 0;
  if (::elf_getshdrstrndx(elf, &names) != 0) return nullptr;
  for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf, section));) {
    GElf_Shdr header;
    if (!::gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS) continue;
    const char* name = ::elf_strptr(elf, names, header.sh_name);
    if (!name || wanted != name) continue;
    if (present) {
      *present = true;
      return nullptr;
    }
    return ::elf_getdata(section, nullptr);
  }
  return nullptr;
}

bool has_section(Elf* elf, std::string_view name) {
  bool present = false;
  section_data(elf, name, &present);
  return present;
}

std::string build_id_path(Elf* elf) {
  Elf_Data* notes = section_data(elf, ".note.gnu.build-id");
  if (!notes) return {};
  GElf_Nhdr note;
  size_t name_at = 0, id_at = 0;
  if (::gelf_getnote(notes, 0, &note, &name_at, &id_at) == 0 || note.n_type != NT_GNU_BUILD_ID || note.n_descsz < 2)
    return {};
  const auto* bytes = static_cast<const unsigned char*>(notes->d_buf) + id_at;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string path = "/usr/lib/debug/.build-id/";
  for (size_t i = 0; i < note.n_descsz; ++i) {
    path += kDigits[bytes[i] >> 4];
    path += kDigits[bytes[i] & 15];
    if (i == 0) path += '/';
  }
  return path + ".debug";
}

// The checksum of .gnu_debuglink: CRC-32 as in zlib, over the whole debug file.
uint32_t checksum(std::string_view bytes) {
  static constexpr auto kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0xedb88320u : 0);
      table[i] = value;
    }
    return table;
  }();
  uint32_t crc = ~0u;
  for (const char byte : bytes) crc = kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

std::string debug_link_path(Elf* elf, const std::string& path) {
  Elf_Data* link = section_data(elf, ".gnu_debuglink");
  if (!link || link->d_size < 8) return {};
  const char* name = static_cast<const char*>(link->d_buf);
  const size_t length = ::strnlen(name, link->d_size);
  const size_t crc_at = (length + 4) / 4 * 4;
  if (length == 0 || crc_at + 4 > link->d_size) return {};
  uint32_t crc = 0;
  std::memcpy(&crc, name + crc_at, sizeof crc);
  std::error_code error;
  const std::string folder = std::filesystem::canonical(path, error).parent_path().string();
  if (error) return {};
  for (const std::string& candidate :
       {folder + "/" + name, folder + "/.debug/" + name, "/usr/lib/debug" + folder + "/" + name}) {
    if (candidate == path) continue;
    const auto bytes = read_text(candidate);
    if (bytes && checksum(*bytes) == crc) return candidate;
  }
  return {};
}

bool by_name(const BinarySymbol& a, const BinarySymbol& b) {
  return a.name != b.name ? a.name < b.name : a.address < b.address;
}

}  // namespace

bool is_traceable_binary(const std::string& path) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (!file.valid() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  // Both classes agree on where the type of the file stands.
  unsigned char header[EI_NIDENT + 2] = {};
  if (::pread(file.get(), header, sizeof header, 0) != static_cast<ssize_t>(sizeof header)) return false;
  if (std::memcmp(header, ELFMAG, SELFMAG) != 0) return false;
  uint16_t type = 0;
  std::memcpy(&type, header + EI_NIDENT, sizeof type);
  return type == ET_DYN || (type == ET_EXEC && (info.st_mode & S_IXUSR));
}

Result<std::optional<BinarySymbol>> find_elf_function(const std::string& path, std::string_view name) {
  auto file = open_elf(path);
  if (!file) return std::unexpected(file.error());
  const std::vector<Segment> segments = load_segments(file->elf.get());
  std::optional<BinarySymbol> found;
  each_function(file->elf.get(), [&](const char* candidate, const GElf_Sym& symbol) {
    if (name != candidate) return true;
    const auto offset = file_offset(segments, symbol.st_value);
    if (offset) found = {candidate, symbol.st_value, symbol.st_size, *offset};
    return !found;
  });
  return found;
}

Result<ElfFacts> read_elf(const std::string& path) {
  auto file = open_elf(path);
  if (!file) return std::unexpected(file.error());
  Elf* elf = file->elf.get();
  ElfFacts facts;
  const std::vector<Segment> segments = load_segments(elf);
  add_functions(elf, segments, facts.functions);
  facts.has_dwarf = has_section(elf, ".debug_info");
  for (const std::string& candidate : {build_id_path(elf), debug_link_path(elf, path)}) {
    if (candidate.empty()) continue;
    auto debug = open_elf(candidate);
    if (!debug) continue;
    add_functions(debug->elf.get(), segments, facts.functions);
    facts.has_dwarf = facts.has_dwarf || has_section(debug->elf.get(), ".debug_info");
    facts.debug_file = candidate;
    break;
  }
  std::sort(facts.functions.begin(), facts.functions.end(), by_name);
  const auto same = [](const BinarySymbol& a, const BinarySymbol& b) {
    return a.name == b.name && a.address == b.address;
  };
  facts.functions.erase(std::unique(facts.functions.begin(), facts.functions.end(), same), facts.functions.end());
  facts.by_address.resize(facts.functions.size());
  std::iota(facts.by_address.begin(), facts.by_address.end(), 0u);
  std::stable_sort(facts.by_address.begin(), facts.by_address.end(),
                   [&](uint32_t a, uint32_t b) { return facts.functions[a].address < facts.functions[b].address; });
  return facts;
}

}  // namespace sonde::kernel
