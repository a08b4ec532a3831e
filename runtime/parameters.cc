// Parameters by kind; the switch has one case per row of image::ParameterKind.
#include "runtime/parameters.h"

#include <bpf/libbpf.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>
#include <map>

#include "base/integer.h"
#include "base/tracefs.h"

namespace sonde::runtime {
namespace {

using image::Parameter;
using image::ParameterKind;

bool is_named(const Parameter& parameter) {
  switch (parameter.kind) {
    case ParameterKind::boolean:
    case ParameterKind::unsigned_integer:
    case ParameterKind::signed_integer:
    case ParameterKind::string: return true;
    case ParameterKind::tracepoint_field_offset:
    case ParameterKind::child_pid:
    case ParameterKind::pid_namespace_device:
    case ParameterKind::pid_namespace_inode:
    case ParameterKind::tracer_start_time:
    case ParameterKind::tai_offset:
    case ParameterKind::cpu_count:
    case ParameterKind::target_pid:
    case ParameterKind::wall_offset: return false;
  }
  return false;
}

int64_t nanoseconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::vector<std::byte> bytes_of(uint64_t value, uint32_t size) {
  std::vector<std::byte> bytes(size);
  std::memcpy(bytes.data(), &value, std::min<size_t>(size, sizeof(value)));
  return bytes;
}

// "category:event:field" -> offset of the field in this kernel's records.
Result<uint64_t> field_offset(const std::string& name) {
  const size_t first = name.find(':');
  const size_t second = first == std::string::npos ? first : name.find(':', first + 1);
  if (second == std::string::npos) return base::fail("bad tracepoint field " + name);
  const std::string path =
      "events/" + name.substr(0, first) + "/" + name.substr(first + 1, second - first - 1) + "/format";
  const std::string field = name.substr(second + 1);
  const auto text = base::read_tracefs(path);
  if (!text) return std::unexpected(text.error());
  // "\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;", arrays as "char comm[16];", and of variable length
  // as "__data_loc char[] filename;"
  std::string_view rest = *text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const size_t start = line.find("field:");
    const size_t end = line.find(';');
    const size_t offset = line.find("offset:");
    if (start == std::string_view::npos || end == std::string_view::npos || offset == std::string_view::npos) continue;
    std::string_view declared = line.substr(start, end - start);
    if (declared.ends_with(']')) declared = declared.substr(0, declared.rfind('['));
    if (!declared.ends_with(field) || declared.size() == field.size()) continue;
    const char before = declared[declared.size() - field.size() - 1];
    if (before != ' ' && before != '*') continue;
    uint64_t value = 0;
    std::from_chars(line.data() + offset + 7, line.data() + line.size(), value);
    return value;
  }
  return base::fail("this kernel's tracepoint has no field " + name);
}

// Inode of the initial pid namespace (PROC_PID_INIT_INO in the kernel's include/linux/proc_ns.h).
constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;

// A device number as the kernel holds it (MKDEV), which is what bpf_get_ns_current_pid_tgid compares.
uint64_t kernel_device(dev_t device) { return static_cast<uint64_t>(major(device)) << 20 | minor(device); }

Result<uint64_t> fact(const Parameter& parameter, const ParameterContext& context) {
  struct stat info{};
  switch (parameter.kind) {
    case ParameterKind::tracepoint_field_offset: return field_offset(parameter.name);
    case ParameterKind::child_pid: return static_cast<uint64_t>(context.child);
    case ParameterKind::target_pid: return static_cast<uint64_t>(context.target);
    case ParameterKind::pid_namespace_device:
    case ParameterKind::pid_namespace_inode:
      if (::stat("/proc/self/ns/pid", &info) != 0) return base::fail_errno("stat /proc/self/ns/pid");
      // In the initial namespace both stay 0, and the verifier drops the branch with the dearer helper.
      if (info.st_ino == kInitialPidNamespace) return uint64_t{0};
      return parameter.kind == ParameterKind::pid_namespace_device ? kernel_device(info.st_dev) : info.st_ino;
    case ParameterKind::tracer_start_time: return static_cast<uint64_t>(nanoseconds(CLOCK_BOOTTIME));
    case ParameterKind::tai_offset: return static_cast<uint64_t>(nanoseconds(CLOCK_TAI) - nanoseconds(CLOCK_BOOTTIME));
    case ParameterKind::wall_offset:
      return static_cast<uint64_t>(nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_BOOTTIME));
    case ParameterKind::cpu_count: return static_cast<uint64_t>(std::max(1, libbpf_num_possible_cpus()));
    case ParameterKind::boolean:
    case ParameterKind::unsigned_integer:
    case ParameterKind::signed_integer:
    case ParameterKind::string: break;
  }
  return uint64_t{0};
}

