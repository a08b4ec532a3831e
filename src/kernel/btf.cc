// Raw BTF: sections, the table of types, lookups by name. Format: Documentation/bpf/btf.rst of the kernel.
#include "kernel/btf.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <cstring>

#include "base/fd.h"

namespace sonde::kernel {
namespace {

constexpr uint32_t kEnum64 = 19;  // BTF_KIND_ENUM64; older headers lack some of the later kinds
constexpr uint32_t kKinds = 20;

// Bytes of a type: fixed part, and what each of its `vlen` entries adds.
struct Extent {
  uint8_t fixed = sizeof(btf_type);
  uint8_t each = 0;
};

constexpr std::array<Extent, kKinds> extents() {
  std::array<Extent, kKinds> table{};
  constexpr uint8_t header = sizeof(btf_type);
  table[BTF_KIND_INT].fixed = header + 4;
  table[BTF_KIND_ARRAY].fixed = header + sizeof(btf_array);
  table[BTF_KIND_VAR].fixed = header + sizeof(btf_var);
  table[BTF_KIND_DECL_TAG].fixed = header + 4;
  table[BTF_KIND_STRUCT].each = sizeof(btf_member);
  table[BTF_KIND_UNION].each = sizeof(btf_member);
  table[BTF_KIND_ENUM].each = sizeof(btf_enum);
  table[BTF_KIND_FUNC_PROTO].each = sizeof(btf_param);
  table[BTF_KIND_DATASEC].each = sizeof(btf_var_secinfo);
  table[kEnum64].each = sizeof(btf_enum64);
  return table;
}

template <typename Record>
std::span<const Record> tail(const btf_type& type) {
  return {reinterpret_cast<const Record*>(&type + 1), BTF_INFO_VLEN(type.info)};
}

Result<std::vector<char>> read_all(int fd, const std::string& path) {
  std::vector<char> contents;
  size_t used = 0;
  for (;;) {
    contents.resize(used + (1u << 20));
    const ssize_t got = ::read(fd, contents.data() + used, contents.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail_errno("read " + path);
    if (got == 0) break;
    used += static_cast<size_t>(got);
  }
  contents.resize(used);
  return contents;
}

}  // namespace

Result<std::unique_ptr<Btf>> Btf::open(const std::string& path, const Btf* base) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return base::fail_errno("open " + path);
  std::unique_ptr<Btf> btf(new Btf);
  btf->base_ = base;
  std::span<const char> bytes;
  struct stat info{};
  if (::fstat(file.get(), &info) == 0 && info.st_size > 0) {
    void* mapping = ::mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (mapping != MAP_FAILED) {
      btf->mapping_ = mapping;
      btf->mapping_size_ = static_cast<size_t>(info.st_size);
      bytes = {static_cast<const char*>(mapping), btf->mapping_size_};
    }
  }
  if (!btf->mapping_) {
    auto contents = read_all(file.get(), path);
    if (!contents) return std::unexpected(contents.error());
    btf->contents_ = std::move(*contents);
    bytes = btf->contents_;
  }
  SONDE_TRY(btf->read_header(bytes, path));
  return btf;
}

Result<std::unique_ptr<Btf>> Btf::from_bytes(std::vector<char> contents, const std::string& name) {
  std::unique_ptr<Btf> btf(new Btf);
  btf->contents_ = std::move(contents);
  SONDE_TRY(btf->read_header(btf->contents_, name));
  return btf;
}

Result<> Btf::read_header(std::span<const char> bytes, const std::string& path) {
  btf_header header{};
  if (bytes.size() < sizeof header) return base::fail(path + " is not BTF: too short");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != BTF_MAGIC || header.version != BTF_VERSION)
    return base::fail(path + " is not BTF of a known version");
  const uint64_t types_at = uint64_t{header.hdr_len} + header.type_off;
  const uint64_t strings_at = uint64_t{header.hdr_len} + header.str_off;
  if (types_at + header.type_len > bytes.size() || strings_at + header.str_len > bytes.size() || types_at % 4 != 0)
    return base::fail(path + " is damaged: a section exceeds the file");
  types_ = bytes.subspan(types_at, header.type_len);
  strings_ = {bytes.data() + strings_at, header.str_len};
  if (!strings_.empty() && strings_.back() != 0) return base::fail(path + " is damaged: open string section");
  strings_begin_ = base_ ? base_->strings_begin_ + static_cast<uint32_t>(base_->strings_.size()) : 0;
  return {};
}

