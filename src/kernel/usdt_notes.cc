// Reading .note.stapsdt: owner "stapsdt", type 3; three addresses (location, base, semaphore), then three strings.
#include "kernel/usdt_notes.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <tuple>

#include "elf/open.h"

namespace sonde::kernel {
namespace {

constexpr std::string_view kOwner = "stapsdt";
constexpr uint32_t kNoteType = 3;
constexpr size_t kAddresses = 3;

std::optional<std::string> take_string(std::string_view& bytes) {
  const size_t end = bytes.find('\0');
  if (end == bytes.npos) return std::nullopt;
  std::string text(bytes.substr(0, end));
  bytes.remove_prefix(end + 1);
  return text;
}

struct Reader {
  std::vector<elf::Segment> segments;
  std::optional<uint64_t> base;  // where .stapsdt.base is; a note has where it was when it was written
  size_t word = 8;

  std::optional<UsdtNote> note(std::string_view bytes) const {
    uint64_t addresses[kAddresses] = {};
    if (bytes.size() < kAddresses * word) return std::nullopt;
    for (uint64_t& address : addresses) {
      std::memcpy(&address, bytes.data(), word);  // little endian, as all machines whose arguments are known
      bytes.remove_prefix(word);
    }
    auto [location, noted_base, semaphore] = addresses;
    const uint64_t moved = base && noted_base ? *base - noted_base : 0;
    const auto provider = take_string(bytes);
    const auto name = take_string(bytes);
    const auto arguments = take_string(bytes);
    const auto place = elf::file_offset(segments, location + moved);
    if (!provider || !name || !place) return std::nullopt;
    UsdtNote note{*provider, *name, arguments.value_or(""), location + moved, *place};
    if (semaphore) note.semaphore_offset = elf::file_offset(segments, semaphore + moved).value_or(0);
    return note;
  }
};

}  // namespace

Result<UsdtNotes> read_usdt_notes(const std::string& path) {
  const auto elf = elf::OpenElf::open(path);
  if (!elf) return std::unexpected(elf.error());
  UsdtNotes out;
  out.machine = elf->machine();
  Elf_Data* data = elf->section_data(".note.stapsdt");
  if (!data) return out;
  const Reader reader{elf->segments(), elf->section_address(".stapsdt.base"),
                      ::gelf_getclass(elf->get()) == ELFCLASS32 ? 4u : 8u};
  const auto* bytes = static_cast<const char*>(data->d_buf);
  GElf_Nhdr header;
  size_t at = 0, next = 0, name_at = 0, text_at = 0;
  while ((next = ::gelf_getnote(data, at, &header, &name_at, &text_at)) > 0) {
    at = next;
    // The size of the owner counts its NUL.
    if (header.n_type != kNoteType || header.n_namesz != kOwner.size() + 1 ||
        std::string_view(bytes + name_at, kOwner.size()) != kOwner)
      continue;
    if (auto note = reader.note({bytes + text_at, header.n_descsz})) out.notes.push_back(std::move(*note));
  }
  std::stable_sort(out.notes.begin(), out.notes.end(), [](const UsdtNote& a, const UsdtNote& b) {
    return std::tie(a.provider, a.name) < std::tie(b.provider, b.name);
  });
  return out;
}

}  // namespace sonde::kernel
