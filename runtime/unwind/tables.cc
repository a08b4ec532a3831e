// libdw interprets the call frame information; here its answers become rows. Only the registers that a walk needs are kept:
// stack pointer, frame pointer and return address.
#include "runtime/unwind/tables.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

namespace sonde::unwind {
namespace {

// DWARF register numbers of x86_64.
constexpr int kFramePointer = 6;
constexpr int kStackPointer = 7;
constexpr int kReturnAddress = 16;

// .eh_frame_hdr (LSB Core 10.6.2): version, three encodings, then the section's address and the number of entries.
constexpr unsigned char kHeaderVersion = 1;
constexpr unsigned char kPcRelativeInt = DW_EH_PE_pcrel | DW_EH_PE_sdata4;
constexpr unsigned char kUnsignedInt = DW_EH_PE_udata4;
constexpr unsigned char kHeaderRelativeInt = DW_EH_PE_datarel | DW_EH_PE_sdata4;
constexpr size_t kTableOffset = 12;
constexpr size_t kTableEntry = 8;

constexpr uint64_t kPage = 4096;

struct ElfCloser {
  void operator()(Elf* elf) const { elf_end(elf); }
};
struct CfiCloser {
  void operator()(Dwarf_CFI* cfi) const { dwarf_cfi_end(cfi); }
};
struct FrameCloser {
  void operator()(Dwarf_Frame* frame) const { std::free(frame); }
};
using ElfPtr = std::unique_ptr<Elf, ElfCloser>;

struct Segments {
  uint64_t lowest = std::numeric_limits<uint64_t>::max();
  std::vector<CodeSegment> code;
  std::optional<GElf_Phdr> header_table;  // PT_GNU_EH_FRAME
};

Segments segments_of(Elf* elf) {
  Segments segments;
  size_t count = 0;
  elf_getphdrnum(elf, &count);
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (!gelf_getphdr(elf, static_cast<int>(i), &header)) continue;
    if (header.p_type == PT_LOAD) segments.lowest = std::min(segments.lowest, uint64_t{header.p_vaddr});
    if (header.p_type == PT_LOAD && (header.p_flags & PF_X) != 0)
      segments.code.push_back(
          {.file_offset = header.p_offset, .file_size = header.p_filesz, .address = header.p_vaddr});
    if (header.p_type == PT_GNU_EH_FRAME) segments.header_table = header;
  }
  return segments;
}

// First addresses of all functions with call frame information, sorted as the linker left them.
std::vector<uint64_t> function_starts(Elf* elf, const GElf_Phdr& header) {
  std::vector<uint64_t> starts;
  Elf_Data* data = elf_getdata_rawchunk(elf, static_cast<int64_t>(header.p_offset), header.p_filesz, ELF_T_BYTE);
  if (!data || data->d_size < kTableOffset) return starts;
  const auto* bytes = static_cast<const unsigned char*>(data->d_buf);
  if (bytes[0] != kHeaderVersion || bytes[1] != kPcRelativeInt || bytes[2] != kUnsignedInt ||
      bytes[3] != kHeaderRelativeInt)
    return starts;
  uint32_t count = 0;
  std::memcpy(&count, bytes + 8, sizeof count);
  count = static_cast<uint32_t>(std::min<size_t>(count, (data->d_size - kTableOffset) / kTableEntry));
  starts.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    int32_t relative = 0;
    std::memcpy(&relative, bytes + kTableOffset + size_t{i} * kTableEntry, sizeof relative);
    starts.push_back(header.p_vaddr + static_cast<uint64_t>(int64_t{relative}));
  }
  return starts;
}

// The expression of procedure linkage stubs: stack pointer + 8 + (byte of the stub >= N ? 8 : 0). Gives N.
std::optional<int32_t> stub_push(const Dwarf_Op* ops, size_t count) {
  constexpr unsigned kPattern[] = {DW_OP_breg7, DW_OP_breg16, DW_OP_lit15, DW_OP_and, 0,
                                   DW_OP_ge,    DW_OP_lit3,   DW_OP_shl,   DW_OP_plus};
  if (count != std::size(kPattern) || ops[0].number != 8 || ops[1].number != 0) return std::nullopt;
  for (size_t i = 0; i < count; ++i)
    if (kPattern[i] != 0 && ops[i].atom != kPattern[i]) return std::nullopt;
  if (ops[4].atom < DW_OP_lit0 || ops[4].atom > DW_OP_lit31) return std::nullopt;
  return static_cast<int32_t>(ops[4].atom - DW_OP_lit0);
}

void set_cfa(Dwarf_Frame* frame, sonde_unwind_row& row) {
  Dwarf_Op* ops = nullptr;
  size_t count = 0;
  if (dwarf_frame_cfa(frame, &ops, &count) != 0) return;
  if (const auto push = stub_push(ops, count)) {
    row.cfa_rule = SONDE_CFA_PLT;
    row.cfa_offset = *push;
    return;
  }
  if (count != 1) return;
  const bool any = ops[0].atom == DW_OP_bregx;
  const auto where = static_cast<int>(any ? ops[0].number : ops[0].atom - DW_OP_breg0);
  const auto offset = static_cast<int64_t>(any ? ops[0].number2 : ops[0].number);
  if ((where != kStackPointer && where != kFramePointer) || offset != static_cast<int32_t>(offset)) return;
  row.cfa_rule = where == kStackPointer ? SONDE_CFA_STACK : SONDE_CFA_FRAME;
  row.cfa_offset = static_cast<int32_t>(offset);
}