std::unexpected<ParameterFault> bad_value(const Parameter& parameter, const char* what, std::string_view value) {
  return std::unexpected(ParameterFault{
      "program command line option --" + parameter.name + " " + what + " (value: " + std::string(value) + ")", {}});
}

std::expected<std::vector<std::byte>, ParameterFault> parse_value(const Parameter& parameter, std::string_view text) {
  if (parameter.kind == ParameterKind::string) {
    std::vector<std::byte> bytes(parameter.size);
    std::memcpy(bytes.data(), text.data(), std::min(text.size(), bytes.size()));
    return bytes;
  }
  if (parameter.kind == ParameterKind::boolean) {
    const std::string word = lower(text);
    if (word == "1" || word == "true" || word == "on" || word == "yes") return bytes_of(1, parameter.size);
    if (word == "0" || word == "false" || word == "off" || word == "no") return bytes_of(0, parameter.size);
    return bad_value(parameter, "expects a boolean (e.g. 'true')", text);
  }
  // A minus on an unsigned parameter wraps around.
  const auto number = base::parse_integer(text, {.binary = true, .sign = true});
  if (!number)
    return bad_value(
        parameter, number.error().find("flow error") != std::string::npos ? "value is out of range" : "invalid integer",
        text);
  const uint64_t most = uint64_t{1} << 63;
  if (parameter.kind == ParameterKind::signed_integer && number->value > (number->negative ? most : most - 1))
    return bad_value(parameter, "value is out of range", text);
  return bytes_of(number->negative ? 0 - number->value : number->value, parameter.size);
}

using Given = std::map<std::string, std::optional<std::string>, std::less<>>;

std::expected<Given, ParameterFault> read_arguments(const image::Image& image,
                                                    const std::vector<std::string>& arguments) {
  Given given;
  std::string unknown;
  bool help = false;
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    const bool known = std::ranges::any_of(
        image.parameters, [&](const Parameter& parameter) { return is_named(parameter) && parameter.name == name; });
    if (known) {
      given[name] = equals == std::string::npos ? std::nullopt : std::optional(argument.substr(equals + 1));
    } else if (name == "help") {
      help = true;
    } else {
      unknown += (unknown.empty() ? "--" : ", --") + name;
    }
  }
  if (unknown.empty() && !help) return given;
  ParameterFault fault;
  if (!unknown.empty()) fault.error = "unexpected program command line options: " + unknown;
  std::map<std::string_view, std::string_view> known;  // descriptions by name: the hint is in their order
  for (const Parameter& parameter : image.parameters)
    if (is_named(parameter)) known.emplace(parameter.name, parameter.description);
  for (const auto& [name, description] : known) {
    fault.hint += help && unknown.empty() ? "\n--" : fault.hint.empty() ? ": --" : ", --";
    fault.hint += name;
    if (help && unknown.empty() && !description.empty()) fault.hint += ": " + std::string(description);
  }
  if (fault.hint.empty())
    fault.hint = "no custom program options defined.";
  else
    fault.hint.insert(0, fault.hint.starts_with(':') ? "expected program options" : "expected program options:");
  return std::unexpected(fault);
}

}  // namespace

std::expected<std::vector<ParameterValue>, ParameterFault> resolve_parameters(const image::Image& image,
                                                                              const ParameterContext& context) {
  const auto given = read_arguments(image, context.arguments);
  if (!given) return std::unexpected(given.error());
  std::vector<ParameterValue> values;
  for (const Parameter& parameter : image.parameters) {
    if (!is_named(parameter)) {
      const auto value = fact(parameter, context);
      if (!value) return std::unexpected(ParameterFault{value.error().text(), {}});
      values.push_back({parameter.offset, bytes_of(*value, parameter.size)});
      continue;
    }
    const auto found = given->find(parameter.name);
    std::string text = parameter.default_text;
    if (found != given->end()) {
      text = found->second.value_or("true");
      if (!found->second && parameter.kind == ParameterKind::string)
        return bad_value(parameter, "expects a string", "true");
      if (!found->second && parameter.kind != ParameterKind::boolean)
        return bad_value(parameter, "expects an integer", "true");
    } else if (parameter.kind == ParameterKind::boolean && text.empty()) {
      text = "false";
    }
    auto bytes = parse_value(parameter, text);
    if (!bytes) return std::unexpected(bytes.error());
    values.push_back({parameter.offset, std::move(*bytes)});
  }
  return values;
}

}  // namespace sonde::runtime
