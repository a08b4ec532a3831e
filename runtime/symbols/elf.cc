// ELF files through libelf. Sections are read, not mapped: a binary that is overwritten while we trace would turn a mapping
// into SIGBUS. Only function symbols are kept, as a compact table.
#include "runtime/symbols/elf.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>

#include "base/fd.h"
#include "elf/debug_file.h"
#include "elf/open.h"

namespace sonde::symbols {
namespace {

using base::Fd;

// An open libelf handle.
class ElfHandle {
 public:
  explicit ElfHandle(Elf* elf) : elf_(elf) {}
  ElfHandle(ElfHandle&& other) noexcept : elf_(std::exchange(other.elf_, nullptr)) {}
  ElfHandle& operator=(ElfHandle&&) = delete;
  ElfHandle(const ElfHandle&) = delete;
  ElfHandle& operator=(const ElfHandle&) = delete;
  ~ElfHandle() {
    if (elf_) ::elf_end(elf_);
  }
  Elf* get() const { return elf_; }
  bool is_elf() const { return elf_ && ::elf_kind(elf_) == ELF_K_ELF; }

 private:
  Elf* elf_;
};

ElfHandle open_handle(int fd) {
  ::elf_version(EV_CURRENT);
  return ElfHandle(::elf_begin(fd, ELF_C_READ, nullptr));
}

ElfHandle open_memory(std::vector<char>& bytes) {
  ::elf_version(EV_CURRENT);
  return ElfHandle(::elf_memory(bytes.data(), bytes.size()));
}

struct Segment {
  uint64_t address, offset, file_size, memory_size;
};

std::vector<Segment> read_segments(Elf* elf) {
  std::vector<Segment> segments;
  size_t count = 0;
  if (::elf_getphdrnum(elf, &count) != 0) return segments;
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr header = {};
    if (!::gelf_getphdr(elf, static_cast<int>(i), &header) || header.p_type != PT_LOAD) continue;
    segments.push_back({header.p_vaddr, header.p_offset, header.p_filesz, header.p_memsz});
  }
  return segments;
}

// Calls visit(section, header) for every section until it returns true.
void each_section(Elf* elf, const std::function<bool(Elf_Scn*, const GElf_Shdr&)>& visit) {
  for (Elf_Scn* section = ::elf_nextscn(elf, nullptr); section; section = ::elf_nextscn(elf, section)) {
    GElf_Shdr header = {};
    if (::gelf_getshdr(section, &header) && visit(section, header)) return;
  }
}

std::string to_hex(const unsigned char* bytes, size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

std::string read_build_id(Elf* elf) {
  std::string id;
  each_section(elf, [&](Elf_Scn* section, const GElf_Shdr& header) {
    if (header.sh_type != SHT_NOTE) return false;
    Elf_Data* data = ::elf_getdata(section, nullptr);
    if (!data || !data->d_buf) return false;
    const auto* bytes = static_cast<const unsigned char*>(data->d_buf);
    GElf_Nhdr note = {};
    size_t name = 0, content = 0, offset = 0;
    while ((offset = ::gelf_getnote(data, offset, &note, &name, &content)) != 0) {
      if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 || std::memcmp(bytes + name, "GNU", 4) != 0) continue;
      id = to_hex(bytes + content, note.n_descsz);
      return true;
    }
    return false;
  });
  return id;
}

// Calls visit(symbol, name) for the symbols of the first table of `type` (SHT_SYMTAB or SHT_DYNSYM). False: no such table.
template <typename Visit>
bool each_symbol(Elf* elf, GElf_Word type, Visit visit) {
  bool found = false;
  each_section(elf, [&](Elf_Scn* section, const GElf_Shdr& header) {
    if (header.sh_type != type || header.sh_entsize == 0) return false;
    Elf_Data* data = ::elf_getdata(section, nullptr);
    if (!data || !data->d_buf) return false;
    found = true;
    const size_t count = std::min<uint64_t>(header.sh_size / header.sh_entsize, INT32_MAX);
    for (size_t i = 0; i < count; ++i) {
      GElf_Sym symbol = {};
      if (!::gelf_getsym(data, static_cast<int>(i), &symbol) || symbol.st_shndx == SHN_UNDEF) continue;
      const char* name = ::elf_strptr(elf, header.sh_link, symbol.st_name);
      if (name && *name) visit(symbol, std::string_view(name));
    }
    return true;
  });
  return found;
}

bool is_function(const GElf_Sym& symbol) {
  const int type = GELF_ST_TYPE(symbol.st_info);
  return type == STT_FUNC || type == STT_GNU_IFUNC;
}

// Of several names for one address the one people know: global before weak before local, then without underscores.
int name_rank(const GElf_Sym& symbol, std::string_view name) {
  const int binding = GELF_ST_BIND(symbol.st_info);
  const int rank = binding == STB_GLOBAL ? 0 : binding == STB_WEAK ? 1 : 2;
  const size_t underscores = std::min<size_t>(name.find_first_not_of('_'), 15);
  return rank * 16 + static_cast<int>(underscores);
}

struct Function {
  uint64_t address;
  uint32_t size;
  uint32_t name;  // offset into the blob of names
  int rank;
};

}  // namespace

