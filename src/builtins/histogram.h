// Buckets in cells, shared by the families of aggregations (private to this folder).
#pragma once

#include <utility>
#include <vector>

#include "builtins/codegen.h"
#include "image/map_desc.h"

namespace sonde::builtins {

inline constexpr uint32_t kField = 8;  // bytes of every field of a cell

// A descriptor with the name and sign of its type.
inline image::AggDesc described(types::TypeRef type, image::View view, std::vector<image::CellField> fields,
                                uint32_t cell_size) {
  image::AggDesc desc;
  desc.name = type->aggregate;
  desc.view = view;
  desc.is_signed = type->is_signed;
  desc.cell_size = cell_size;
  desc.fields = std::move(fields);
  return desc;
}

inline void add_to(Codegen& cg, Mem cell, uint32_t offset, Reg value) {
  cg.store(cell, offset, kField, cg.binary(Op::add, cg.load(cell, offset, kField, false), value));
}

// Adds one to bucket `index`, which is below `buckets` by construction.
inline void add_to_bucket(Codegen& cg, Mem cell, Reg index, uint32_t buckets) {
  const Reg at = cg.binary(Op::mul, cg.bound(index, buckets), cg.constant(kField));
  add_to(cg, cg.offset(cell, at), 0, cg.constant(1));
}

// Of hist(n, bits): bucket 0 holds the negative values, the last one ends at 2^63.
inline uint32_t log2_buckets(uint32_t bits) { return ((64 - bits) << bits) + 1; }
Reg log2_bucket(Codegen& cg, Reg n, uint32_t bits);

}  // namespace sonde::builtins
