// Where names are looked up: nested scopes of scratch variables, and the macro expansions between them. Both are kept for
// the whole of sema, so that code bound late (the branch of a comptime `if`) sees what stood around it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ast/ast.h"
#include "sema/slots.h"
#include "source/location.h"

namespace sonde::sema::bound {

struct MacroDef;
struct Frame;
struct Scope;
struct Program;

// The place something is bound in.
struct Environment {
  Program* program = nullptr;
  Scope* scope = nullptr;
  const Frame* frame = nullptr;   // innermost macro expansion; null: the script's own code
  uint32_t limit = UINT32_MAX;    // bound late: of `scope`, variables declared after this number are not visible
  bool in_for = false;            // in the body of a `for`
  bool in_loop = false;           // in the body of a `for` or `while`
  bool in_type = false;           // in sizeof, typeof, offsetof, typeinfo: never executed
  const char* type_context = "";  // ... and which of them, for messages
};

// One block.
struct Scope {
  Scope* parent = nullptr;       // null: the program, or the body of a macro (then look in `frame`)
  const Frame* frame = nullptr;  // set on the outermost scope of a macro body
  uint32_t limit = UINT32_MAX;   // bound late: variables of outer scopes declared after this number are not visible
  std::map<std::string, Variable*, std::less<>> variables;
};

// The number after which variables of the scopes around `environment`'s block or macro body are not visible.
uint32_t visible_until(const Environment& environment);

// What an argument of a macro stands for.
struct Binding {
  Variable* variable = nullptr;     // `$p`
  Map* map = nullptr;               // `@p`
  const ast::Expr* expr = nullptr;  // a bare identifier: bound again at every use, in the caller's environment
};

struct Frame {
  const MacroDef* macro = nullptr;
  Environment caller;
  std::map<std::string, Binding, std::less<>> parameters;
  const std::vector<source::Range>* levels = nullptr;  // expansion levels of code in the body
  bool library = false;                                // the body stands in the embedded library
  bool takes_types = false;                            // an argument is a type: `f(typeof(x))`
};

// A variable that `name` means when read; null: none. Variables that a macro's body assigns are its own; others are looked
// up at the caller.
Variable* find_for_reading(const Environment& environment, std::string_view name);
// A variable that an assignment to `name` changes; null: the assignment declares one.
Variable* find_for_writing(const Environment& environment, std::string_view name);

}  // namespace sonde::sema::bound
