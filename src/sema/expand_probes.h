// Attach points -> programs to be. Requires parsed scripts and collected macros. Guarantees: one bound::Program per attach
// point, or per match where the block needs to know its own, each with its ResolvedProbe. A probe that was refused, or that
// matched nothing, is appended to `refused`.
#pragma once

#include "sema/bound.h"
#include "sema/macros.h"
#include "sema/reporter.h"
#include "sema/sema.h"

namespace sonde::sema {

void expand_probes(const Inputs& inputs, const ast::Program& script, const MacroTable& macros, bound::Tree& tree,
                   std::vector<const ast::Probe*>& refused, Reporter& reporter);

}  // namespace sonde::sema
