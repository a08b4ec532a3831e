// Multi links are all or nothing; these helpers attach what can be attached.
#pragma once

#include <functional>
#include <string>

#include "runtime/attach/attach.h"

namespace sonde::attach {

struct PartsOf {
  const std::vector<std::string>& names;                  // of the sites, for messages
  std::function<Result<base::Fd>(size_t, size_t)> range;  // links the sites [first, last)
  // The kernel's objection is to a site, not to the program or the caller: smaller parts may fare better.
  bool (*is_fault_of_site)(int code);
  Error (*explain)(const std::string& name, const Error& error);
};

// Links all sites, by one link where the kernel takes them all, and adds to `link` what became of each; several are tried
// in 16 parts, and these again, because a refusal of several may cost a grace period and a success costs only a descriptor.
// Fails when no site could be linked, when the fault is none of the sites', or when the context says so.
Result<> link_in_parts(Link& link, const PartsOf& parts, const Context& context);

// Ends the attachment of several sites that were tried: how many there are, or that there is none.
Result<> settle(Link& link);

}  // namespace sonde::attach
