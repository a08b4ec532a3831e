// Reader of raw BTF, the kernel's own type information: of vmlinux, or of a module on top of vmlinux (split BTF). Opening
// maps the file and looks at its header only; the table of types is built by the first lookup. Every offset and id that
// comes from the file is checked, so a damaged file gives "not found", never a wild read.
#pragma once

#include <linux/btf.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace sonde::kernel {

// Set of BTF kinds, for lookups.
constexpr uint32_t kind_bit(uint32_t kind) { return 1u << kind; }

class Btf {
 public:
  // `base`: the BTF that ids and strings continue, for a module; must outlive this object.
  static Result<std::unique_ptr<Btf>> open(const std::string& path, const Btf* base = nullptr);
  // BTF in memory, as in a section of an object file; `name` is for messages.
  static Result<std::unique_ptr<Btf>> from_bytes(std::vector<char> contents, const std::string& name);
  ~Btf();
  Btf(const Btf&) = delete;
  Btf& operator=(const Btf&) = delete;

  // Ids of this file's own types: [first_id, end_id).
  uint32_t first_id() const { return base_ ? base_->end_id() : 1; }
  uint32_t end_id() const;
  const Btf* base() const { return base_; }

  // Null for id 0 (void) and for ids that do not exist. Delegates to the base.
  const btf_type* type(uint32_t id) const;
  // Empty for anonymous types and bad offsets. Delegates to the base.
  std::string_view string(uint32_t offset) const;
  std::string_view name(uint32_t id) const;

  // Trailing records of a type.
  static std::span<const btf_member> members(const btf_type& type);    // struct, union
  static std::span<const btf_param> parameters(const btf_type& type);  // func_proto
  static std::span<const btf_enum> enumerators(const btf_type& type);  // enum
  static std::span<const btf_enum64> enumerators64(const btf_type& type);
  static const btf_array& array(const btf_type& type);

  // First of this file's own types with a kind out of `kinds` and this name; 0: none.
  uint32_t find(std::string_view name, uint32_t kinds) const;
  // Calls `visit(id, type)` for all own types with a kind out of `kinds`.
  template <typename Visit>
  void for_each(uint32_t kinds, Visit visit) const {
    const std::vector<uint32_t>& table = offsets();
    for (size_t i = 0; i < table.size(); ++i) {
      const btf_type& entry = at(table[i]);
      if (kinds & kind_bit(BTF_INFO_KIND(entry.info))) visit(static_cast<uint32_t>(first_id() + i), entry);
    }
  }
  // Offsets at which `text` stands as a whole string, in this file or its base, in order, until `visit(offset)` says true.
  template <typename Visit>
  bool each_string_offset(std::string_view text, Visit visit) const {
    if (base_ && base_->each_string_offset(text, visit)) return true;
    for (uint32_t at = next_string(text, 0); at != kNoString; at = next_string(text, at + 1))
      if (visit(strings_begin_ + at)) return true;
    return false;
  }

 private:
  static constexpr uint32_t kNoString = UINT32_MAX;

  Btf() = default;
  Result<> read_header(std::span<const char> bytes, const std::string& name);
  // First offset not below `from` into the own strings at which `text` stands as a whole string.
  uint32_t next_string(std::string_view text, uint32_t from) const;
  const std::vector<uint32_t>& offsets() const;
  const btf_type& at(uint32_t offset) const { return *reinterpret_cast<const btf_type*>(types_.data() + offset); }

  const Btf* base_ = nullptr;
  void* mapping_ = nullptr;
  size_t mapping_size_ = 0;
  std::vector<char> contents_;  // where mapping is not supported (kernels before 6.16)
  std::span<const char> types_;
  std::string_view strings_;
  uint32_t strings_begin_ = 0;  // offset of the first own string
  mutable bool indexed_ = false;
  mutable std::vector<uint32_t> offsets_;  // of each type, into types_
  mutable std::unordered_map<std::string, uint32_t> found_;
};

}  // namespace sonde::kernel
