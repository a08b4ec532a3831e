// fentry and fexit: entry and return of kernel functions through BPF trampolines, typed by BTF.
#include <linux/bpf.h>

#include <algorithm>
#include <array>

#include "probes/kernel_function.h"
#include "probes/rows.h"
#include "probes/support.h"

namespace sonde::probes {
namespace {

// Parameters that arrive in registers; a trampoline does not copy any from the stack.
size_t register_parameters(const kernel::KernelView& kernel) { return kernel.arch() == "x86_64" ? 6 : 8; }

// Functions that can be traced: those of the kernel's list, where it can be read, that BTF describes.
std::vector<std::string> candidates(const kernel::KernelView& kernel) {
  auto functions = kernel.btf_functions();
  if (!functions) return {};
  const FunctionList list = traceable_functions(kernel);
  if (!list.exact) return std::move(*functions);
  std::vector<std::string> both;
  std::set_intersection(functions->begin(), functions->end(), list.names.begin(), list.names.end(),
                        std::back_inserter(both));
  return both;
}

void add(const Provider& provider, ProbeContext& context, const AttachText& text, const kernel::FunctionProto& proto,
         std::vector<ResolvedProbe>& out) {
  const bool exit = &provider == &kFexit;
  ResolvedProbe probe = make_probe(provider, text, full_name(provider.name, {proto.module, proto.name}),
                                   BPF_PROG_TYPE_TRACING, exit ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY);
  probe.attach = image::TracingAttach{exit ? image::TracingKind::fexit : image::TracingKind::fentry, proto.module,
                                      proto.name, proto.btf_id};
  probe.arg_source = ArgSource::raw_words;
  probe.space = types::Space::kernel;
  set_word_arguments(context, probe, proto.parameters);
  if (exit) probe.retval_type = trusted(context.kernel.types(), proto.result);
  out.push_back(std::move(probe));
}

// "fentry:FUNC": the module that has it, by the kernel's list; reports when several have.
std::optional<std::string> module_of(ProbeContext& context, const AttachText& text, const std::string& function) {
  if (known_by_btf(context.kernel, "vmlinux", function)) return "vmlinux";
  const auto listed = context.kernel.traceable_functions();
  if (!listed) {
    const auto proto = context.kernel.find_function("", function);
    return proto ? proto->module : std::string();
  }
  std::vector<std::string> modules;
  for (const std::string& name : *listed)
    if (name.ends_with(":" + function)) modules.push_back(name.substr(0, name.find(':')));
  if (modules.size() > 1) {
    context.diagnostics.emit<diag::Id::fentry_ambiguous>(text.range, function);
    return std::nullopt;
  }
  return modules.empty() ? std::string() : modules.front();
}

bool resolve_exact(const Provider& provider, ProbeContext& context, const AttachText& text, const std::string& module,
                   const std::string& function, std::vector<ResolvedProbe>& out) {
  const std::string name = module + ":" + function;
  if (!module.empty() && known_by_btf(context.kernel, module, function)) {
    const auto proto = context.kernel.find_function(module, function);
    if (proto->parameters.size() <= register_parameters(context.kernel)) {
      add(provider, context, text, *proto, out);
      return true;
    }
  }
  const auto names = candidates(context.kernel);
  return report_missing(context, text, provider.name, module.empty() ? function : name,
                        module.empty() ? bare_names(names) : names);
}

// "ID:NAME" of the loaded BPF programs and their subprograms.
std::string program_name(const kernel::BpfFunction& function) {
  return std::to_string(function.program) + ":" + function.name;
}

void add_program(const Provider& provider, const AttachText& text, const kernel::BpfFunction& function,
                 std::vector<ResolvedProbe>& out) {
  const bool exit = &provider == &kFexit;
  ResolvedProbe probe = make_probe(provider, text, full_name(provider.name, {"bpf", program_name(function)}),
                                   BPF_PROG_TYPE_TRACING, exit ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY);
  image::TracingAttach attach{exit ? image::TracingKind::fexit : image::TracingKind::fentry, "bpf", function.name,
                              function.btf_id};
  attach.bpf_program = function.program;
  probe.attach = std::move(attach);
  probe.arg_source = ArgSource::raw_words;
  probe.space = types::Space::kernel;
  // Its context is that of the program's own type, nothing that BTF of the kernel describes.
  probe.args_error = "The args builtin cannot be used for 'fentry/fexit:bpf' probes";
  out.push_back(std::move(probe));
}

// "fentry:bpf:NAME", "fentry:bpf:ID:NAME".
bool resolve_program(const Provider& provider, ProbeContext& context, const AttachText& text,
                     std::vector<ResolvedProbe>& out) {
  const size_t parts = text.parts.size() - 1;
  const std::string& name = text.parts.back();
  if (parts == 1 || name.empty()) {
    context.diagnostics.emit<diag::Id::fentry_program_name>(text.range);
    return false;
  }
  const std::string id = parts == 3 ? text.parts[2] : "*";
  if (id != "*" && !parse_number(id)) {
    context.diagnostics.emit<diag::Id::fentry_program_id>(text.range);
    return false;
  }
  std::vector<std::string> names;
  const size_t before = out.size();
  for (const kernel::BpfFunction& function : context.kernel.bpf_functions()) {
    names.push_back("bpf:" + program_name(function));
    if (matches(id, std::to_string(function.program)) && matches(name, function.name))
      add_program(provider, text, function, out);
  }
  if (out.size() > before || has_wildcard(name)) return true;
  return report_missing(context, text, provider.name, id == "*" ? "bpf:" + name : "bpf:" + id + ":" + name, names);
}

bool resolve_function(const Provider& provider, ProbeContext& context, const AttachText& text,
                      std::vector<ResolvedProbe>& out) {
  if (!check_parts(context, text, provider, 1, 3, "1 or 3")) return false;
  const size_t parts = text.parts.size() - 1;
  const std::string& function = text.parts.back();
  if (text.parts[1] == "bpf") return resolve_program(provider, context, text, out);
  if (parts == 3) {
    context.diagnostics.emit<diag::Id::fentry_extra_part>(text.range);
    return false;
  }
  if (function.empty() || text.parts[1].empty()) {
    context.diagnostics.emit<diag::Id::fentry_function_missing>(text.range);
    return false;
  }
  if (!context.kernel.has_btf()) {
    context.diagnostics.emit<diag::Id::fentry_needs_btf>(text.range, provider.name);
    return false;
  }
  std::string module = parts == 2 ? text.parts[1] : "";
  if (!has_wildcard(module) && !has_wildcard(function)) {
    if (module.empty()) {
      const auto found = module_of(context, text, function);
      if (!found) return false;
      module = *found;
    }
    return resolve_exact(provider, context, text, module, function, out);
  }
  if (module.empty()) module = "*";
  for (const std::string& name : matching(module + ":" + function, candidates(context.kernel))) {
    const size_t colon = name.find(':');
    const auto proto = context.kernel.find_function(name.substr(0, colon), name.substr(colon + 1));
    if (proto && proto->parameters.size() <= register_parameters(context.kernel))
      add(provider, context, text, *proto, out);
  }
  return true;
}

bool resolve_fentry(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_function(kFentry, context, text, out);
}

bool resolve_fexit(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_function(kFexit, context, text, out);
}

std::vector<std::string> list_names(ProbeContext& context, std::string_view pattern) {
  std::vector<std::string> names;
  // Listing programs opens each of them, so it is done when they are asked for.
  if (pattern.starts_with("bpf:")) {
    for (const kernel::BpfFunction& function : context.kernel.bpf_functions())
      names.push_back("bpf:" + program_name(function));
    return matching(pattern, names);
  }
  return matching(pattern, candidates(context.kernel));
}

std::vector<std::string> describe(ProbeContext& context, std::string_view name, bool with_result) {
  std::vector<std::string> lines;
  const size_t colon = name.find(':');
  if (colon == name.npos) return lines;
  const auto proto = context.kernel.find_function(name.substr(0, colon), name.substr(colon + 1));
  if (!proto) return lines;
  for (const kernel::Parameter& parameter : proto->parameters) lines.push_back(parameter.c_text + " " + parameter.name);
  if (with_result && proto->result_text != "void") lines.push_back(proto->result_text + " retval");
  return lines;
}

std::vector<std::string> describe_fentry(ProbeContext& context, std::string_view name) {
  return describe(context, name, false);
}

std::vector<std::string> describe_fexit(ProbeContext& context, std::string_view name) {
  return describe(context, name, true);
}

constexpr std::array<std::string_view, 2> kFentryAliases = {"f", "kfunc"};
constexpr std::array<std::string_view, 2> kFexitAliases = {"fr", "kretfunc"};
constexpr uint32_t kCapabilities = kHasArgs | kHasFunc | kKernelStack | kSignals;

}  // namespace

const Provider kFentry = {
    .name = "fentry",
    .aliases = kFentryAliases,
    .spec = "fentry:FUNC, fentry:MODULE:FUNC, fentry:bpf:PROGRAM, fentry:bpf:ID:PROGRAM",
    .summary = "Entry of a kernel function, with typed arguments and little overhead.",
    .example = "fentry:vfs_read { @[str(args.file.f_path.dentry.d_name.name)] = count(); }",
    .capabilities = kCapabilities,
    .in_kernel_list = true,
    .resolve = resolve_fentry,
    .list = list_names,
    .describe = describe_fentry,
};

const Provider kFexit = {
    .name = "fexit",
    .aliases = kFexitAliases,
    .spec = "fexit:FUNC, fexit:MODULE:FUNC, fexit:bpf:PROGRAM, fexit:bpf:ID:PROGRAM",
    .summary = "Return from a kernel function, with its arguments and its typed result.",
    .example = "fexit:vfs_read { @[args.count, retval] = count(); }",
    .capabilities = kCapabilities | kHasRetval,
    .resolve = resolve_fexit,
    .list = list_names,
    .describe = describe_fexit,
};

}  // namespace sonde::probes
