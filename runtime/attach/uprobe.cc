// uprobes, uretprobes and USDT: one multi link where the program was loaded for it, else one perf event per site.
#include <unistd.h>

#include "runtime/attach/bpf_syscall.h"
#include "runtime/attach/mechanisms.h"
#include "runtime/symbols/elf.h"

namespace sonde::attach {
namespace {

constexpr uint64_t kReturnBit = 1;  // config:0, see the PMU's format/retprobe
constexpr const char* kSemaphoreFormat = "/sys/bus/event_source/devices/uprobe/format/ref_ctr_offset";
constexpr int kSemaphoreShift = 32;  // config:32-63, see format/ref_ctr_offset

std::string site_name(const image::UprobeAttach& spec, const image::UprobeSite& site) {
  std::string name = spec.path + ":";
  name += site.symbol.empty() ? std::to_string(site.file_offset) : site.symbol;
  if (site.symbol_offset != 0) name += "+" + std::to_string(site.symbol_offset);
  return name;
}

// The offset of the compiling machine, or looked up in the file at hand.
Result<uint64_t> offset_of(const image::UprobeAttach& spec, const image::UprobeSite& site) {
  if (site.file_offset != 0 || site.symbol.empty()) return site.file_offset;
  auto offset = symbols::file_offset_of_symbol(spec.path, site.symbol);
  if (!offset) return offset;
  return *offset + site.symbol_offset;
}

Result<Link> attach_multi(const image::UprobeAttach& spec, int program, Context& context) {
  std::vector<uint64_t> offsets;
  std::vector<uint64_t> semaphores;
  std::vector<uint64_t> cookies;
  bool any_semaphore = false, any_cookie = false;
  Link link;
  for (const image::UprobeSite& site : spec.sites) {
    const auto offset = offset_of(spec, site);
    if (!offset) return std::unexpected(offset.error());
    offsets.push_back(*offset);
    semaphores.push_back(site.semaphore_offset);
    cookies.push_back(site.cookie);
    any_semaphore = any_semaphore || site.semaphore_offset != 0;
    any_cookie = any_cookie || site.cookie != 0;
    link.names.push_back(site_name(spec, site));
  }
  if (!any_semaphore) semaphores.clear();
  if (!any_cookie) cookies.clear();
  auto fd = link_uprobe_multi(program, {.path = spec.path,
                                        .offsets = offsets,
                                        .semaphores = semaphores,
                                        .cookies = cookies,
                                        .pid = context.pid(),
                                        .on_return = spec.on_return});
  if (!fd) return std::unexpected(fd.error());
  link.fds.push_back(std::move(*fd));
  link.probes = spec.sites.size();
  return link;
}

}  // namespace

Result<Link> attach_uprobe(const image::UprobeAttach& spec, int program, Context& context) {
  if (spec.sites.size() > 1 && context.uprobe_multi()) return attach_multi(spec, program, context);
  const auto type = context.pmu_type("uprobe");
  if (!type) return base::fail(type.error().what);
  Link link;
  link.probes = spec.sites.size();
  for (const image::UprobeSite& site : spec.sites) {
    const auto offset = offset_of(spec, site);
    if (!offset) return std::unexpected(offset.error());
    // Before Linux 4.20 nobody but a tracer could count the probe's users, by writing to the memory of every process.
    if (site.semaphore_offset != 0 && ::access(kSemaphoreFormat, F_OK) != 0)
      return base::fail("Failed to attach usdt probe: this kernel cannot count the users of " + site_name(spec, site) +
                        " (" + kSemaphoreFormat + " is missing)");
    if (site.semaphore_offset > UINT32_MAX)
      return base::fail("the semaphore of " + site_name(spec, site) + " lies beyond 4 GiB in its file");
    perf_event_attr attributes{};
    attributes.size = sizeof(attributes);
    attributes.type = *type;
    attributes.config = (spec.on_return ? kReturnBit : 0) | site.semaphore_offset << kSemaphoreShift;
    attributes.uprobe_path = reinterpret_cast<uint64_t>(spec.path.c_str());
    attributes.probe_offset = *offset;
    const bool one_process = context.pid() > 0;
    auto fd = link_perf_event(attributes, one_process ? context.pid() : -1, one_process ? -1 : 0, program,
                              "create a uprobe on " + site_name(spec, site), site.cookie);
    if (!fd) return std::unexpected(fd.error());
    link.fds.push_back(std::move(*fd));
    if (spec.sites.size() > 1) link.names.push_back(site_name(spec, site));
    SONDE_TRY(context.site_done());
  }
  return link;
}

}  // namespace sonde::attach
