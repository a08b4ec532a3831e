// The typed program: what sema hands to plan and lower. Smaller than the syntax tree: names are resolved to rows, variables
// and maps, macros and sugar are gone, literals are folded, every implicit conversion is a Cast node, every expression has
// its final type. Nothing here is edited after sema.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "probes/provider.h"
#include "sema/typed_expr.h"
#include "sema/typed_stmt.h"
#include "source/location.h"

namespace sonde::sema {

// One BPF program to be.
struct Program {
  probes::ResolvedProbe probe;
  Range range;  // its attach point
  // Not of the script: saves the argument registers at the entry of a function for this program, which runs at its return.
  const Program* saves_for = nullptr;
  const Expr* predicate = nullptr;  // bool; null: none
  Block body;
  std::deque<Variable> variables;  // stable addresses
};

// getopt() parameters in order of first use.
using ScriptOption = builtins::ScriptOption;

class NodePool {  // owns typed nodes
 public:
  template <typename Node>
  Node* make() {
    auto owner = std::make_shared<Node>();
    Node* node = owner.get();
    nodes_.push_back(std::move(owner));
    return node;
  }

 private:
  std::vector<std::shared_ptr<void>> nodes_;
};

struct TypedProgram {
  std::deque<Map> maps;  // in order of first use
  std::deque<Program> programs;
  std::vector<ScriptOption> options;
  NodePool nodes;
  std::deque<std::vector<Range>> expansions;  // storage of expanded_from
};

// The program with types, as text: the golden form of the sema stage and of `-d types`.
std::string dump(const TypedProgram& program);

}  // namespace sonde::sema