Btf::~Btf() {
  if (mapping_) ::munmap(mapping_, mapping_size_);
}

const std::vector<uint32_t>& Btf::offsets() const {
  if (indexed_) return offsets_;
  indexed_ = true;
  static constexpr auto kExtents = extents();
  // A type takes 26 bytes on average in vmlinux; growing the table would cost as much as filling it.
  offsets_.reserve(types_.size() / 20);
  for (size_t offset = 0; offset + sizeof(btf_type) <= types_.size();) {
    const btf_type& entry = at(static_cast<uint32_t>(offset));
    const uint32_t kind = BTF_INFO_KIND(entry.info);
    if (kind >= kKinds) break;  // a kind newer than this reader: its extent is unknown
    const size_t size = kExtents[kind].fixed + size_t{kExtents[kind].each} * BTF_INFO_VLEN(entry.info);
    if (offset + size > types_.size()) break;
    offsets_.push_back(static_cast<uint32_t>(offset));
    offset += size;
  }
  return offsets_;
}

uint32_t Btf::end_id() const { return first_id() + static_cast<uint32_t>(offsets().size()); }

const btf_type* Btf::type(uint32_t id) const {
  if (base_ && id < first_id()) return base_->type(id);
  if (id < first_id() || id >= end_id()) return nullptr;
  return &at(offsets()[id - first_id()]);
}

std::string_view Btf::string(uint32_t offset) const {
  if (offset < strings_begin_) return base_->string(offset);
  offset -= strings_begin_;
  return offset < strings_.size() ? std::string_view(strings_.data() + offset) : std::string_view();
}

std::string_view Btf::name(uint32_t id) const {
  const btf_type* entry = type(id);
  return entry ? string(entry->name_off) : std::string_view();
}

std::span<const btf_member> Btf::members(const btf_type& type) { return tail<btf_member>(type); }
std::span<const btf_param> Btf::parameters(const btf_type& type) { return tail<btf_param>(type); }
std::span<const btf_enum> Btf::enumerators(const btf_type& type) { return tail<btf_enum>(type); }
std::span<const btf_enum64> Btf::enumerators64(const btf_type& type) { return tail<btf_enum64>(type); }
const btf_array& Btf::array(const btf_type& type) { return *reinterpret_cast<const btf_array*>(&type + 1); }

uint32_t Btf::next_string(std::string_view text, uint32_t from) const {
  if (from > strings_.size()) return kNoString;
  const std::string whole = std::string(text) + '\0';
  // The first string of a split file has no terminator in front of it.
  if (from == 0 && strings_.starts_with(whole)) return 0;
  const std::string framed = '\0' + whole;
  const size_t start = from == 0 ? 0 : from - 1;
  const void* hit = ::memmem(strings_.data() + start, strings_.size() - start, framed.data(), framed.size());
  return hit ? static_cast<uint32_t>(static_cast<const char*>(hit) - strings_.data()) + 1 : kNoString;
}

uint32_t Btf::find(std::string_view name, uint32_t kinds) const {
  if (name.empty()) return 0;
  const auto [cached, fresh] = found_.try_emplace(std::to_string(kinds) + ':' + std::string(name), 0);
  if (!fresh) return cached->second;
  const std::vector<uint32_t>& table = offsets();
  // Strings are stored once, so the first place that is also the name of a fitting type is the answer.
  each_string_offset(name, [&](uint32_t wanted) {
    for (size_t i = 0; i < table.size() && cached->second == 0; ++i) {
      const btf_type& entry = at(table[i]);
      if (entry.name_off == wanted && (kinds & kind_bit(BTF_INFO_KIND(entry.info))))
        cached->second = first_id() + static_cast<uint32_t>(i);
    }
    return cached->second != 0;
  });
  return cached->second;
}

}  // namespace sonde::kernel
