// All types of one C unit: its own definitions by name, the C language's own, and what BTF adds on demand. Also the source
// of the records' fields once they are semantic types, so it lives in the type context.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cdef/c_type.h"
#include "kernel/kernel_view.h"

namespace sonde::cdef {

struct EnumeratorEntry {
  Enumeration* owner = nullptr;
  uint64_t value = 0;
  source::Range range;
};

class UnitTypes final : public types::CRecordSource {
 public:
  UnitTypes(const kernel::KernelView& kernel, bool char_is_signed) : kernel_(kernel), char_is_signed_(char_is_signed) {}

  // --- making ---------------------------------------------------------------------------------------------------------
  const CType* add(CType type) { return &types_.emplace_back(std::move(type)); }
  const CType* integer(uint32_t size, bool is_signed);
  const CType* character() const { return char_is_signed_ ? &signed_char_ : &unsigned_char_; }
  const CType* void_type() const { return &void_; }
  const CType* boolean() const { return &boolean_; }
  const CType* opaque(uint32_t size, uint32_t align);
  const CType* pointer(const CType* element, std::string tag = {});
  const CType* array(const CType* element, std::optional<uint32_t> count);
  const CType* function() const { return &function_; }
  // The record or enumeration of that tag; a new, incomplete one when there is none or `name` is empty.
  Record* record(bool is_union, const std::string& name);
  Enumeration* enumeration(const std::string& name);
  const CType* type_of(Record* record);
  const CType* type_of(Enumeration* enumeration);

  // Tells headers of the kernel's source tree. What those define and BTF knows, too, is BTF's: that is the running kernel.
  void set_kernel_headers(std::function<bool(source::BufferId)> is_kernel) { is_kernel_ = std::move(is_kernel); }

  // --- names ----------------------------------------------------------------------------------------------------------
  void add_typedef(const std::string& name, const CType* type) {
    if (declared_.insert(name).second) typedefs_[name] = type;  // the first declaration stays
  }
  // Does the unit itself declare (and define) it? All other names are borrowed from C, the C library or BTF.
  bool declares(std::string_view tag, std::string_view name) const;
  template <typename Visit>
  void each_borrowed_typedef(Visit visit) const {
    for (const auto& [name, type] : typedefs_)
      if (!declared_.contains(name)) visit(name);
  }
  // Typedefs of the unit, of the C library's and the kernel's basic names, and of BTF; null: unknown.
  const CType* find_typedef(std::string_view name);
  const EnumeratorEntry* find_enumerator(std::string_view name) const;
  // The value of an enumerator that BTF has.
  std::optional<uint64_t> kernel_enumerator(std::string_view name) const;
  void add_enumerator(const std::string& name, EnumeratorEntry entry) { enumerators_[name] = entry; }

  // A type of BTF as one of C.
  const CType* from_kernel(types::TypeRef type);
  // Size and alignment; false: incomplete, also in BTF.
  bool measure(const CType* type, uint32_t& size, uint32_t& align);
  static std::string spelled(const CType* type);

  // --- semantic types -------------------------------------------------------------------------------------------------
  // A type that the unit itself declares (complete), by tag and name; null: not one of the unit.
  types::TypeRef find(std::string_view tag, std::string_view name);
  // A basic name that needs neither declaration nor BTF ("u32", "size_t").
  types::TypeRef find_basic(std::string_view name);
  types::TypeRef convert(const CType* type);
  types::TypeRef convert(Enumeration* enumeration, uint32_t size);
  std::vector<types::CField> fields(const types::CRecord& record) override;

 private:
  types::TypeRef convert_record(Record& record);
  types::TypeRef convert_array(const CType& type);
  const CType* basic(std::string_view name);
  bool gives_way(const Record& record) const;

  const kernel::KernelView& kernel_;
  bool char_is_signed_;
  std::function<bool(source::BufferId)> is_kernel_;
  CType void_, boolean_{CType::Kind::boolean, 1, 1}, function_{CType::Kind::function};
  CType signed_char_{.kind = CType::Kind::integer, .size = 1, .is_signed = true, .plain_char = true};
  CType unsigned_char_{.kind = CType::Kind::integer, .size = 1, .plain_char = true};
  std::deque<CType> types_;
  std::deque<Record> records_;
  std::deque<Enumeration> enumerations_;
  std::map<std::string, Record*, std::less<>> tags_;
  std::map<std::string, Enumeration*, std::less<>> enum_tags_;
  std::map<std::string, const CType*, std::less<>> typedefs_;  // borrowed ones, too
  std::set<std::string, std::less<>> declared_;
  std::map<std::string, EnumeratorEntry, std::less<>> enumerators_;
};

}  // namespace sonde::cdef
