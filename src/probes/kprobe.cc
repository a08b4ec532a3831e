// kprobe and kretprobe: entry and return of almost any kernel function, arguments in registers.
#include <linux/bpf.h>

#include <algorithm>
#include <array>

#include "probes/kernel_function.h"
#include "probes/rows.h"
#include "probes/support.h"

namespace sonde::probes {
namespace {

constexpr const char* kNoKprobes = "this kernel was built without them (CONFIG_KPROBES)";

// What the attach point asks for, split.
struct Request {
  const Provider& provider;
  bool on_return;
  std::string module;  // empty: any
  FunctionText function;
};

void add(ProbeContext& context, const AttachText& text, const Request& request, const std::string& module,
         const std::string& function, std::vector<ResolvedProbe>& out) {
  const uint64_t offset = request.function.offset.value_or(0);
  const std::string shown = offset ? function + "+" + std::to_string(offset) : function;
  ResolvedProbe probe =
      make_probe(request.provider, text, full_name(request.provider.name, {module, shown}), BPF_PROG_TYPE_KPROBE);
  image::KprobeAttach attach;
  attach.function = function;
  if (module != "vmlinux") attach.module = module;
  attach.offset = offset;
  attach.on_return = request.on_return;
  probe.attach = std::move(attach);
  probe.arg_source = ArgSource::registers;
  probe.space = types::Space::kernel;
  probe.context_type = context_record(context, "pt_regs");
  probe.retval_type = context.kernel.types().integer(8, false);
  if (request.on_return && context.wants_args) set_entry_arguments(context, probe, module, function);
  out.push_back(std::move(probe));
}

// One program for all `functions`, named by its pattern.
void add_all(ProbeContext& context, const AttachText& text, const Request& request, std::vector<std::string> functions,
             std::vector<ResolvedProbe>& out) {
  add(context, text, request, "", request.function.name, out);
  auto& attach = std::get<image::KprobeAttach>(out.back().attach);
  attach.function.clear();
  attach.functions = std::move(functions);
}

bool add_address(ProbeContext& context, const AttachText& text, const Request& request,
                 std::vector<ResolvedProbe>& out) {
  const auto address = parse_number(request.function.name);
  if (!address) {
    context.diagnostics.emit<diag::Id::probe_address_invalid>(text.range, address.error());
    return false;
  }
  if (!context.unsafe) {
    context.diagnostics.emit<diag::Id::kprobe_address_unsafe>(text.range);
    return false;
  }
  Request by_address = request;
  by_address.function.offset.reset();
  add(context, text, by_address, "", std::to_string(*address), out);
  auto& attach = std::get<image::KprobeAttach>(out.back().attach);
  attach.function.clear();
  attach.offset = *address;
  return true;
}

bool resolve_exact(ProbeContext& context, const AttachText& text, const Request& request,
                   std::vector<ResolvedProbe>& out) {
  const std::string& function = request.function.name;
  if (known_by_btf(context.kernel, request.module, function)) {
    add(context, text, request, request.module, function, out);
    return true;
  }
  const FunctionList list = traceable_functions(context.kernel);
  const bool known = request.module.empty()
                         ? std::any_of(list.names.begin(), list.names.end(),
                                       [&](const std::string& name) { return name.ends_with(":" + function); })
                         : std::binary_search(list.names.begin(), list.names.end(), request.module + ":" + function);
  if (!known) {
    if (context.missing != ProbeContext::Missing::ignore)
      context.diagnostics.emit<diag::Id::kprobe_not_traceable>(text.range, function);
    // The list need not be complete: the user may know better.
    if (!context.unsafe) {
      const std::string shown = request.module.empty() ? function : request.module + ":" + function;
      const auto names = request.module.empty() ? bare_names(list.names) : list.names;
      return report_missing(context, text, request.provider.name, shown, names);
    }
  }
  add(context, text, request, request.module, function, out);
  return true;
}

bool check_available(ProbeContext& context, const AttachText& text, const Provider& provider,
                     const std::string& function) {
  if (context.kernel.has_feature("kprobe")) return true;
  auto& diagnostic = context.diagnostics.emit<diag::Id::probe_not_in_kernel>(text.range, provider.name, kNoKprobes);
  const bool in_btf = !has_wildcard(function) && context.kernel.find_function("", function);
  diagnostic.hints.push_back(in_btf ? "`" + std::string(provider.name == "kprobe" ? "fentry:" : "fexit:") + function +
                                          "` traces the same function where the kernel allows it"
                                    : "tracepoint, rawtracepoint, uprobe, profile, interval and iter probes remain");
  return false;
}

bool resolve_function(const Provider& provider, bool on_return, ProbeContext& context, const AttachText& text,
                      std::vector<ResolvedProbe>& out) {
  if (!check_parts(context, text, provider, 1, 2, "1 or 2")) return false;
  const auto function = split_offset(context, text, text.parts.back());
  if (!function) return false;
  const Request request{provider, on_return, text.parts.size() == 3 ? text.parts[1] : "", *function};
  if (function->name.empty()) {
    context.diagnostics.emit<diag::Id::kprobe_empty>(text.range);
    return false;
  }
  if (on_return && function->offset) {
    context.diagnostics.emit<diag::Id::probe_offset_refused>(text.range);
    return false;
  }
  if (!check_available(context, text, provider, function->name)) return false;
  if (!request.module.empty() && !has_wildcard(request.module) && !context.kernel.module_loaded(request.module)) {
    context.diagnostics.emit<diag::Id::kprobe_module_missing>(text.range, request.module, text.text);
    return false;
  }
  if (std::isdigit(static_cast<unsigned char>(function->name[0]))) return add_address(context, text, request, out);
  if (!has_wildcard(function->name) && !has_wildcard(request.module)) return resolve_exact(context, text, request, out);
  const FunctionList list = traceable_functions(context.kernel);
  const auto names = request.module.empty() ? bare_names(list.names) : list.names;
  const std::string pattern = request.module.empty() ? function->name : request.module + ":" + function->name;
  std::vector<std::string> hits = matching(pattern, names);
  // Without a module one program serves all functions, unless their arguments tell them apart; with one, each attaches by a
  // name of its own.
  const bool own_arguments = on_return && context.wants_args;
  if (request.module.empty() && !function->offset && !context.expand_all && !own_arguments) {
    if (!hits.empty()) add_all(context, text, request, std::move(hits), out);
    return true;
  }
  for (const std::string& name : hits) {
    const size_t colon = name.find(':');
    const std::string module = colon == name.npos ? "" : name.substr(0, colon);
    add(context, text, request, module, colon == name.npos ? name : name.substr(colon + 1), out);
  }
  return true;
}

bool resolve_kprobe(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_function(kKprobe, false, context, text, out);
}

bool resolve_kretprobe(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_function(kKretprobe, true, context, text, out);
}

std::vector<std::string> list_names(ProbeContext& context, std::string_view pattern) {
  if (!context.kernel.has_feature("kprobe")) return {};
  const FunctionList list = traceable_functions(context.kernel);
  return matching(pattern, pattern.find(':') == pattern.npos ? bare_names(list.names) : list.names);
}

std::vector<std::string> describe(ProbeContext& context, std::string_view name, bool on_return) {
  const size_t colon = name.find(':');
  const auto proto = colon == name.npos ? context.kernel.find_function("", name)
                                        : context.kernel.find_function(name.substr(0, colon), name.substr(colon + 1));
  if (!proto) return {};
  if (on_return) return {proto->result_text == "void" ? "void" : proto->result_text + " retval"};
  std::vector<std::string> lines;
  for (const kernel::Parameter& parameter : proto->parameters) {
    // Floating-point parameters are not passed in general registers.
    if (parameter.type->kind == types::Kind::none) continue;
    lines.push_back(parameter.c_text + " arg" + std::to_string(lines.size()));
  }
  return lines;
}

std::vector<std::string> describe_kprobe(ProbeContext& context, std::string_view name) {
  return describe(context, name, false);
}

std::vector<std::string> describe_kretprobe(ProbeContext& context, std::string_view name) {
  return describe(context, name, true);
}

constexpr std::array<std::string_view, 1> kKprobeAliases = {"k"};
constexpr std::array<std::string_view, 1> kKretprobeAliases = {"kr"};
constexpr uint32_t kCapabilities = kHasFunc | kHasCtx | kHasReg | kKernelStack | kSignals;

}  // namespace

const Provider kKprobe = {
    .name = "kprobe",
    .aliases = kKprobeAliases,
    .spec = "kprobe:FUNC, kprobe:MODULE:FUNC, kprobe:FUNC+OFFSET",
    .summary = "Entry of a kernel function, or an instruction inside.",
    .example = "kprobe:do_nanosleep { @[comm] = count(); }",
    .capabilities = kCapabilities | kHasArgN,
    .in_kernel_list = true,
    .resolve = resolve_kprobe,
    .list = list_names,
    .describe = describe_kprobe,
};

const Provider kKretprobe = {
    .name = "kretprobe",
    .aliases = kKretprobeAliases,
    .spec = "kretprobe:FUNC, kretprobe:MODULE:FUNC",
    .summary = "Return from a kernel function.",
    .example = "kretprobe:vfs_read { @bytes = hist(retval); }",
    .capabilities = kCapabilities | kHasRetval | kHasArgs,
    .resolve = resolve_kretprobe,
    .list = list_names,
    .describe = describe_kretprobe,
};

}  // namespace sonde::probes
