// Semantic types. Immutable and interned: two types are the same exactly when their pointers are. Layout for the runtime is
// derived in types/layout.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/map_desc.h"
#include "image/type_table.h"

namespace sonde::types {

class CRecord;
struct CEnum;

// Address space of a pointer, and of values that came through one (language.md 8.2).
enum class Space : uint8_t { none, kernel, user };

// Closed: lowering and layout switch on it.
enum class Kind : uint8_t {
  none,       // no type found, block without value
  void_type,  // result of print() and the like
  boolean,
  integer,
  enumeration,  // `enum E`: 8 bytes as a value, 4 as a struct field
  string,
  buffer,
  inet,
  tuple,
  record,  // script record, members by name
  array,
  pointer,
  c_record,  // struct or union of C or BTF
  kernel_stack,
  user_stack,
  kernel_symbol,
  user_symbol,
  timestamp,
  mac_address,
  username,
  cgroup_path,
  aggregate,  // map values only: count_t, sum_t, ..., hist_t, lhist_t
};

struct Type;
using TypeRef = const Type*;

struct Member {
  std::string name;  // empty in tuples
  TypeRef type = nullptr;
  uint32_t offset = 0;
};

// One type. Only the fields that its kind names are meaningful; all others keep their defaults, since they take part in
// interning.
struct Type {
  Kind kind = Kind::none;
  uint32_t size = 0;       // bytes; 0 while open (string without capacity, void)
  uint32_t align = 1;      // bytes
  bool is_signed = false;  // integer, aggregate
  // integer: a literal's type, whose sign adapts to the other side (language.md 5.1). Gone after inference.
  bool flexible = false;
  // integer: stands for a type that inference does not know yet and promotes to any other. Gone after inference.
  bool guessed = false;
  image::Clock clock = image::Clock::boot;  // integer: what nsecs(mode) remembers for strftime
  TypeRef element = nullptr;                // array, pointer (pointee)
  std::optional<uint32_t> count;            // array length; empty: unsized `T[]`. stacks: frame limit
  Space space = Space::none;                // pointer
  std::vector<Member> members;              // tuple, record
  const CRecord* c_record = nullptr;        // c_record
  const CEnum* c_enum = nullptr;            // enumeration
  image::StackMode stack_mode = image::StackMode::symbols;
  // aggregate: its name ("count", "hist") and the parameters that must agree over all uses of a map
  std::string aggregate;
  uint32_t bits = 0;
  uint64_t min = 0, max = 0, step = 0;
  // A pointer the verifier trusts and knows by BTF (arguments of BTF-typed programs): may be read without a helper.
  bool trusted = false;
  // pointer: the probe context itself or `args`; never a map key, never stored
  bool context = false;

  bool is_integer() const { return kind == Kind::integer || kind == Kind::enumeration; }
  bool is_scalar() const;  // fits a register: boolean, integer, enumeration, pointer, kernel_symbol, username
  bool is_stack() const { return kind == Kind::kernel_stack || kind == Kind::user_stack; }
};

// A member of a C struct or union. Anonymous members keep an empty name; lookup goes through them.
struct CField {
  std::string name;
  TypeRef type = nullptr;   // kind none: a type sonde cannot use (float, function)
  uint32_t offset = 0;      // bytes, of the storage unit for bitfields
  uint16_t bit_offset = 0;  // from the least significant bit of the storage unit
  uint16_t bit_size = 0;    // 0: not a bitfield
  // BTF type tag of a pointer ("user", "percpu", "rcu"), else empty. "data_loc" in tracepoint arguments: the 4 bytes at
  // `offset` tell where the data is, and the field's value is the data's address (a pointer).
  // "common": one of the fields that all tracepoints share, which programs may not read.
  std::string tag;
  // A char array of C, which may be full: its value is a string with a NUL behind all of its bytes (language.md 4.3).
  bool open_text = false;
};

// Fills in the fields of a record on first use, so that naming `struct task_struct` does not pull in half the kernel.
class CRecordSource {
 public:
  virtual ~CRecordSource() = default;
  virtual std::vector<CField> fields(const CRecord& record) = 0;
};

class CRecord {
 public:
  CRecord(std::string tag, std::string name, uint32_t size, uint32_t align, CRecordSource& source, uint64_t source_id,
          bool from_kernel)
      : tag_(std::move(tag)),
        name_(std::move(name)),
        size_(size),
        align_(align),
        source_(source),
        source_id_(source_id),
        from_kernel_(from_kernel) {}

