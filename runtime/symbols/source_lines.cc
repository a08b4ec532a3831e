// DWARF 5, 3.3.8 (inlined calls) and 6.2 (lines).
#include "runtime/symbols/source_lines.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <algorithm>
#include <cstdlib>
#include <span>
#include <unordered_map>

#include "base/demangle.h"

namespace sonde::symbols {
namespace {

struct DwarfCloser {
  void operator()(Dwarf* dwarf) const { ::dwarf_end(dwarf); }
};
struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

// Addresses of one compilation unit.
struct UnitRange {
  uint64_t begin, end;
  Dwarf_Off unit;
};

uint64_t number(Dwarf_Die* die, unsigned attribute) {
  Dwarf_Attribute found;
  Dwarf_Word value = 0;
  return ::dwarf_attr(die, attribute, &found) && ::dwarf_formudata(&found, &value) == 0 ? value : 0;
}

std::string function_name(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  const char* linkage = ::dwarf_formstring(::dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));
  if (linkage)
    if (auto readable = base::demangle(linkage)) return std::move(readable->text);
  const char* name = linkage ? linkage : ::dwarf_diename(die);
  return name ? name : "??";
}

}  // namespace

struct SourceLines::State {
  base::Fd fd;
  std::unique_ptr<Dwarf, DwarfCloser> dwarf;
  bool ranges_known = false;
  std::vector<UnitRange> ranges;  // by address
  std::unordered_map<uint64_t, std::vector<SourceFrame>> known;

  void read_ranges();
  bool find_unit(uint64_t address, Dwarf_Die& unit);
  std::vector<SourceFrame> frames(uint64_t address);
};

// Not from .debug_aranges: not every compiler writes it.
void SourceLines::State::read_ranges() {
  ranges_known = true;
  Dwarf_Off offset = 0, next = 0;
  size_t header = 0;
  for (; ::dwarf_nextcu(dwarf.get(), offset, &next, &header, nullptr, nullptr, nullptr) == 0; offset = next) {
    Dwarf_Die unit;
    if (!::dwarf_offdie(dwarf.get(), offset + header, &unit) || ::dwarf_tag(&unit) != DW_TAG_compile_unit) continue;
    Dwarf_Addr base = 0, begin = 0, end = 0;
    for (ptrdiff_t at = 0; (at = ::dwarf_ranges(&unit, at, &base, &begin, &end)) > 0;)
      if (begin < end) ranges.push_back({begin, end, ::dwarf_dieoffset(&unit)});
  }
  std::ranges::sort(ranges, {}, &UnitRange::begin);
}

bool SourceLines::State::find_unit(uint64_t address, Dwarf_Die& unit) {
  if (!ranges_known) read_ranges();
  const auto after = std::ranges::upper_bound(ranges, address, {}, &UnitRange::begin);
  return after != ranges.begin() && address < std::prev(after)->end &&
         ::dwarf_offdie(dwarf.get(), std::prev(after)->unit, &unit);
}

std::vector<SourceFrame> SourceLines::State::frames(uint64_t address) {
  std::vector<SourceFrame> found;
  Dwarf_Die unit;
  if (!find_unit(address, unit)) return found;
  SourceFrame place;
  int line = 0;
  if (Dwarf_Line* row = ::dwarf_getsrc_die(&unit, address)) {
    const char* file = ::dwarf_linesrc(row, nullptr, nullptr);
    if (file && ::dwarf_lineno(row, &line) == 0) place = {"", file, static_cast<uint32_t>(std::max(line, 0))};
  }
  // The first call finds the innermost scope, but goes on where an inlined function was defined, not where it is.
  Dwarf_Die* scopes = nullptr;
  const int depth = ::dwarf_getscopes(&unit, address, &scopes);
  const std::unique_ptr<Dwarf_Die, Free> scopes_owner(scopes);
  Dwarf_Die* list = nullptr;
  const int count = depth > 0 ? ::dwarf_getscopes_die(scopes, &list) : 0;
  const std::unique_ptr<Dwarf_Die, Free> owner(list);
  Dwarf_Files* files = nullptr;
  size_t file_count = 0;
  for (Dwarf_Die& scope : std::span(list, static_cast<size_t>(std::max(count, 0)))) {
    const int tag = ::dwarf_tag(&scope);
    if (tag == DW_TAG_subprogram) break;
    if (tag != DW_TAG_inlined_subroutine) continue;
    place.function = function_name(&scope);
    found.push_back(std::move(place));
    // What is around it stands where it calls.
    const char* file = files || ::dwarf_getsrcfiles(&unit, &files, &file_count) == 0
                           ? ::dwarf_filesrc(files, number(&scope, DW_AT_call_file), nullptr, nullptr)
                           : nullptr;
    place = {"", file ? file : "", static_cast<uint32_t>(number(&scope, DW_AT_call_line))};
  }
  found.push_back(std::move(place));
  return found;
}

SourceLines::SourceLines(std::unique_ptr<State> state) : state_(std::move(state)) {}
SourceLines::~SourceLines() = default;

std::unique_ptr<SourceLines> SourceLines::open(base::Fd file) {
  if (!file.valid()) return nullptr;
  auto state = std::make_unique<State>();
  state->fd = std::move(file);
  state->dwarf.reset(::dwarf_begin(state->fd.get(), DWARF_C_READ));
  if (!state->dwarf) return nullptr;
  return std::unique_ptr<SourceLines>(new SourceLines(std::move(state)));
}

const std::vector<SourceFrame>& SourceLines::at(uint64_t address) {
  const auto [entry, is_new] = state_->known.try_emplace(address);
  if (is_new) entry->second = state_->frames(address);
  return entry->second;
}

}  // namespace sonde::symbols
