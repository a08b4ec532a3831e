// What inference finds types for: scratch variables, and keys and values of maps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "source/location.h"
#include "types/type.h"

namespace sonde::sema::bound {

struct Stmt;

struct Slot {
  types::TypeRef type = nullptr;     // promotion of all that was assigned; null: nothing known yet
  bool declared = false;             // `let $x : T`: assignments convert, the type stays
  bool asked = false;                // stands inside sizeof, typeof, offsetof or typeinfo
  bool locked = false;               // asked, and a first round of inference is over
  types::TypeRef refused = nullptr;  // a type that came later and did not fit the lock
  uint32_t changes = 0;              // how often `type` changed: guards against types that would grow for ever
  std::vector<Stmt*> readers;        // statements to type again when `type` changes
};

struct Variable {
  enum class Origin : uint8_t { declaration, assignment, loop };
  std::string name;
  Origin origin = Origin::assignment;
  source::Range first;    // its declaration, first assignment or loop head
  uint32_t sequence = 0;  // order of declaration within the compilation
  bool assigned = false;
  bool read = false;
  bool read_unassigned = false;  // warned about already
  Slot slot;
};

struct Map {
  enum class Shape : uint8_t { unknown, scalar, keyed };
  std::string name;
  Shape shape = Shape::unknown;
  source::Range first_use;
  bool by_value = false;         // an entry is read or written somewhere
  bool assigned = false;         // by a plain assignment somewhere
  bool takes_aggregate = false;  // assigned the value of another map's aggregate
  std::optional<std::string> declared_kind;
  std::optional<uint64_t> declared_entries;
  source::Range declared_kind_range;
  Slot key, value;
};

}  // namespace sonde::sema::bound
