// The worklist and the order in which open questions are settled.
#include "sema/infer.h"

namespace sonde::sema {

using diag::Id;

namespace {

constexpr size_t kMaxRounds = 50;

}  // namespace

void Inference::enqueue(bound::Stmt* stmt) {
  if (stmt->queued) return;
  stmt->queued = true;
  queue_.push_back(stmt);
}

void Inference::slot_changed(bound::Slot& slot) {
  for (bound::Stmt* reader : slot.readers) enqueue(reader);
}

void Inference::drain(Typing& typing) {
  while (!queue_.empty()) {
    bound::Stmt* stmt = queue_.front();
    queue_.pop_front();
    stmt->queued = false;
    typing.infer(*stmt);
  }
}

void Inference::lock_slots() {
  const auto lock = [](bound::Slot& slot) { slot.locked |= slot.asked && slot.type; };
  for (bound::Map& map : tree_.maps) {
    lock(map.key);
    lock(map.value);
  }
  for (bound::Program& program : tree_.programs)
    for (bound::Variable& variable : program.variables) lock(variable.slot);
}

// Binds the branches whose conditions have become literals. What they add must not change what was asked for.
bool Inference::decide_conditions(Typing& typing) {
  struct Decision {
    bound::Program* program;
    bound::Conditional* conditional;
    bool taken;
  };
  std::vector<Decision> decisions;
  for (bound::Program& program : tree_.programs) {
    std::erase_if(program.undecided, [&](bound::Conditional* conditional) {
      const auto literal = typing.condition_of(program, *conditional);
      if (literal) decisions.push_back({&program, conditional, truth(*literal)});
      return literal.has_value();
    });
  }
  if (decisions.empty()) return false;
  lock_slots();
  for (const Decision& decision : decisions) {
    const size_t known = decision.program->units.size();
    binder_.bind_branch(*decision.conditional, decision.taken);
    for (size_t i = known; i < decision.program->units.size(); ++i) enqueue(decision.program->units[i]);
    if (decision.conditional->unit) enqueue(decision.conditional->unit);
  }
  return true;
}

// A map that is only read or counted up holds numbers.
bool Inference::seed_read_maps() {
  bool seeded = false;
  for (bound::Map& map : tree_.maps) {
    if (map.value.type || !map.by_value || map.takes_aggregate || map.assigned) continue;
    map.value.type = types_.literal(0);
    slot_changed(map.value);
    seeded = true;
  }
  return seeded;
}

// Maps whose types depend on each other in a circle: each begins as a guess that gives way to any type (the result of
// `str(@a)` is text, whatever @a is). Where nothing but guesses is left a number it is. Settled before any comptime
// condition looks at a size.
bool Inference::break_circles(Typing& typing) {
  // After an error what has no type may wait for what could not be bound.
  if (!reporter_.ok()) return false;
  bool guessed = false;
  const auto guess = [&](bound::Slot& slot) {
    if (slot.type) return;
    slot.type = types_.guess();
    slot_changed(slot);
    guessed = true;
  };
  for (bound::Map& map : tree_.maps) {
    if (!map.by_value) continue;
    if (!map.takes_aggregate) guess(map.value);
    if (map.shape == bound::Map::Shape::keyed) guess(map.key);
  }
  if (!guessed) return false;
  drain(typing);
  const auto settle = [&](bound::Slot& slot) {
    TypeRef type = slot.type ? without_guesses(types_, slot.type) : nullptr;
    if (type == slot.type) return;
    slot.type = type;
    slot_changed(slot);
  };
  for (bound::Map& map : tree_.maps) {
    settle(map.key);
    settle(map.value);
  }
  for (bound::Program& program : tree_.programs)
    for (bound::Variable& variable : program.variables) settle(variable.slot);
  return true;
}

void Inference::run(Typing& typing) {
  for (bound::Program& program : tree_.programs)
    for (bound::Stmt* unit : program.units) enqueue(unit);
  size_t rounds = 0;
  do {
    drain(typing);
    if (decide_conditions(typing)) {
      if (binder_.gave_up()) return;
      if (++rounds <= kMaxRounds) continue;
      reporter_.emit<Id::comptime_too_many_rounds>(tree_.programs.front().range, nullptr, kMaxRounds);
      return;
    }
    if (!seed_read_maps() && !break_circles(typing)) return;
  } while (true);
}

}  // namespace sonde::sema
