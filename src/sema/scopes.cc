// Lookup of scratch variables through blocks and macro expansions.
#include "sema/scopes.h"

#include <algorithm>

#include "sema/macros.h"

namespace sonde::sema::bound {
namespace {

struct Found {
  Variable* variable = nullptr;
  const Scope* outermost = nullptr;  // where the walk ended without a variable
  uint32_t limit = UINT32_MAX;
};

Found find_in_blocks(const Scope* scope, std::string_view name, uint32_t limit) {
  for (; scope; scope = scope->parent) {
    if (const auto it = scope->variables.find(name); it != scope->variables.end() && it->second->sequence <= limit)
      return {it->second, scope, limit};
    limit = std::min(limit, scope->limit);
    if (!scope->parent) return {nullptr, scope, limit};
  }
  return {};
}

}  // namespace

uint32_t visible_until(const Environment& environment) {
  uint32_t limit = environment.limit;
  for (const Scope* scope = environment.scope; scope; scope = scope->parent) limit = std::min(limit, scope->limit);
  return limit;
}

Variable* find_for_reading(const Environment& environment, std::string_view name) {
  const Scope* scope = environment.scope;
  uint32_t limit = environment.limit;
  while (scope) {
    const Found found = find_in_blocks(scope, name, limit);
    if (found.variable) return found.variable;
    const Frame* frame = found.outermost ? found.outermost->frame : nullptr;
    if (!frame) return nullptr;
    if (const auto it = frame->parameters.find(name); it != frame->parameters.end()) return it->second.variable;
    if (frame->macro->assigned.contains(std::string(name))) return nullptr;
    scope = frame->caller.scope;
    limit = std::min(found.limit, frame->caller.limit);
  }
  return nullptr;
}

Variable* find_for_writing(const Environment& environment, std::string_view name) {
  const Found found = find_in_blocks(environment.scope, name, environment.limit);
  if (found.variable) return found.variable;
  const Frame* frame = found.outermost ? found.outermost->frame : nullptr;
  if (!frame) return nullptr;
  const auto it = frame->parameters.find(name);
  return it == frame->parameters.end() ? nullptr : it->second.variable;
}

}  // namespace sonde::sema::bound