// How far from the CFA a register was saved; nothing if it was not, or elsewhere.
struct Saved {
  bool same = false;
  bool undefined = false;
  std::optional<int64_t> offset;
};

Saved saved(Dwarf_Frame* frame, int number) {
  Dwarf_Op memory[3];
  Dwarf_Op* ops = nullptr;
  size_t count = 0;
  if (dwarf_frame_register(frame, number, memory, &ops, &count) != 0) return {};
  if (count == 0) return {.same = ops == nullptr, .undefined = ops != nullptr, .offset = {}};
  if (ops[0].atom != DW_OP_call_frame_cfa) return {};
  if (count == 1) return {.offset = 0};
  if (count == 2 && ops[1].atom == DW_OP_plus_uconst) return {.offset = static_cast<int64_t>(ops[1].number)};
  return {};
}

sonde_unwind_row row_of(Dwarf_Frame* frame, bool is_signal) {
  sonde_unwind_row row{};
  if (is_signal) {
    row.cfa_rule = SONDE_CFA_SIGNAL;
    return row;
  }
  const Saved return_address = saved(frame, kReturnAddress);
  if (return_address.undefined) {
    row.cfa_rule = SONDE_CFA_OUTERMOST;
    return row;
  }
  if (return_address.offset != -8) return row;
  set_cfa(frame, row);
  const Saved pointer = saved(frame, kFramePointer);
  if (pointer.offset && *pointer.offset == static_cast<int16_t>(*pointer.offset)) {
    row.frame_rule = SONDE_FRAME_SAVED;
    row.frame_offset = static_cast<int16_t>(*pointer.offset);
  } else {
    row.frame_rule = pointer.same || pointer.undefined ? SONDE_FRAME_SAME : SONDE_FRAME_LOST;
  }
  return row;
}

bool alike(const sonde_unwind_row& a, const sonde_unwind_row& b) {
  return a.cfa_rule == b.cfa_rule && a.cfa_offset == b.cfa_offset && a.frame_rule == b.frame_rule &&
         a.frame_offset == b.frame_offset;
}

class RowReader {
 public:
  RowReader(Dwarf_CFI* cfi, ObjectRows& out) : cfi_(cfi), out_(out) {}

  // All rows of the function at `start`, and one that says where knowledge ends.
  void add_function(uint64_t start) {
    uint64_t at = start;
    Dwarf_Frame* raw = nullptr;
    while (!out_.cut && dwarf_cfi_addrframe(cfi_, at, &raw) == 0) {
      const std::unique_ptr<Dwarf_Frame, FrameCloser> frame(raw);
      Dwarf_Addr begin = 0, end = 0;
      bool is_signal = false;
      dwarf_frame_info(frame.get(), &begin, &end, &is_signal);
      add(at, row_of(frame.get(), is_signal));
      if (end <= at) break;
      at = end;
    }
    if (at > start) add(at, {});
  }

 private:
  void add(uint64_t address, sonde_unwind_row row) {
    const uint64_t relative = address - out_.lowest_address;
    if (address < out_.lowest_address || relative > std::numeric_limits<uint32_t>::max()) return;
    row.address = static_cast<uint32_t>(relative);
    std::vector<sonde_unwind_row>& rows = out_.rows;
    // The next function begins where the last one ended, or before: tables overlap where linkers folded functions.
    while (!rows.empty() && rows.back().address >= row.address) rows.pop_back();
    if (!rows.empty() && alike(rows.back(), row)) return;
    if (rows.size() == SONDE_UNWIND_OBJECT_ROWS) {
      out_.cut = true;
      return;
    }
    rows.push_back(row);
  }

  Dwarf_CFI* cfi_;
  ObjectRows& out_;
};

Result<ObjectRows> read_rows(ElfPtr elf) {
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF) return base::fail("not an ELF file");
  Segments segments = segments_of(elf.get());
  if (!segments.header_table) return base::fail("no .eh_frame_hdr");
  const std::unique_ptr<Dwarf_CFI, CfiCloser> cfi(dwarf_getcfi_elf(elf.get()));
  if (!cfi) return base::fail("no .eh_frame");
  ObjectRows out{.lowest_address = segments.lowest, .segments = std::move(segments.code), .rows = {}};
  std::vector<uint64_t> starts = function_starts(elf.get(), *segments.header_table);
  std::ranges::sort(starts);
  RowReader reader(cfi.get(), out);
  uint64_t done = 0;
  for (const uint64_t start : starts) {
    if (start < done) continue;
    reader.add_function(start);
    done = out.rows.empty() ? 0 : out.lowest_address + out.rows.back().address;
  }
  return out;
}

}  // namespace

std::optional<uint64_t> ObjectRows::address_at(uint64_t file_offset) const {
  for (const CodeSegment& segment : segments) {
    const uint64_t first = segment.file_offset / kPage * kPage;
    if (file_offset >= first && file_offset < segment.file_offset + segment.file_size)
      return segment.address - segment.file_offset + file_offset;
  }
  return std::nullopt;
}

Result<ObjectRows> read_rows(int fd) {
  elf_version(EV_CURRENT);
  return read_rows(ElfPtr(elf_begin(fd, ELF_C_READ_MMAP, nullptr)));
}

Result<ObjectRows> read_rows(std::vector<char>& bytes) {
  elf_version(EV_CURRENT);
  return read_rows(ElfPtr(elf_memory(bytes.data(), bytes.size())));
}

}  // namespace sonde::unwind
