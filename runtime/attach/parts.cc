// Divide and conquer over the sites of a multi link.
#include "runtime/attach/parts.h"

#include <algorithm>

namespace sonde::attach {
namespace {

constexpr size_t kParts = 16;

Result<> link_range(Link& link, const PartsOf& parts, size_t first, size_t last, const Context& context) {
  auto fd = parts.range(first, last);
  if (fd) {
    link.fds.push_back(std::move(*fd));
    link.names.insert(link.names.end(), parts.names.begin() + static_cast<ptrdiff_t>(first),
                      parts.names.begin() + static_cast<ptrdiff_t>(last));
    return context.sites_done(last - first);
  }
  if (!parts.is_fault_of_site(fd.error().code)) return std::unexpected(fd.error());
  if (last - first == 1) {
    link.refused.push_back(parts.explain(parts.names[first], fd.error()));
    return context.sites_done(1);
  }
  SONDE_TRY(context.sites_done(0));
  const size_t step = (last - first + kParts - 1) / kParts;
  for (size_t at = first; at < last; at += step)
    SONDE_TRY(link_range(link, parts, at, std::min(at + step, last), context));
  return {};
}

}  // namespace

Result<> settle(Link& link) {
  link.probes = link.names.size();
  if (link.names.empty()) return std::unexpected(link.refused.front());
  return {};
}

Result<> link_in_parts(Link& link, const PartsOf& parts, const Context& context) {
  SONDE_TRY(link_range(link, parts, 0, parts.names.size(), context));
  return settle(link);
}

}  // namespace sonde::attach
