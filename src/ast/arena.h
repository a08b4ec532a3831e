// The owner of all nodes of a compilation.
#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace sonde::ast {

// Owns nodes of any type for the life of a compilation.
class Arena {
 public:
  template <typename Node, typename... Arguments>
  Node* make(Arguments&&... arguments) {
    auto owner = std::make_unique<Holder<Node>>(std::forward<Arguments>(arguments)...);
    Node* node = &owner->node;
    nodes_.push_back(std::move(owner));
    return node;
  }

 private:
  struct Base {
    virtual ~Base() = default;
  };
  template <typename Node>
  struct Holder : Base {
    template <typename... Arguments>
    explicit Holder(Arguments&&... arguments) : node{std::forward<Arguments>(arguments)...} {}
    Node node;
  };
  std::vector<std::unique_ptr<Base>> nodes_;
};

}  // namespace sonde::ast
