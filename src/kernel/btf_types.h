// BTF types -> semantic types. Modifiers and typedefs vanish, records are completed on first use of their fields.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/btf.h"
#include "kernel/kernel_view.h"
#include "types/type.h"

namespace sonde::kernel {

// Whose memory the records describe: the kernel's, which differs from kernel to kernel, or that of a program's own types.
enum class Layouts : uint8_t { kernel, fixed };

// Another type in place of a named record or enumeration; null: none.
using NamedType = std::function<types::TypeRef(std::string_view tag, std::string_view name)>;

class BtfTypes final : public types::CRecordSource {
 public:
  // `base`: the converter of btf.base(); all must outlive this object.
  BtfTypes(const Btf& btf, types::TypeContext& context, BtfTypes* base = nullptr, Layouts layouts = Layouts::kernel)
      : btf_(btf), context_(context), base_(base), layouts_(layouts) {}
  // What `named` has takes the place of what BTF says.
  void set_named(NamedType named) { named_ = std::move(named); }

  const Btf& btf() const { return btf_; }
  // Kind none for what sonde has no type for (floats, 128-bit integers); void for id 0 and for functions.
  types::TypeRef convert(uint32_t id);
  std::vector<types::CField> fields(const types::CRecord& record) override;
  // Parameters and result of a FUNC_PROTO, the first `skip` parameters left out. `names`: id of a FUNC_PROTO that names
  // the parameters when `proto` does not, or 0.
  FunctionProto prototype(uint32_t proto, uint32_t skip, uint32_t names = 0);
  // C declaration text of a type without a name: "const char *", "struct list_head *", "void (*)(int)".
  std::string c_text(uint32_t id) const;
  // Id behind const, volatile, restrict, type tags and typedefs.
  uint32_t resolve(uint32_t id) const;
  // Words of 8 bytes that a parameter takes in the argument array of a BTF-typed program.
  static uint32_t words(types::TypeRef type) { return type->size > 8 ? (type->size + 7) / 8 : 1; }

 private:
  types::TypeRef convert_new(uint32_t id, const btf_type& type);
  types::TypeRef convert_integer(const btf_type& type);
  types::TypeRef convert_array(const btf_array& array);
  types::TypeRef convert_enum(const btf_type& type);
  types::TypeRef convert_record(uint32_t id, const btf_type& type);
  void place_bitfield(types::CField& field, uint32_t bit, uint32_t bits) const;
  // Natural alignment; 1 for records whose members do not lie on it (packed).
  uint32_t alignment(uint32_t id, uint32_t depth = 0);
  // First type tag on the way from a pointer to its pointee.
  std::string pointer_tag(uint32_t pointer) const;
  bool is_char(uint32_t id) const;

  const Btf& btf_;
  types::TypeContext& context_;
  BtfTypes* base_;
  Layouts layouts_;
  NamedType named_;
  std::unordered_map<uint32_t, types::TypeRef> converted_;
  std::unordered_map<uint32_t, uint32_t> alignments_;
};

}  // namespace sonde::kernel
