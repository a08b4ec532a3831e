// usdt: static probes that programs declare with <sys/sdt.h>, at every place where the compiler put them.
#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <map>

#include "probes/rows.h"
#include "probes/support.h"

namespace sonde::probes {
namespace {

constexpr uint32_t kTraceUprobeMulti = 48;  // BPF_TRACE_UPROBE_MULTI, Linux 6.6; older headers lack it

// What the attach point asks for, split.
struct Request {
  std::string binary;       // empty: all that the process has mapped
  std::string names = "*";  // provider (the namespace)
  std::string probe;
  bool exact = false;  // one program by its full name, whose absence is an error of its own
};

// The places of one provider and name in one file.
struct Group {
  std::string path;
  std::string provider, name;
  std::vector<const kernel::UsdtNote*> notes;

  std::string candidate() const { return path + ":" + provider + ":" + name; }
};

// Groups by name, in byte order.
std::vector<Group> groups_of(ProbeContext& context, const std::string& path) {
  std::vector<Group> groups;
  const auto all = context.binaries.usdt_notes(path);
  if (!all) return groups;
  for (const kernel::UsdtNote& note : (*all)->notes) {
    if (groups.empty() || groups.back().provider != note.provider || groups.back().name != note.name)
      groups.push_back({path, note.provider, note.name, {}});
    groups.back().notes.push_back(&note);
  }
  return groups;
}

// Places whose arguments are recorded alike share a cookie, by which the program tells them apart.
void set_arguments(ProbeContext& context, const Group& group, ResolvedProbe& probe, image::UprobeAttach& attach) {
  const auto all = context.binaries.usdt_notes(group.path);
  const auto machine = usdt_machine((*all)->machine);
  std::vector<std::string> texts;
  for (size_t i = 0; i < group.notes.size(); ++i) {
    const kernel::UsdtNote& note = *group.notes[i];
    // Relative to the instruction, equal texts are different places.
    const bool relative = note.arguments.find("(%rip)") != std::string::npos;
    const std::string key = note.arguments + (relative ? " " + std::to_string(note.address) : "");
    auto known = std::find(texts.begin(), texts.end(), key);
    attach.sites[i].cookie = static_cast<uint64_t>(known - texts.begin());
    if (known != texts.end()) continue;
    texts.push_back(key);
    const SymbolDistance distance = [&](std::string_view symbol) -> std::optional<int64_t> {
      const auto found = context.binaries.find_object(group.path, symbol);
      if (!found) return std::nullopt;
      return static_cast<int64_t>(*found - note.address);
    };
    probe.usdt_arguments.push_back(machine ? parse_usdt_arguments(note.arguments, *machine, distance)
                                           : std::vector<UsdtArgument>());
  }
}

ResolvedProbe make(ProbeContext& context, const AttachText& text, const Group& group) {
  const bool multi = group.notes.size() > 1;
  ResolvedProbe probe = make_probe(kUsdt, text, full_name("usdt", {group.path, group.provider, group.name}),
                                   BPF_PROG_TYPE_KPROBE, multi ? kTraceUprobeMulti : 0);
  image::UprobeAttach attach{.path = context.binaries.file_of(group.path)};
  for (const kernel::UsdtNote* note : group.notes)
    attach.sites.push_back({.symbol = group.provider + ":" + group.name,
                            .file_offset = note->file_offset,
                            .semaphore_offset = note->semaphore_offset});
  set_arguments(context, group, probe, attach);
  probe.attach = std::move(attach);
  probe.arg_source = ArgSource::usdt;
  probe.space = types::Space::user;
  probe.context_type = context_record(context, "pt_regs");
  return probe;
}

std::optional<Request> split(ProbeContext& context, const AttachText& text) {
  const size_t parts = text.parts.size() - 1;
  const bool process_only = context.pid && parts == 1;
  if (!process_only && !check_parts(context, text, kUsdt, 2, 3, "2 or 3")) return std::nullopt;
  Request request;
  request.probe = text.parts.back();
  if (!process_only) request.binary = text.parts[1];
  if (parts == 3) request.names = text.parts[2];
  if (request.probe.empty() || request.names.empty()) {
    context.diagnostics.emit<diag::Id::usdt_name_missing>(text.range);
    return std::nullopt;
  }
  if (request.binary.empty() && !context.pid) {
    context.diagnostics.emit<diag::Id::usdt_target_missing>(text.range);
    return std::nullopt;
  }
  request.exact = parts == 3 && !context.pid && !context.expand_all && !has_wildcard(request.binary) &&
                  !has_wildcard(request.names) && !has_wildcard(request.probe);
  return request;
}

std::optional<std::vector<std::string>> find_binaries(ProbeContext& context, const AttachText& text,
                                                      const std::string& target) {
  auto paths = context.binaries.resolve_path(target.empty() ? "*" : target, "usdt", context.pid.value_or(0));
  if (!paths) {
    context.diagnostics.emit<diag::Id::uprobe_binary>(text.range, paths.error().text());
    return std::nullopt;
  }
  if (paths->size() > 1 && !target.empty() && !has_wildcard(target)) {
    context.diagnostics.emit<diag::Id::uprobe_many_binaries>(text.range, "usdt", paths->front(), paths->size());
    paths->resize(1);
  }
  return std::move(*paths);
}

// Nothing matched: says what there is instead.
bool report_nothing(ProbeContext& context, const AttachText& text, const Request& request,
                    const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  bool any = false;
  for (const std::string& path : paths) {
    for (const Group& group : groups_of(context, path)) {
      any = true;
      names.push_back(request.exact ? group.provider + ":" + group.name : group.name);
    }
  }
  if (request.exact)
    return report_missing(context, text, "usdt", request.names + ":" + request.probe, names, paths.front() + ":");
  if (!any && paths.size() == 1) context.hints.push_back(paths.front() + " declares no static probes");
  const std::string hint = suggestion(request.probe, names, "usdt:" + (paths.size() == 1 ? paths[0] + ":" : ""));
  if (!hint.empty()) context.hints.push_back(hint);
  return true;
}

bool resolve_usdt(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  const auto request = split(context, text);
  if (!request) return false;
  const auto paths = find_binaries(context, text, request->binary);
  if (!paths) return false;
  const size_t before = out.size();
  for (const std::string& path : *paths)
    for (const Group& group : groups_of(context, path))
      if (matches(request->names, group.provider) && matches(request->probe, group.name))
        out.push_back(make(context, text, group));
  return out.size() > before || report_nothing(context, text, *request, *paths);
}

// Pattern "TARGET:REST", where REST is matched against "provider:name"; without a target, the files of the process or the
// executables of $PATH.
std::vector<std::string> list_usdt(ProbeContext& context, std::string_view pattern) {
  std::vector<std::string> names;
  const size_t colon = pattern.find(':');
  if (colon == pattern.npos) return names;
  for (const std::string& path : listed_binaries(context, pattern.substr(0, colon), "usdt")) {
    const std::string_view rest = pattern.substr(colon + 1);
    for (const Group& group : groups_of(context, path))
      if (matches(rest, group.provider + ":" + group.name) || matches(rest, group.name))
        names.push_back(group.candidate());
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

constexpr std::array<std::string_view, 1> kAliases = {"U"};

}  // namespace

const Provider kUsdt = {
    .name = "usdt",
    .aliases = kAliases,
    .spec = "usdt:BINARY:PROBE, usdt:BINARY:PROVIDER:PROBE",
    .summary = "Static probe that a user program declares.",
    .example = "usdt:./server:request__start { @[str(arg0)] = count(); }",
    .proven = "Proven on Linux 6.18 and 6.1.",
    .capabilities = kHasArgN | kHasCtx | kHasReg | kUserContext | kKernelStack | kSignals,
    .resolve = resolve_usdt,
    .list = list_usdt,
};

}  // namespace sonde::probes
