// Functions and source lines of one file.
#include "debuginfo/dwarf_file.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "base/fd.h"
#include "debuginfo/calling_convention.h"
#include "debuginfo/dwarf_types.h"
#include "debuginfo/entry_places.h"

namespace sonde::debuginfo {
namespace {

struct DwarfCloser {
  void operator()(Dwarf* dwarf) const { ::dwarf_end(dwarf); }
};

Machine machine_of(Dwarf* dwarf) {
  GElf_Ehdr header;
  const bool known = ::gelf_getehdr(::dwarf_getelf(dwarf), &header);
  return known && header.e_machine == EM_AARCH64 ? Machine::arm64 : Machine::x86_64;
}

// Components of a path from the end, "." dropped.
std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") parts.push_back(part);
    path = slash == path.npos ? std::string_view() : path.substr(slash + 1);
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

bool ends_in(std::string_view path, std::string_view tail) {
  const auto all = components(path), wanted = components(tail);
  if (tail.starts_with('/') && all.size() != wanted.size()) return false;
  return wanted.size() <= all.size() && std::equal(wanted.begin(), wanted.end(), all.begin());
}

// Calls `visit(unit)` for all compilation units until it says false.
void each_unit(Dwarf* dwarf, const std::function<bool(Dwarf_Die&)>& visit) {
  Dwarf_Off offset = 0, next = 0;
  size_t header = 0;
  while (::dwarf_nextcu(dwarf, offset, &next, &header, nullptr, nullptr, nullptr) == 0) {
    Dwarf_Die unit;
    if (::dwarf_offdie(dwarf, offset + header, &unit) && ::dwarf_tag(&unit) == DW_TAG_compile_unit && !visit(unit))
      return;
    offset = next;
  }
}

// Whether functions may stand below a DIE of this kind.
bool holds_functions(int tag) {
  return tag == DW_TAG_namespace || tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_module ||
         tag == DW_TAG_union_type;
}

bool find_subprogram(Dwarf_Die* parent, uint64_t address, Dwarf_Die& found) {
  Dwarf_Die child;
  if (::dwarf_child(parent, &child) != 0) return false;
  do {
    const int tag = ::dwarf_tag(&child);
    Dwarf_Addr entry = 0;
    if (tag == DW_TAG_subprogram && ::dwarf_entrypc(&child, &entry) == 0 && entry == address) {
      found = child;
      return true;
    }
    if (holds_functions(tag) && find_subprogram(&child, address, found)) return true;
  } while (::dwarf_siblingof(&child, &child) == 0);
  return false;
}

std::string unit_path(Dwarf_Die* unit) {
  const char* name = ::dwarf_diename(unit);
  if (!name || name[0] == '/') return name ? name : "";
  Dwarf_Attribute attribute;
  const char* folder = ::dwarf_formstring(::dwarf_attr(unit, DW_AT_comp_dir, &attribute));
  return folder ? std::string(folder) + "/" + name : std::string(name);
}

}  // namespace

class DwarfFile::State {
 public:
  State(std::unique_ptr<Dwarf, DwarfCloser> dwarf, base::Fd fd, types::TypeContext& types)
      : fd_(std::move(fd)),
        dwarf_(std::move(dwarf)),
        machine_(machine_of(dwarf_.get())),
        reader_(dwarf_.get(), types) {}

  std::optional<Function> function_at(uint64_t address) {
    Dwarf_Die unit, found;
    bool known = ::dwarf_addrdie(dwarf_.get(), address, &unit) && find_subprogram(&unit, address, found);
    // Not every compiler writes a table of addresses.
    if (!known)
      each_unit(dwarf_.get(), [&](Dwarf_Die& candidate) {
        known = ::dwarf_haspc(&candidate, address) == 1 && find_subprogram(&candidate, address, found);
        return !known;
      });
    if (!known) return std::nullopt;
    return function(found, address);
  }

