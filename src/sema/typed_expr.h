// Expressions of the typed program, and the variables and maps they name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "builtins/builtin.h"
#include "kernel/kernel_view.h"
#include "source/location.h"
#include "types/type.h"

namespace sonde::sema {

using source::Range;
using types::TypeRef;

// A scratch variable of one program (after expansion, so unique by scope).
struct Variable {
  std::string name;  // "$x"
  TypeRef type = nullptr;
};

struct Map {
  std::string name;  // "@m"
  bool scalar = true;
  TypeRef key = nullptr;    // null for scalar maps
  TypeRef value = nullptr;  // kind aggregate for aggregation maps
  Range first_use;
  std::optional<std::string> declared_kind;  // let @m = KIND(N)
  std::optional<uint64_t> declared_entries;
};

enum class ExprKind : uint8_t {
  constant,         // Constant: boolean, integer, enumeration, pointer
  text,             // Text: string literal of type string[N], N may exceed its length + 1
  variable,         // VariableRead
  map_read,         // MapRead: value of an entry, zero when missing; for aggregates the combined 64-bit integer
  map_ref,          // MapRef: a whole map, only as an argument of a builtin
  call,             // Call of a builtin row
  c_call,           // CCall of a function of an imported C file
  unary,            // Unary: negate, bit_not on 64-bit integers; logical_not on bool
  binary,           // Binary: both operands already of one type; shifts and arithmetic are 64 bits wide
  logical,          // Logical && || on bools, short-circuit
  pointer_add,      // PointerAdd: pointer +- index * scale
  conditional,      // Conditional: c ? a : b and `if`; type void_type when it is a statement
  block,            // BlockExpr
  cast,             // Cast
  field,            // Field of a C record, through a pointer or of a value
  dereference,      // Dereference: *p
  element,          // Element: tuple or record member by position
  index,            // Index: array element, string byte, or p[i]
  tuple,            // TupleMake: tuples and records
  address_of,       // AddressOf: &$x
  increment,        // Increment: ++ and -- on a variable or map entry
  context_args,     // `args` as a pointer to the probe's args record; Field reads through it
  context_arg,      // argN
  context_retval,   // retval
  context_pointer,  // ctx
};

struct Expr {
  ExprKind kind;
  TypeRef type;
  Range range;
  // Macro levels that this code came out of, innermost first; null for code the user wrote in place.
  const std::vector<Range>* expanded_from = nullptr;
};

template <typename Node>
const Node& as(const Expr& expr) {
  return static_cast<const Node&>(expr);
}

struct Stmt;
struct Block {
  Range range;
  std::vector<const Stmt*> statements;
};

struct Constant : Expr {
  static constexpr ExprKind kKind = ExprKind::constant;
  uint64_t bits = 0;  // two's complement, sign-extended to 64 bits for signed types
};
struct Text : Expr {
  static constexpr ExprKind kKind = ExprKind::text;
  std::string bytes;  // without the trailing NUL
};
struct VariableRead : Expr {
  static constexpr ExprKind kKind = ExprKind::variable;
  const Variable* variable = nullptr;
};
struct MapRead : Expr {
  static constexpr ExprKind kKind = ExprKind::map_read;
  const Map* map = nullptr;
  const Expr* key = nullptr;  // of the map's key type; null for scalar maps
};
struct MapRef : Expr {
  static constexpr ExprKind kKind = ExprKind::map_ref;
  const Map* map = nullptr;
};
struct Call : Expr {
  static constexpr ExprKind kKind = ExprKind::call;
  const builtins::Builtin* row = nullptr;
  std::vector<const Expr*> arguments;         // words and format literals included as Text/Constant
  std::vector<builtins::Argument> described;  // the same arguments as the hooks saw them
};
struct CCall : Expr {
  static constexpr ExprKind kKind = ExprKind::c_call;
  const kernel::FunctionProto* function = nullptr;
  std::vector<const Expr*> arguments;  // of the parameters' types; MapRef: the map itself
};
enum class UnaryOp : uint8_t { negate, bit_not, logical_not };
struct Unary : Expr {
  static constexpr ExprKind kKind = ExprKind::unary;
  UnaryOp op = UnaryOp::negate;
  const Expr* operand = nullptr;
};
enum class BinaryOp : uint8_t { add, sub, mul, div, mod, bit_and, bit_or, bit_xor, shl, shr, eq, ne, lt, le, gt, ge };
struct Binary : Expr {
  // Arithmetic: operands and result are int64 or uint64 (bool for bool with bool). div and mod are unsigned; by zero they
  // yield 1 and count an error. shr is logical. Comparisons: any scalar type, signed if the operand type is; eq and ne also
  // strings (capacities may differ), buffers, arrays, tuples, records of equal type.
  static constexpr ExprKind kKind = ExprKind::binary;
  BinaryOp op = BinaryOp::add;
  const Expr* left = nullptr;
  const Expr* right = nullptr;
};
struct Logical : Expr {
  static constexpr ExprKind kKind = ExprKind::logical;
  bool is_and = true;
  const Expr* left = nullptr;
  const Expr* right = nullptr;
};
struct PointerAdd : Expr {
  static constexpr ExprKind kKind = ExprKind::pointer_add;
  const Expr* pointer = nullptr;
  const Expr* index = nullptr;  // 64-bit integer
  uint32_t scale = 1;
  bool subtract = false;
};
struct Conditional : Expr {
  static constexpr ExprKind kKind = ExprKind::conditional;
  const Expr* condition = nullptr;   // bool
  const Expr* then_value = nullptr;  // null only in a statement
  const Expr* else_value = nullptr;  // null: no else
};
struct BlockExpr : Expr {
  static constexpr ExprKind kKind = ExprKind::block;
  Block block;
  const Expr* value = nullptr;  // null: no value
};
enum class CastKind : uint8_t {
  integer,          // int/enum/bool -> int/enum: truncate, or extend by the source's sign
  to_bool,          // int, pointer: non-zero; string: first byte non-zero
  pointer,          // int, pointer -> pointer; pointer -> int
  string_address,   // string -> pointer to its bytes
  string_capacity,  // string -> string of another capacity
  int_to_array,     // int -> int8[N], bool[N]: native byte order
  array_to_int,
  string_to_array,  // string -> int8[N]
  members,          // tuple, record, array -> same shape with other member types (member by member)
  username,         // int -> username_t
};
struct Cast : Expr {
  static constexpr ExprKind kKind = ExprKind::cast;
  CastKind cast = CastKind::integer;
  const Expr* operand = nullptr;
};
struct Field : Expr {
  static constexpr ExprKind kKind = ExprKind::field;
  const Expr* base = nullptr;  // pointer to a c_record (reads through it), a c_record value, or context_args
  const types::CRecord* record = nullptr;
  std::vector<const types::CField*> path;  // through anonymous members, the last is the field
};
struct Dereference : Expr {
  static constexpr ExprKind kKind = ExprKind::dereference;
  const Expr* pointer = nullptr;  // pointer, or an integer whose type gives the width
};
struct Element : Expr {
  static constexpr ExprKind kKind = ExprKind::element;
  const Expr* base = nullptr;
  uint32_t index = 0;
};
struct Index : Expr {
  static constexpr ExprKind kKind = ExprKind::index;
  const Expr* base = nullptr;   // array value, string, or pointer
  const Expr* index = nullptr;  // uint64; out of the array's bounds counts an error and reads as is inside the object
};
struct TupleMake : Expr {
  static constexpr ExprKind kKind = ExprKind::tuple;
  std::vector<const Expr*> elements;  // in the order of the type's members
  std::vector<uint32_t> evaluation;   // order of evaluation: indices into elements
};
struct AddressOf : Expr {
  static constexpr ExprKind kKind = ExprKind::address_of;
  const Variable* variable = nullptr;
};
struct Increment : Expr {
  static constexpr ExprKind kKind = ExprKind::increment;
  const Variable* variable = nullptr;  // either a variable ...
  const Map* map = nullptr;            // ... or a map entry; atomic
  const Expr* key = nullptr;
  bool increment = true;
  bool prefix = false;  // the value is the one after the change
  uint32_t step = 1;    // pointee size for pointers
};
struct ContextArg : Expr {
  static constexpr ExprKind kKind = ExprKind::context_arg;
  uint32_t number = 0;
};

}  // namespace sonde::sema
