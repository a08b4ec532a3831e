// Layout of structs and unions: System V ABI x86-64 (3.1.2) and AAPCS64 (8.1.8), as GCC and Clang do it.
#include <algorithm>

#include "cdef/c_type.h"

namespace sonde::cdef {
namespace {

uint64_t rounded(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

void RecordLayout::add(FieldRequest& request, uint32_t size, uint32_t align) {
  if (request.packed) align = 1;
  if (pack_) align = std::min(align, pack_);
  if (request.aligned) align = std::max(align, pack_ > 1 ? std::min(request.aligned, pack_) : request.aligned);
  if (request.width) return add_bits(request, size, align);
  const uint64_t at = is_union_ ? 0 : rounded(bits_, uint64_t{align} * 8);
  request.field.offset = static_cast<uint32_t>(at / 8);
  bits_ = std::max(bits_, at + uint64_t{size} * 8);
  align_ = std::max(align_, align);
}

void RecordLayout::add_bits(FieldRequest& request, uint32_t size, uint32_t align) {
  const uint32_t width = *request.width;
  const bool named = !request.field.name.empty();
  const uint64_t unit = uint64_t{size} * 8;
  const bool dense = request.packed || pack_ == 1;
  uint64_t at = is_union_ ? 0 : bits_;
  if (width == 0) {
    // Ends the unit, whatever is packed around it.
    if (!is_union_) bits_ = rounded(bits_, std::max(unit, uint64_t{request.aligned} * 8));
    if (arm_) align_ = std::max(align_, align);
    return;
  }
  if (request.aligned) at = rounded(at, uint64_t{request.aligned} * 8);
  // A bit-field does not straddle the boundary of its own type, unless it is packed.
  if (!dense && at % unit + width > unit) at = rounded(at, pack_ ? uint64_t{align} * 8 : unit);
  bits_ = std::max(bits_, at + width);
  if (named || arm_) align_ = std::max(align_, dense && !request.aligned ? 1 : align);
  Field& field = request.field;
  field.bit_size = static_cast<uint16_t>(width);
  field.offset = static_cast<uint32_t>(at / unit * size);
  field.bit_offset = static_cast<uint16_t>(at % unit);
  if (field.bit_offset + width > unit) {
    field.offset = static_cast<uint32_t>(at / 8);
    field.bit_offset = static_cast<uint16_t>(at % 8);
  }
}

void RecordLayout::finish(uint32_t aligned) {
  align_ = std::max(align_, aligned);
  bits_ = rounded(bits_, uint64_t{align_} * 8);
}

}  // namespace sonde::cdef