struct ElfFile::State {
  Fd fd;
  std::vector<char> memory;  // instead of fd
  std::string path;
  std::vector<std::string> debug_folders;
  std::vector<Segment> segments;
  std::string build_id;
  bool loaded = false;
  std::vector<Function> functions;  // by address, one per address
  std::string names;
  std::deque<std::string> found_names;  // of find(name)

  ElfHandle handle() { return fd.valid() ? open_handle(fd.get()) : open_memory(memory); }
  void add_functions(Elf* elf, GElf_Word type, bool& found);
  std::string debug_file() const;
  void add_debug_functions();
};

void ElfFile::State::add_functions(Elf* elf, GElf_Word type, bool& found) {
  const bool table = each_symbol(elf, type, [&](const GElf_Sym& symbol, std::string_view name) {
    if (!is_function(symbol) || names.size() + name.size() >= UINT32_MAX) return;
    functions.push_back({symbol.st_value, static_cast<uint32_t>(std::min<uint64_t>(symbol.st_size, UINT32_MAX)),
                         static_cast<uint32_t>(names.size()), name_rank(symbol, name)});
    names += name;
    names += '\0';
  });
  found = found || table;
}

// "" if there is none. The descriptor counts, not the path: that may lead through a process that is gone by now.
std::string ElfFile::State::debug_file() const {
  if (!fd.valid()) return {};
  const auto self = elf::OpenElf::open("/proc/self/fd/" + std::to_string(fd.get()));
  return self ? elf::find_debug_file(*self, path, debug_folders) : std::string();
}

void ElfFile::State::add_debug_functions() {
  const Fd debug(::open(debug_file().c_str(), O_RDONLY | O_CLOEXEC));
  if (!debug.valid()) return;
  const ElfHandle elf = open_handle(debug.get());
  bool found = false;
  if (elf.is_elf()) add_functions(elf.get(), SHT_SYMTAB, found);
}

ElfFile::ElfFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
ElfFile::~ElfFile() = default;

Result<std::unique_ptr<ElfFile>> ElfFile::open(const std::string& path, std::vector<std::string> debug_folders) {
  auto state = std::make_unique<State>();
  state->fd.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!state->fd.valid()) return base::fail_errno("open " + path);
  const ElfHandle elf = open_handle(state->fd.get());
  if (!elf.is_elf()) return base::fail("read " + path + ": not an ELF file");
  std::error_code error;
  state->path = std::filesystem::canonical(path, error).string();
  state->debug_folders = std::move(debug_folders);
  state->segments = read_segments(elf.get());
  state->build_id = read_build_id(elf.get());
  return std::unique_ptr<ElfFile>(new ElfFile(std::move(state)));
}

Result<std::unique_ptr<ElfFile>> ElfFile::from_memory(std::vector<char> bytes) {
  auto state = std::make_unique<State>();
  state->memory = std::move(bytes);
  const ElfHandle elf = open_memory(state->memory);
  if (!elf.is_elf()) return base::fail("read an image in memory: not an ELF file");
  state->segments = read_segments(elf.get());
  state->build_id = read_build_id(elf.get());
  return std::unique_ptr<ElfFile>(new ElfFile(std::move(state)));
}

