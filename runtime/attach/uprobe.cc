// uprobes, uretprobes and USDT: one multi link where the program was loaded for it, else one perf event per site.
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "base/fd.h"
#include "runtime/attach/bpf_syscall.h"
#include "runtime/attach/instruction.h"
#include "runtime/attach/mechanisms.h"
#include "runtime/attach/parts.h"
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

constexpr int kNotSupported = 524;  // ENOTSUPP, which is the kernel's own and has no text

// The place itself is at fault, not the program or the caller.
bool is_fault_of_place(int code) { return code == kNotSupported || code == EINVAL; }

Error explain(const std::string& name, const Error& error) {
  if (error.code == kNotSupported) return {"the kernel has no way to probe the instruction at " + name, 0};
  return error;
}

struct Site {
  const image::UprobeSite* desc;
  uint64_t offset;
  std::string name;
};

bool does_harm(const base::Fd& file, uint64_t offset) {
#if defined(__x86_64__)
  std::array<unsigned char, kLongestInstruction> code;
  const ssize_t got = ::pread(file.get(), code.data(), code.size(), static_cast<off_t>(offset));
  return got > 0 && is_taken_for_jump(std::span(code).first(static_cast<size_t>(got)));
#else
  return false;
#endif
}

// The sites with their offsets, but for those where a probe would do harm, which the link has refused.
Result<std::vector<Site>> usable_sites(Link& link, const image::UprobeAttach& spec) {
  const base::Fd file(::open(spec.path.c_str(), O_RDONLY | O_CLOEXEC));
  std::vector<Site> sites;
  for (const image::UprobeSite& site : spec.sites) {
    const auto offset = offset_of(spec, site);
    if (!offset) return std::unexpected(offset.error());
    std::string name = site_name(spec, site);
    if (does_harm(file, *offset))
      link.refused.push_back({"the kernel would take the vector instruction at " + name + " for a jump", 0});
    else
      sites.push_back({&site, *offset, std::move(name)});
  }
  return sites;
}

// One link for all sites. The kernel refuses all for a single instruction that it cannot probe (those of
// pthread_spin_lock() begin with a lock prefix).
Result<> attach_multi(Link& link, const image::UprobeAttach& spec, const std::vector<Site>& sites, int program,
                      Context& context) {
  std::vector<uint64_t> offsets;
  std::vector<uint64_t> semaphores;
  std::vector<uint64_t> cookies;
  std::vector<std::string> names;
  bool any_semaphore = false, any_cookie = false;
  for (const Site& site : sites) {
    offsets.push_back(site.offset);
    semaphores.push_back(site.desc->semaphore_offset);
    cookies.push_back(site.desc->cookie);
    any_semaphore = any_semaphore || site.desc->semaphore_offset != 0;
    any_cookie = any_cookie || site.desc->cookie != 0;
    names.push_back(site.name);
  }
  if (!any_semaphore) semaphores.clear();
  if (!any_cookie) cookies.clear();
  const auto range = [&](size_t first, size_t last) {
    const auto part = [&](const std::vector<uint64_t>& column) {
      return column.empty() ? std::span<const uint64_t>() : std::span(column).subspan(first, last - first);
    };
    return link_uprobe_multi(program, {.path = spec.path,
                                       .offsets = part(offsets),
                                       .semaphores = part(semaphores),
                                       .cookies = part(cookies),
                                       .pid = context.pid(),
                                       .on_return = spec.on_return});
  };
  return link_in_parts(link, {names, range, is_fault_of_place, explain}, context);
}

// One perf event.
Result<> attach_one(Link& link, const image::UprobeAttach& spec, const Site& site, int program, uint32_t type,
                    const Context& context) {
  const uint64_t semaphore = site.desc->semaphore_offset;
  // Before Linux 4.20 nobody but a tracer could count the probe's users, by writing to the memory of every process.
  if (semaphore != 0 && ::access(kSemaphoreFormat, F_OK) != 0)
    return base::fail("Failed to attach usdt probe: this kernel cannot count the users of " + site.name + " (" +
                      kSemaphoreFormat + " is missing)");
  if (semaphore > UINT32_MAX) return base::fail("the semaphore of " + site.name + " lies beyond 4 GiB in its file");
  perf_event_attr attributes{};
  attributes.size = sizeof(attributes);
  attributes.type = type;
  attributes.config = (spec.on_return ? kReturnBit : 0) | semaphore << kSemaphoreShift;
  attributes.uprobe_path = reinterpret_cast<uint64_t>(spec.path.c_str());
  attributes.probe_offset = site.offset;
  const bool one_process = context.pid() > 0;
  return link_perf_event(link, attributes, one_process ? context.pid() : -1, one_process ? -1 : 0, program,
                         "create a uprobe on " + site.name, site.desc->cookie);
}

}  // namespace

Result<> attach_uprobe(Link& link, const image::UprobeAttach& spec, int program, Context& context) {
  const bool several = spec.sites.size() > 1;
  const auto sites = usable_sites(link, spec);
  if (!sites) return std::unexpected(sites.error());
  SONDE_TRY(context.sites_done(link.refused.size()));
  if (several && !sites->empty() && context.uprobe_multi()) return attach_multi(link, spec, *sites, program, context);
  const auto type = context.pmu_type("uprobe");
  if (!type) return base::fail(type.error().what);
  for (const Site& site : *sites) {
    const auto added = attach_one(link, spec, site, program, *type, context);
    if (!added && (!several || !is_fault_of_place(added.error().code)))
      return std::unexpected(explain(site.name, added.error()));
    if (added)
      link.names.push_back(site.name);
    else
      link.refused.push_back(explain(site.name, added.error()));
    SONDE_TRY(context.sites_done(1));
  }
  SONDE_TRY(settle(link));
  if (!several) link.names.clear();
  return {};
}

}  // namespace sonde::attach