  Result<uint64_t> address_of_line(const std::string& file, uint64_t line, uint64_t column) {
    std::vector<std::string> paths;
    std::vector<Dwarf_Die> units;
    each_unit(dwarf_.get(), [&](Dwarf_Die& unit) {
      std::string path = unit_path(&unit);
      if (!ends_in(path, file)) return true;
      units.push_back(unit);
      if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(std::move(path));
      return true;
    });
    if (paths.empty()) find_packages(file, units, paths);
    if (paths.empty()) return base::fail("DWARF error: No compilation unit matches " + file);
    if (paths.size() > 1) {
      std::string list;
      for (const std::string& path : paths) list += (list.empty() ? "" : ", ") + path;
      return base::fail("DWARF error: Ambiguous source path, matches multiple files: " + list);
    }
    for (Dwarf_Die& unit : units)
      if (const auto address = line_address(unit, file, line, column)) return *address;
    return base::fail("DWARF error: Unable to map '" + file + ":" + std::to_string(line) +
                      (column ? ":" + std::to_string(column) : "") + "' to address");
  }

 private:
  // A unit of Go is a package and one of Rust a part of a crate: their line tables tell what files they are made of.
  void find_packages(const std::string& file, std::vector<Dwarf_Die>& units, std::vector<std::string>& paths) {
    each_unit(dwarf_.get(), [&](Dwarf_Die& unit) {
      Dwarf_Files* files = nullptr;
      size_t count = 0;
      if (language_of(&unit) == Language::c || ::dwarf_getsrcfiles(&unit, &files, &count) != 0) return true;
      bool has_file = false;
      for (size_t i = 0; i < count; ++i) {
        const char* path = ::dwarf_filesrc(files, i, nullptr, nullptr);
        if (!path || !ends_in(path, file)) continue;
        has_file = true;
        if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.emplace_back(path);
      }
      if (has_file) units.push_back(unit);
      return true;
    });
  }

  static std::optional<uint64_t> line_address(Dwarf_Die& unit, const std::string& file, uint64_t line,
                                              uint64_t column) {
    Dwarf_Lines* lines = nullptr;
    size_t count = 0;
    if (::dwarf_getsrclines(&unit, &lines, &count) != 0) return std::nullopt;
    for (size_t i = 0; i < count; ++i) {
      Dwarf_Line* row = ::dwarf_onesrcline(lines, i);
      int row_line = 0, row_column = 0;
      Dwarf_Addr address = 0;
      bool end = false;
      const char* source = ::dwarf_linesrc(row, nullptr, nullptr);
      if (::dwarf_lineno(row, &row_line) != 0 || static_cast<uint64_t>(row_line) != line || !source ||
          !ends_in(source, file))
        continue;
      if (::dwarf_lineendsequence(row, &end) == 0 && end) continue;
      if (column && (::dwarf_linecol(row, &row_column) != 0 || static_cast<uint64_t>(row_column) != column)) continue;
      if (::dwarf_lineaddr(row, &address) == 0) return address;
    }
    return std::nullopt;
  }

  Function function(Dwarf_Die die, uint64_t address) {
    Function out;
    const char* name = ::dwarf_diename(&die);
    out.name = name ? name : "";
    EntryPlaces places(machine_, &die, address);
    Dwarf_Die child;
    if (::dwarf_child(&die, &child) != 0) return out;
    do {
      if (::dwarf_tag(&child) != DW_TAG_formal_parameter || is_result(&child)) continue;
      Parameter parameter;
      if (const char* text = ::dwarf_diename(&child)) parameter.name = text;
      const auto type = type_of(&child);
      parameter.type = reader_.type(type);
      parameter.text = type_text(type);
      places.place(&child, type, parameter);
      out.parameters.push_back(std::move(parameter));
    } while (::dwarf_siblingof(&child, &child) == 0);
    return out;
  }

  base::Fd fd_;
  std::unique_ptr<Dwarf, DwarfCloser> dwarf_;
  Machine machine_;
  TypeReader reader_;
};

DwarfFile::DwarfFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
DwarfFile::~DwarfFile() = default;

Result<std::unique_ptr<DwarfFile>> DwarfFile::open(const std::string& path, types::TypeContext& types) {
  base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return base::fail_errno("open " + path);
  std::unique_ptr<Dwarf, DwarfCloser> dwarf(::dwarf_begin(fd.get(), DWARF_C_READ));
  if (!dwarf) return base::fail("no debuginfo found for " + path);
  return std::unique_ptr<DwarfFile>(new DwarfFile(std::make_unique<State>(std::move(dwarf), std::move(fd), types)));
}

std::optional<Function> DwarfFile::function_at(uint64_t address) { return state_->function_at(address); }

Result<uint64_t> DwarfFile::address_of_line(const std::string& file, uint64_t line, uint64_t column) {
  return state_->address_of_line(file, line, column);
}

}  // namespace sonde::debuginfo
