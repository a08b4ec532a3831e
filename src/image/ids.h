// Distinct small ids of the tables of an image: an index each, never a bare integer.
#pragma once

#include <cstdint>

namespace sonde::image {

template <typename Tag>
struct Id {
  uint32_t value = UINT32_MAX;
  bool valid() const { return value != UINT32_MAX; }
  bool operator==(const Id&) const = default;
};

using TypeId = Id<struct TypeTag>;
using MapId = Id<struct MapTag>;
using ProgramId = Id<struct ProgramTag>;
using EventId = Id<struct EventTag>;
using FormatId = Id<struct FormatTag>;
using SpanId = Id<struct SpanTag>;
using ErrorSiteId = Id<struct ErrorSiteTag>;
using ParameterId = Id<struct ParameterTag>;
using StringId = Id<struct StringTag>;

}  // namespace sonde::image
