// All builtins: the families in the order of the manual, and the one search by name.
#include <algorithm>
#include <vector>

#include "builtins/builtin.h"
#include "builtins/families.h"

namespace sonde::builtins {
namespace {

std::vector<const Builtin*> collect() {
  std::vector<const Builtin*> all;
  for (const auto family : kFamilies)
    for (const Builtin& row : family()) all.push_back(&row);
  return all;
}

}  // namespace

std::span<const Builtin* const> builtins() {
  static const std::vector<const Builtin*> all = collect();
  return all;
}

const Builtin* find_builtin(std::string_view name) {
  const auto called = [name](const Builtin* row) {
    return row->name == name || std::ranges::find(row->aliases, name) != row->aliases.end();
  };
  const auto all = builtins();
  const auto found = std::ranges::find_if(all, called);
  return found == all.end() ? nullptr : *found;
}

}  // namespace sonde::builtins
