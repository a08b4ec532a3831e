// Capability checks. CAP_SYS_ADMIN implies CAP_BPF and CAP_PERFMON for bpf(2) and perf_event_open(2) (capabilities(7)).
#include "driver/privileges.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace sonde::driver {
namespace {

uint64_t effective_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, data) != 0) return 0;
  return data[0].effective | static_cast<uint64_t>(data[1].effective) << 32;
}

}  // namespace

std::optional<std::string> missing_privileges() {
  const uint64_t held = effective_capabilities();
  const auto has = [held](int capability) { return (held >> capability & 1) != 0; };
  std::string missing;
  const auto need = [&missing](const char* name) { missing += (missing.empty() ? "" : ", ") + std::string(name); };
  if (!has(CAP_DAC_READ_SEARCH) && geteuid() != 0) need("CAP_DAC_READ_SEARCH");
  if (!has(CAP_DAC_OVERRIDE) && geteuid() != 0) need("CAP_DAC_OVERRIDE");
  if (!has(CAP_SYS_ADMIN) && !has(CAP_BPF)) need("CAP_BPF");
  if (!has(CAP_SYS_ADMIN) && !has(CAP_PERFMON)) need("CAP_PERFMON");
  if (missing.empty()) return {};
  return "Missing " + missing + (missing.find(',') == std::string::npos ? " capability" : " capabilities") +
         ", please run sonde as the root user.";
}

}  // namespace sonde::driver
