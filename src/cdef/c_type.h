// C types as they are declared, with their layout by the System V ABI of x86_64 and arm64. Records are filled in place, so
// that they may be mentioned before they are complete.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "image/type_table.h"
#include "source/location.h"
#include "types/type.h"

namespace sonde::cdef {

struct Record;
struct Enumeration;

struct CType {
  // Closed: layout and conversion switch on it.
  enum class Kind : uint8_t {
    void_type,
    boolean,
    integer,
    opaque,  // known size, unusable value: floats, 128-bit integers, va_list
    pointer,
    array,
    function,
    record,
    enumeration,
    kernel,  // from BTF
  };
  Kind kind = Kind::void_type;
  uint32_t size = 0;
  uint32_t align = 1;
  bool is_signed = false;
  bool plain_char = false;         // arrays of it are text
  const CType* element = nullptr;  // pointer, array
  uint32_t count = 0;              // array
  bool flexible = false;           // array without length
  Record* record = nullptr;
  Enumeration* enumeration = nullptr;
  types::TypeRef kernel = nullptr;
  std::string tag;     // pointer: its btf_type_tag ("user")
  uint32_t depth = 0;  // of pointers and arrays in one another
};

struct Field {
  std::string name;  // empty: anonymous member
  const CType* type = nullptr;
  uint32_t offset = 0;      // bytes, of the storage unit for bit-fields
  uint16_t bit_offset = 0;  // in the storage unit
  uint16_t bit_size = 0;    // 0: no bit-field
};

struct Record {
  bool is_union = false;
  std::string name;
  bool complete = false;
  source::Range range;  // of the name where it was defined
  uint32_t size = 0;
  uint32_t align = 1;
  uint32_t depth = 0;  // of records by value in one another
  std::vector<Field> fields;
  types::TypeRef converted = nullptr;
};

struct Enumeration {
  std::string name;
  bool complete = false;
  source::Range range;
  std::vector<image::EnumVariant> variants;
  bool is_signed = false;
  uint32_t size = 4;
  types::TypeRef converted = nullptr;
};

// What a member's declaration says beyond its type.
struct FieldRequest {
  Field field;
  std::optional<uint32_t> width;  // of a bit-field
  uint32_t aligned = 0;           // attribute; 0: none
  bool packed = false;
};

// Places members one after the other. Offsets are checked against 2^31 bytes by the caller through `size()`.
class RecordLayout {
 public:
  // `pack`: 1 for packed records, else the limit of `#pragma pack`; 0: none. `arm`: arm64, where unnamed bit-fields count
  // for the alignment.
  RecordLayout(bool is_union, uint32_t pack, bool arm) : is_union_(is_union), pack_(pack), arm_(arm) {}
  // `size` and `align` are those of the member's type.
  void add(FieldRequest& request, uint32_t size, uint32_t align);
  // `aligned`: the record's own attribute.
  void finish(uint32_t aligned);
  uint64_t size() const { return (bits_ + 7) / 8; }
  uint32_t align() const { return align_; }

 private:
  void add_bits(FieldRequest& request, uint32_t size, uint32_t align);

  bool is_union_;
  uint32_t pack_;
  bool arm_;
  uint64_t bits_ = 0;
  uint32_t align_ = 1;
};

}  // namespace sonde::cdef