void ElfFile::load_functions() {
  if (state_->loaded) return;
  state_->loaded = true;
  bool has_symtab = false, has_dynsym = false;
  {
    const ElfHandle elf = state_->handle();
    if (!elf.is_elf()) return;
    state_->add_functions(elf.get(), SHT_SYMTAB, has_symtab);
    if (!has_symtab) state_->add_functions(elf.get(), SHT_DYNSYM, has_dynsym);
  }
  if (!has_symtab) state_->add_debug_functions();
  auto& functions = state_->functions;
  std::sort(functions.begin(), functions.end(), [](const Function& a, const Function& b) {
    return a.address != b.address ? a.address < b.address : a.rank < b.rank;
  });
  const auto same = [](const Function& a, const Function& b) { return a.address == b.address; };
  functions.erase(std::unique(functions.begin(), functions.end(), same), functions.end());
  functions.shrink_to_fit();
  state_->names.shrink_to_fit();
}

std::optional<ElfSymbol> ElfFile::find(uint64_t address) {
  if (!file_offset(address)) return std::nullopt;
  load_functions();
  const auto& functions = state_->functions;
  auto next = std::upper_bound(functions.begin(), functions.end(), address,
                               [](uint64_t value, const Function& function) { return value < function.address; });
  // A function can lie inside another one (hot parts, local entry points): look a few places back.
  for (int tries = 0; tries < 8 && next != functions.begin(); ++tries) {
    --next;
    if (address - next->address < next->size || (next->size == 0 && tries == 0)) {
      return ElfSymbol{next->address, next->size, state_->names.data() + next->name};
    }
  }
  return std::nullopt;
}

base::Fd ElfFile::debug_info() const {
  const auto has_dwarf = [](const std::string& path) {
    const auto file = elf::OpenElf::open(path);
    return file && file->has_section(".debug_info");
  };
  if (!state_->fd.valid()) return {};
  std::string path = "/proc/self/fd/" + std::to_string(state_->fd.get());
  if (!has_dwarf(path)) path = state_->debug_file();
  if (path.empty() || !has_dwarf(path)) return {};
  return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

void ElfFile::release() {
  load_functions();
  state_->fd.reset();
}

std::optional<ElfSymbol> ElfFile::find(std::string_view name) {
  std::optional<ElfSymbol> function, data;
  const auto visit = [&](const GElf_Sym& symbol, std::string_view candidate) {
    const int type = GELF_ST_TYPE(symbol.st_info);
    if (candidate != name || type == STT_SECTION || type == STT_FILE || type == STT_TLS) return;
    auto& slot = is_function(symbol) ? function : data;
    if (!slot) slot = ElfSymbol{symbol.st_value, symbol.st_size, {}};
  };
  if (const ElfHandle elf = state_->handle(); elf.is_elf()) {
    for (const GElf_Word type : {GElf_Word{SHT_SYMTAB}, GElf_Word{SHT_DYNSYM}}) {
      if (!function) each_symbol(elf.get(), type, visit);
    }
  }
  std::optional<ElfSymbol> result = function ? function : data;
  if (!result) {
    // Perhaps only the debug file names it (a static function of a stripped library).
    load_functions();
    for (const Function& entry : state_->functions) {
      if (state_->names.data() + entry.name == name) result = ElfSymbol{entry.address, entry.size, {}};
    }
  }
  if (result) result->name = state_->found_names.emplace_back(name);
  return result;
}

std::optional<uint64_t> ElfFile::file_offset(uint64_t address) const {
  for (const Segment& segment : state_->segments) {
    if (address >= segment.address && address - segment.address < segment.file_size) {
      return address - segment.address + segment.offset;
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> ElfFile::address_at(uint64_t file_offset) const {
  for (const Segment& segment : state_->segments) {
    if (file_offset >= segment.offset && file_offset - segment.offset < segment.file_size) {
      return file_offset - segment.offset + segment.address;
    }
  }
  return std::nullopt;
}

const std::string& ElfFile::build_id() const { return state_->build_id; }

Result<uint64_t> file_offset_of_symbol(const std::string& path, const std::string& symbol) {
  auto file = ElfFile::open(path);
  if (!file) return std::unexpected(std::move(file).error());
  const auto found = (*file)->find(std::string_view(symbol));
  if (!found) return base::fail("Could not resolve symbol: " + path + ":" + symbol);
  const auto offset = (*file)->file_offset(found->address);
  if (!offset) return base::fail("Could not resolve symbol: " + path + ":" + symbol + " (it has no place in the file)");
  return *offset;
}

}  // namespace sonde::symbols
