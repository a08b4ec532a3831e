// A builtin in exactly one place: one row in its family's table (anchors of the whole registry: registry.cc). The row is
// at once definition, check, lowering and documentation; no other code names a builtin.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "builtins/call_view.h"
#include "builtins/codegen.h"
#include "image/event_layout.h"
#include "image/map_desc.h"
#include "types/type.h"

namespace sonde::builtins {

enum class RowKind : uint8_t {
  value,      // may be written bare or with (): pid, kstack
  function,   // call form only
  aggregate,  // call form, only as the direct right-hand side of a map assignment
};

// What a parameter accepts. `sema` checks it and words the refusal (stdlib.md 1.3) before the row's check hook runs.
enum class ParamKind : uint8_t {
  any,      // any value, maps by value
  integer,  // integer, enum; castable aggregates convert
  integer_literal,
  string_literal,
  string,
  pointer_or_integer,
  map,              // a whole map
  map_or_any,       // print(): a whole map, or any value
  map_key,          // a key of the map in the position before: converted to its key type
  variable,         // a scratch variable, by reference (find)
  word,             // bare identifier from a fixed set
  word_or_literal,  // kstack(perf, 3), kstack(3)
  place,            // a value whose address counts: evaluated by the hook, with Codegen::with_place()
};

struct Param {
  std::string_view name;
  ParamKind kind = ParamKind::any;
  bool optional = false;
};

struct Builtin {
  std::string_view name;
  std::span<const std::string_view> aliases = {};
  RowKind kind = RowKind::function;
  std::span<const Param> params = {};
  bool variadic = false;     // further arguments of kind any after `params` (printf)
  std::string_view summary;  // one sentence, for the manual
  std::string_view example;  // one line of script
  uint32_t needs = 0;        // capability bits (types/capability.h) of the probe; refused by `refusal` otherwise
  // Text of the refusal when `needs` is not met: a catalogue id whose {0} is the name and {1} the provider.
  std::optional<diag::Id> refusal = {};
  diag::Id unknown_map = diag::Id::undefined_map;  // what is said of a map argument without any type
  bool unsafe = false;
  bool returns = false;  // leaves the probe after the call (exit)
  bool fixed = false;    // a value that is the same throughout one run of a program
  // Addresses of kernel structures: the helper that gives the same as a pointer whose type the verifier knows.
  std::optional<uint32_t> typed_helper = {};
  bool per_match = false;  // the value differs per match of a wildcard: one program per match (probe)
  // Checks beyond the signature and gives the result type; reports and returns null when the call is wrong. May be called
  // several times while types widen: it must be pure apart from its diagnostics. Null: the result is void.
  types::TypeRef (*check)(CallView& call) = nullptr;
  // Compile-time constant result, when it has one with these arguments (kaddr, probe): integer or text.
  std::optional<std::variant<uint64_t, std::string>> (*fold)(CallView& call) = nullptr;
  // Emits the call. Scalars return their value; memory-typed results are written to cg.result() and Reg{} is returned.
  // Null for most asynchronous rows: `plan` makes the record and lowering fills it from the arguments. An asynchronous row
  // with a hook (join) fills the record itself: cg.result() is then the record's first byte behind the header.
  Reg (*lower)(Codegen& cg) = nullptr;
  // Asynchronous rows: what user space does with the record.
  std::optional<image::Action> action = {};
  // Asynchronous rows with a hook: appends the types of the record's fields.
  void (*fields)(types::TypeContext& types, std::vector<types::TypeRef>& fields) = nullptr;
  // Asynchronous rows whose hook sends the record itself, not by the ring, and gives a value.
  bool own_channel = false;
  // Index of the argument that is the printf-style format, if any.
  std::optional<uint32_t> format_argument = {};
  // Aggregates: the cell, and the update of the local CPU's cell at `cell` from the arguments.
  image::AggDesc (*aggregate)(types::TypeRef type) = nullptr;
  void (*update)(Codegen& cg, Mem cell) = nullptr;
  // Aggregates whose entries may have several cells, instead of `update`: asks for the cell it wants, Codegen::with_cell().
  void (*update_blocks)(Codegen& cg) = nullptr;
};

// All rows, in the order of the manual.
std::span<const Builtin* const> builtins();
// By name or alias; null when unknown.
const Builtin* find_builtin(std::string_view name);

}  // namespace sonde::builtins