  const std::string& tag() const { return tag_; }    // "struct", "union"
  const std::string& name() const { return name_; }  // may be empty (anonymous) or an internal "tracepoint:a:b_args"
  std::string printed_name() const { return tag_ + " " + name_; }
  uint32_t size() const { return size_; }
  uint32_t align() const { return align_; }
  uint64_t source_id() const { return source_id_; }  // BTF id, or the source's own number
  bool from_kernel() const { return from_kernel_; }  // its layout may differ on another kernel: CO-RE applies
  const std::vector<CField>& fields() const;         // completes on first use
  // The path from this record to the field `name`, through anonymous members (innermost last); empty: no such field.
  std::vector<const CField*> find(std::string_view name) const;

 private:
  std::string tag_, name_;
  uint32_t size_, align_;
  CRecordSource& source_;
  uint64_t source_id_;
  bool from_kernel_;
  mutable bool complete_ = false;
  mutable std::vector<CField> fields_;
};

struct CEnum {
  std::string name;
  std::vector<image::EnumVariant> variants;
  uint32_t field_size = 4;  // bytes as a struct field
  bool is_signed = false;
};

// Makes and owns all types of a compilation.
class TypeContext {
 public:
  TypeContext();
  ~TypeContext();
  TypeContext(const TypeContext&) = delete;
  TypeContext& operator=(const TypeContext&) = delete;

  TypeRef intern(Type type);
  CRecord* add_record(std::string tag, std::string name, uint32_t size, uint32_t align, CRecordSource& source,
                      uint64_t source_id, bool from_kernel);
  // A record whose fields are all known; offsets as given.
  CRecord* add_record(std::string tag, std::string name, uint32_t size, uint32_t align, std::vector<CField> fields);
  const CEnum* add_enum(CEnum definition);
  // Keeps a source of records alive as long as the records.
  CRecordSource& keep(std::unique_ptr<CRecordSource> source);

  TypeRef none() const { return none_; }
  TypeRef void_type() const { return void_; }
  TypeRef boolean() const { return boolean_; }
  TypeRef integer(uint32_t size, bool is_signed);  // 1, 2, 4, 8 bytes
  TypeRef literal(uint64_t value);                 // smallest signed type holding it, flexible; uint64 above 2^63-1
  TypeRef negative_literal(int64_t value);         // smallest signed type, not flexible
  TypeRef guess();                                 // the guessed integer
  TypeRef string(uint32_t capacity);               // bytes incl. NUL; 0: open
  TypeRef buffer(uint32_t capacity);               // size = capacity + 4
  TypeRef inet();
  TypeRef tuple(const std::vector<TypeRef>& elements);
  TypeRef record(const std::vector<std::pair<std::string, TypeRef>>& members);
  TypeRef array(TypeRef element, std::optional<uint32_t> count);
  TypeRef pointer(TypeRef pointee, Space space);
  TypeRef c_record(const CRecord* record);
  TypeRef enumeration(const CEnum* definition, uint32_t size = 8);
  TypeRef stack(bool user, image::StackMode mode, uint32_t limit);
  TypeRef kernel_symbol();
  TypeRef user_symbol();
  TypeRef timestamp();
  TypeRef mac_address();
  TypeRef username();
  TypeRef cgroup_path();
  TypeRef aggregate(std::string_view name, bool is_signed);
  // `type` with another address space / clock / without the flexible mark.
  TypeRef with_space(TypeRef type, Space space);
  TypeRef inflexible(TypeRef type);

 private:
  struct State;
  State* state_;
  TypeRef none_, void_, boolean_;
};

// Printed name (language.md 4.2): "uint64", "string[6]", "(int8,string[4])", "struct path *".
std::string printed(TypeRef type);
// Base name used in messages and typeinfo: "int", "string", "pointer", ...
std::string base_name(TypeRef type);

// The common type of two types by language.md 5.2; null when nothing promotes. Aggregates and all families included.
TypeRef promote(TypeContext& context, TypeRef left, TypeRef right);

}  // namespace sonde::types
