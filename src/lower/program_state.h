// What the functions of one BPF program (its entry and its loop bodies) share: homes of captured variables, the layout of
// scratch memory, stack budgets.
#pragma once

#include <unordered_map>
#include <unordered_set>

#include "lower/module.h"

namespace sonde::lower {

// Where a variable lives. A captured one (used in a loop body that is a function of its own, but declared outside) must be
// reachable from both functions.
struct Home {
  enum class Where : uint8_t { local, shared, scratch } where = Where::local;
  llvm::Value* local = nullptr;  // local: its address in the declaring function
  uint32_t offset = 0;           // shared: bytes into the shared frame; scratch: bytes into the slot
  bool unfollowed = false;       // shared: a number, of which the verifier is to know nothing
};

// The shared frame: a structure on the entry function's stack, whose address every loop body gets. Its head:
inline constexpr uint32_t kSharedScratch = 0;    // address of the scratch slot
inline constexpr uint32_t kSharedContext = 8;    // the probe's context
inline constexpr uint32_t kSharedReturned = 16;  // non-zero once a loop body ran `return`
inline constexpr uint32_t kSharedReturnValue = 24;
inline constexpr uint32_t kSharedUnknown = 32;  // a number that the verifier does not know
inline constexpr uint32_t kSharedBegin = 40;    // per nesting level: first value of a range

inline constexpr uint32_t kCallbackFrame = 32;  // bytes of what a callback of a builtin or a comparison gets

class ProgramState {
 public:
  ProgramState(ModuleState& module, const sema::Program& program, image::ProgramId id);

  ModuleState& module;
  const sema::Program& program;
  const image::ProgramId id;

  // Homes of captured variables; others are added by the function that declares them.
  std::unordered_map<const sema::Variable*, Home> homes;
  // Pointers that only ever get values whose type the verifier knows, or none.
  std::unordered_set<const sema::Variable*> typed_variables;
  uint32_t shared_size = 0;   // 0: no loop bodies
  bool loops_return = false;  // some loop body may end the program
  bool uses_scratch = false;  // some function of it does
  // Some pointer may be the address of a variable, a map or the context, which the verifier does not take for a number.
  bool has_known_addresses = false;
  // Whether the verifier takes this pointer for more than a number.
  bool knows_address(const sema::Expr& pointer) const;
  bool is_btf_typed() const;
  bool calls_c() const { return calls_c_; }  // C functions want addresses that the verifier knows
  // Jumps reach 32767 instructions. Where a function may be longer, rare code must stay next to what leads to it instead of
  // going to the end.
  bool is_long = false;
  // Many branches: each makes two cases of every value that the verifier follows, so variables are where it does not.
  bool is_branched = false;
  // Values wait in memory rather than in registers.
  bool sparing() const { return is_branched || module.sparing(); }
  // Whether branches are dear: the verifier walks the bodies of loops, and what follows them, several times.
  bool is_branchy() const { return is_long || shared_size > 0; }
  // Stack bytes that one function may use for objects.
  uint32_t stack_budget(uint32_t depth) const;

  // Scratch memory of a slot, given out like a stack; `mark` restores.
  uint32_t scratch_allocate(uint32_t size);
  uint32_t scratch_mark() const { return scratch_top_; }
  void scratch_release(uint32_t mark) { scratch_top_ = mark; }
  uint32_t scratch_size() const { return scratch_peak_; }

  std::string loop_name();  // of the next loop body's function

 private:
  uint32_t loop_depth_ = 0;
  bool calls_c_ = false;
  uint32_t scratch_top_ = 0;
  uint32_t scratch_peak_ = 0;
  uint32_t loops_ = 0;
};

// Whether a variable of this type lives in a register (or 8 bytes).
bool in_register(types::TypeRef type);
// Whether `expr` reads `variable`, or a statement in it does.
bool mentions(const sema::Expr& expr, const sema::Variable* variable);
// Whether lowering `expr` may leave the program or a loop (a block with statements is in it).
bool may_leave(const sema::Expr& expr);
// Whether a loop with this body may end the program.
bool returns_from(const sema::Block& body);

}  // namespace sonde::lower
