// Values that a function of a program has computed and that code behind it may use again instead of asking the kernel twice:
// what is the same throughout a run, and entries of maps that the program itself has not changed since. (Another CPU may have:
// a program is promised nothing about the time between two reads.)
#pragma once

#include <llvm/IR/Value.h>

#include <string>
#include <string_view>
#include <vector>

#include "sema/typed_program.h"

namespace sonde::lower {

// A value is known where control cannot get to without passing where it was made. The one who lowers branches keeps the state
// from before, restores it for the other branch and goes on with what both() know.
class KnownValues {
 public:
  // By a name that stands for the same value throughout a run; null if not known.
  llvm::Value* find(std::string_view name) const;
  // Of a map's entry (its scalar value, 0 if missing); null if not known.
  llvm::Value* find(const sema::Map* map, const sema::Expr* key) const;
  void add(std::string_view name, llvm::Value* value);
  void add(const sema::Map* map, const sema::Expr* key, llvm::Value* value);

  void written(const sema::Map* map);             // the program changed an entry, perhaps
  void assigned(const sema::Variable* variable);  // entries with a key made of it are others now
  void forget_maps();                             // a loop may have done either

  static KnownValues both(const KnownValues& one, const KnownValues& other);

  // In the blocks that a condition leads to; the state before it is void until one of these is chosen.
  struct Outcome;

 private:
  struct Known {
    std::string_view name;  // empty: an entry of `map`
    const sema::Map* map;
    const sema::Expr* key;
    llvm::Value* value;
  };
  void add(const Known& known);
  std::vector<Known> known_;
};

struct KnownValues::Outcome {
  KnownValues yes, no;
};

}  // namespace sonde::lower
