// ELF symbol tables: functions with their addresses and places in the file.
#include "kernel/elf_file.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/fd.h"
#include "elf/debug_file.h"
#include "elf/open.h"

namespace sonde::kernel {
namespace {

// Names of symbol versions by their index (.gnu.version_d); read only where a symbol is hidden behind its version.
class Versions {
 public:
  explicit Versions(Elf* elf) : elf_(elf) {}

  // "" when the index has no name.
  std::string name(uint16_t index) {
    if (!read_) read();
    return index < names_.size() ? names_[index] : std::string();
  }

 private:
  void read() {
    read_ = true;
    for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf_, section));) {
      GElf_Shdr header;
      if (!::gelf_getshdr(section, &header) || header.sh_type != SHT_GNU_verdef) continue;
      Elf_Data* data = ::elf_getdata(section, nullptr);
      int at = 0;
      for (size_t i = 0; data && i < header.sh_info; ++i) {
        GElf_Verdef definition;
        GElf_Verdaux auxiliary;
        if (!::gelf_getverdef(data, at, &definition) ||
            !::gelf_getverdaux(data, at + static_cast<int>(definition.vd_aux), &auxiliary))
          return;
        const char* name = ::elf_strptr(elf_, header.sh_link, auxiliary.vda_name);
        if (definition.vd_ndx >= names_.size()) names_.resize(definition.vd_ndx + 1u);
        if (name) names_[definition.vd_ndx] = name;
        if (definition.vd_next == 0) return;
        at += static_cast<int>(definition.vd_next);
      }
    }
  }

  Elf* elf_;
  bool read_ = false;
  std::vector<std::string> names_;
};

Elf_Data* version_indices(Elf* elf) {
  for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf, section));) {
    GElf_Shdr header;
    if (::gelf_getshdr(section, &header) && header.sh_type == SHT_GNU_versym) return ::elf_getdata(section, nullptr);
  }
  return nullptr;
}

bool is_function(const GElf_Sym& symbol) {
  const unsigned type = GELF_ST_TYPE(symbol.st_info);
  return type == STT_FUNC || type == STT_GNU_IFUNC;
}

// Calls `visit(name, symbol)` for what is defined in all symbol tables until it says false. A default version is called by its
// bare name, another one NAME@VERSION: the linker writes that into .symtab, .dynsym has it apart.
template <typename Visit>
void each_symbol(Elf* elf, bool (*wanted)(const GElf_Sym&), Visit visit) {
  constexpr uint16_t kHidden = 0x8000;
  std::string versioned;
  for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf, section));) {
    GElf_Shdr header;
    if (!::gelf_getshdr(section, &header) || (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM)) continue;
    Elf_Data* data = ::elf_getdata(section, nullptr);
    if (!data || header.sh_entsize == 0) continue;
    Elf_Data* indices = header.sh_type == SHT_DYNSYM ? version_indices(elf) : nullptr;
    Versions versions(elf);
    const size_t count = header.sh_size / header.sh_entsize;
    for (size_t i = 0; i < count; ++i) {
      GElf_Sym symbol;
      if (!::gelf_getsym(data, static_cast<int>(i), &symbol)) break;
      if (symbol.st_shndx == SHN_UNDEF || symbol.st_name == 0 || !wanted(symbol)) continue;
      const char* text = ::elf_strptr(elf, header.sh_link, symbol.st_name);
      if (!text || !*text) continue;
      std::string_view name = text;
      GElf_Versym index = 0;
      if (indices && ::gelf_getversym(indices, static_cast<int>(i), &index) && (index & kHidden)) {
        versioned = std::string(name) + "@" + versions.name(index & ~kHidden);
        name = versioned;
      }
      if (!visit(name.substr(0, name.find("@@")), symbol)) return;
    }
  }
}

// The offsets come from the segments of the file that is run: a debug file has the same addresses but not the same contents.
void add_functions(Elf* elf, const std::vector<elf::Segment>& segments, std::vector<BinarySymbol>& out) {
  each_symbol(elf, is_function, [&](std::string_view name, const GElf_Sym& symbol) {
    const auto offset = elf::file_offset(segments, symbol.st_value);
    if (offset) out.push_back({std::string(name), symbol.st_value, symbol.st_size, *offset});
    return true;
  });
}

bool by_name(const BinarySymbol& a, const BinarySymbol& b) {
  return a.name != b.name ? a.name < b.name : a.address < b.address;
}

}  // namespace

bool is_traceable_binary(const std::string& path) {
  if (!elf::split_elf_path(path).member.empty()) return elf::OpenElf::open(path).has_value();
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
  const auto file = elf::OpenElf::open(path);
  if (!file) return std::unexpected(file.error());
  const std::vector<elf::Segment> segments = file->segments();
  std::optional<BinarySymbol> found;
  each_symbol(file->get(), is_function, [&](std::string_view candidate, const GElf_Sym& symbol) {
    if (name != candidate) return true;
    const auto offset = elf::file_offset(segments, symbol.st_value);
    if (offset) found = {std::string(candidate), symbol.st_value, symbol.st_size, *offset};
    return !found;
  });
  return found;
}

Result<uint64_t> find_elf_object(const std::string& path, std::string_view name,
                                 const std::vector<std::string>& debug_folders) {
  const auto file = elf::OpenElf::open(path);
  if (!file) return std::unexpected(file.error());
  std::optional<uint64_t> found;
  const auto any = [](const GElf_Sym&) { return true; };
  const auto take = [&](std::string_view candidate, const GElf_Sym& symbol) {
    if (name == candidate) found = symbol.st_value;
    return !found;
  };
  each_symbol(file->get(), any, take);
  if (found) return *found;
  if (const std::string separate = elf::find_debug_file(*file, path, debug_folders); !separate.empty())
    if (const auto debug = elf::OpenElf::open(separate)) each_symbol(debug->get(), any, take);
  if (found) return *found;
  return base::fail("no symbol " + std::string(name) + " in " + path);
}

Result<ElfFacts> read_elf(const std::string& path, const std::vector<std::string>& debug_folders) {
  const auto file = elf::OpenElf::open(path);
  if (!file) return std::unexpected(file.error());
  ElfFacts facts;
  const std::vector<elf::Segment> segments = file->segments();
  add_functions(file->get(), segments, facts.functions);
  if (const std::string separate = elf::find_debug_file(*file, path, debug_folders); !separate.empty())
    if (const auto debug = elf::OpenElf::open(separate)) add_functions(debug->get(), segments, facts.functions);
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

Result<std::string> debug_info_file(const std::string& path, const std::vector<std::string>& debug_folders) {
  const auto file = elf::OpenElf::open(path);
  if (!file) return std::unexpected(file.error());
  if (file->has_section(".debug_info")) return path;
  std::string separate = elf::find_debug_file(*file, path, debug_folders);
  if (separate.empty()) return separate;
  const auto debug = elf::OpenElf::open(separate);
  return debug && debug->has_section(".debug_info") ? separate : std::string();
}

}  // namespace sonde::kernel
