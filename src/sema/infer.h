// Inference (language.md 5.3): the types of all variables, map keys and map values of the whole script, found as a fixpoint
// over a worklist of statements; and the comptime conditions decided on the way. Requires a bound tree. Guarantees: typing
// any statement again would change no slot.
#pragma once

#include <functional>

#include "sema/binder.h"
#include "sema/bound.h"
#include "sema/reporter.h"
#include "sema/typing.h"

namespace sonde::sema {

class Inference {
 public:
  Inference(bound::Tree& tree, Binder& binder, Reporter& reporter, types::TypeContext& types)
      : tree_(tree), binder_(binder), reporter_(reporter), types_(types) {}

  void run(Typing& typing);
  // A slot has another type: whoever reads it is typed again.
  void slot_changed(bound::Slot& slot);

 private:
  void enqueue(bound::Stmt* stmt);
  void drain(Typing& typing);
  bool decide_conditions(Typing& typing);
  bool seed_read_maps();
  bool break_circles(Typing& typing);
  void lock_slots();

  bound::Tree& tree_;
  Binder& binder_;
  Reporter& reporter_;
  types::TypeContext& types_;
  std::deque<bound::Stmt*> queue_;
};

}  // namespace sonde::sema
