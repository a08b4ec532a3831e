// Records of asynchronous calls (private to this folder).
#pragma once

#include "plan/plan.h"

namespace sonde::plan {

// Appends the layout of `call`'s record to plan.image.events (or finds an equal one) and notes it in plan.events. The maps
// of the program must be planned already.
void plan_event(Plan& plan, const sema::Call& call, const source::SourceSet& sources, types::TypeContext& types);

}  // namespace sonde::plan
