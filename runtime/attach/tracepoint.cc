// Tracepoints: a perf event with the event's number from tracefs. One event on one CPU suffices, since the program
// hangs on the tracepoint itself and runs wherever it fires.
#include <charconv>

#include "base/tracefs.h"
#include "runtime/attach/mechanisms.h"

namespace sonde::attach {

Result<> attach_tracepoint(Link& link, const image::TracepointAttach& spec, int program, Context& context) {
  const std::string name = spec.category + ":" + spec.event;
  const auto root = context.tracefs();
  if (!root) return std::unexpected(root.error());
  const auto text = base::read_tracefs(**root, "events/" + spec.category + "/" + spec.event + "/id");
  if (!text && text.error().code == ENOENT) return base::fail("this kernel has no tracepoint " + name, ENOENT);
  if (!text) return std::unexpected(text.error());
  uint64_t id = 0;
  if (std::from_chars(text->data(), text->data() + text->size(), id).ec != std::errc())
    return base::fail("the id of tracepoint " + name + " is not a number");

  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = PERF_TYPE_TRACEPOINT;
  attributes.config = id;
  attributes.sample_period = 1;
  attributes.wakeup_events = 1;
  return link_perf_event(link, attributes, -1, 0, program, "open tracepoint " + name);
}

}  // namespace sonde::attach
