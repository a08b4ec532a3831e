// uprobe and uretprobe: entry (or any instruction) and return of functions in user binaries.
#include <elf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/demangle.h"
#include "kernel/x86_length.h"
#include "probes/kernel_function.h"
#include "probes/rows.h"
#include "probes/support.h"
#include "probes/uprobe_args.h"

namespace sonde::probes {
namespace {

constexpr uint32_t kTraceUprobeMulti = 48;  // BPF_TRACE_UPROBE_MULTI, Linux 6.6; older headers lack it
constexpr std::string_view kCpp = "cpp";

// What the attach point asks for, split.
struct Request {
  const Provider& provider;
  bool on_return;
  std::string target;  // as written
  bool cpp = false;
  FunctionText function;
};

bool function_matches(const Request& request, const std::string& symbol) {
  const std::string& pattern = request.function.name;
  if (symbol.find(".part.") != symbol.npos) return false;
  if (matches(pattern, symbol)) return true;
  if (!request.cpp) return false;
  const auto name = base::demangle(symbol);
  return name && matches(pattern, pattern.find('(') == pattern.npos ? name->without_parameters() : name->text);
}

ResolvedProbe make(ProbeContext& context, const AttachText& text, const Request& request, const std::string& path,
                   const std::string& function, std::vector<image::UprobeSite> sites,
                   std::optional<uint64_t> address = {}) {
  const bool multi = sites.size() > 1;
  const std::string name = full_name(request.provider.name, {path, request.cpp ? kCpp : std::string_view(), function});
  ResolvedProbe probe = make_probe(request.provider, text, name, BPF_PROG_TYPE_KPROBE, multi ? kTraceUprobeMulti : 0);
  image::UprobeAttach attach{context.binaries.file_of(path), std::move(sites), request.on_return};
  probe.arg_source = ArgSource::registers;
  if (context.wants_args) {
    set_dwarf_arguments(context, probe, path, address, request.on_return);
    if (request.on_return) {
      probe.arg_source = ArgSource::entry_registers;
      image::UprobeAttach entry = attach;
      entry.on_return = false;
      probe.entry_attach = std::move(entry);
    }
  }
  probe.attach = std::move(attach);
  probe.space = types::Space::user;
  probe.context_type = context_record(context, "pt_regs");
  probe.retval_type = context.kernel.types().integer(8, false);
  return probe;
}

// Whether an instruction begins `offset` bytes into the function. Yes where that cannot be told.
bool begins_instruction(ProbeContext& context, const std::string& path, const kernel::BinarySymbol& symbol,
                        uint64_t offset) {
  constexpr uint64_t kArm64Instruction = 4;
  const uint16_t machine = context.binaries.machine(path);
  if (machine == EM_AARCH64) return offset % kArm64Instruction == 0;
  const auto code = context.binaries.code(path, symbol.address, symbol.size);
  if (machine != EM_X86_64 || !code) return true;
  uint64_t at = 0;
  while (at < offset) {
    if (at >= code->size()) return true;
    const size_t length = kernel::x86_instruction_length(std::span(*code).subspan(at));
    if (length == 0) return true;
    at += length;
  }
  return at == offset;
}

constexpr const char* kForce =
    "Use --unsafe to force attachment. WARNING: This option could lead to data corruption in the target process.";

bool check_boundary(ProbeContext& context, const AttachText& text, const kernel::BinarySymbol& symbol, uint64_t offset,
                    const std::string& path) {
  if (offset == 0 || begins_instruction(context, path, symbol, offset)) return true;
  const std::string place = path + ":" + symbol.name + "+" + std::to_string(offset);
  if (context.unsafe) {
    context.diagnostics.emit<diag::Id::uprobe_unsafe>(text.range, place);
    return true;
  }
  context.diagnostics.emit<diag::Id::uprobe_inside_instruction>(text.range, place).hints.push_back(kForce);
  return false;
}

// Checks an offset into a function against its size.
bool check_offset(ProbeContext& context, const AttachText& text, const kernel::BinarySymbol& symbol, uint64_t offset,
                  const std::string& path) {
  if (offset == 0) return true;
  if (symbol.size == 0) {
    if (context.unsafe) {
      context.diagnostics.emit<diag::Id::uprobe_unchecked>(text.range,
                                                           path + ":" + symbol.name + "+" + std::to_string(offset));
      return true;
    }
    context.diagnostics.emit<diag::Id::uprobe_boundary_unknown>(text.range, symbol.name).hints.push_back(kForce);
    return false;
  }
  if (offset < symbol.size) return check_boundary(context, text, symbol, offset, path);
  context.diagnostics.emit<diag::Id::uprobe_offset_outside>(text.range, symbol.name, symbol.size);
  return false;
}

bool add_exact(ProbeContext& context, const AttachText& text, const Request& request, const std::string& path,
               std::vector<ResolvedProbe>& out) {
  const std::string& function = request.function.name;
  const auto symbol = context.binaries.find_function(path, function);
  if (!symbol) {
    std::vector<std::string> names;
    if (const auto all = context.binaries.functions(path))
      for (const kernel::BinarySymbol& candidate : **all) names.push_back(candidate.name);
    return report_missing(context, text, request.provider.name, function, names, path + ":");
  }
  const uint64_t offset = request.function.offset.value_or(0);
  if (!check_offset(context, text, *symbol, offset, path)) return false;
  const std::string shown = offset ? function + "+" + std::to_string(offset) : function;
  out.push_back(make(context, text, request, path, shown, {{symbol->name, symbol->file_offset + offset, offset, 0}},
                     symbol->address));
  return true;
}

bool report_no_function(ProbeContext& context, const AttachText& text, const Request& request,
                        const std::string& path) {
  const bool has_lines = !context.binaries.debug_info_file(path).empty();
  context.diagnostics.emit<diag::Id::uprobe_function_missing>(
      text.range, request.provider.name,
      has_lines ? ", address, or source file and line (using DWARF)" : " and/or address");
  return false;
}

bool add_address(ProbeContext& context, const AttachText& text, const Request& request, const std::string& path,
                 uint64_t address, std::vector<ResolvedProbe>& out) {
  const auto symbol = context.binaries.find_address(path, address);
  if (!symbol) {
    if (address == 0 && !context.unsafe) return report_no_function(context, text, request, path);
    char number[32];
    std::snprintf(number, sizeof number, "0x%llx", static_cast<unsigned long long>(address));
    if (!context.unsafe) {
      context.diagnostics.emit<diag::Id::uprobe_address_unresolved>(text.range, path, number);
      return false;
    }
    context.diagnostics.emit<diag::Id::uprobe_stripped>(text.range, path + ":" + number);
    // Without symbols nothing maps addresses to the file; the number is taken as an offset into it.
    out.push_back(make(context, text, request, path, std::to_string(address), {{"", address, 0, 0}}));
    return true;
  }
  const uint64_t offset = address - symbol->address;
  if (request.on_return && offset) {
    context.diagnostics.emit<diag::Id::uretprobe_inside>(text.range, symbol->name, offset);
    return false;
  }
  if (!check_boundary(context, text, *symbol, offset, path)) return false;
  out.push_back(make(context, text, request, path, std::to_string(address),
                     {{symbol->name, symbol->file_offset + offset, offset, 0}}, symbol->address));
  return true;
}

// One program with many sites, unless each function is to be told apart. Kernels without multi links attach it to them one by
// one.
bool add_matches(ProbeContext& context, const AttachText& text, const Request& request, const std::string& path,
                 std::vector<ResolvedProbe>& out) {
  const auto all = context.binaries.functions(path);
  if (!all) return true;  // a wildcard need not match every file
  std::vector<image::UprobeSite> sites;
  std::vector<uint64_t> addresses;
  for (const kernel::BinarySymbol& symbol : **all) {
    if (!function_matches(request, symbol.name)) continue;
    const uint64_t offset = request.function.offset.value_or(0);
    sites.push_back({symbol.name, symbol.file_offset + offset, offset, 0});
    addresses.push_back(symbol.address);
  }
  if (sites.empty()) return true;
  // Every function has arguments of its own.
  if (!context.expand_all && !context.wants_args) {
    out.push_back(make(context, text, request, path, request.function.name, std::move(sites)));
    return true;
  }
  for (size_t i = 0; i < sites.size(); ++i) {
    const std::string name = sites[i].symbol;
    out.push_back(make(context, text, request, path, name, {std::move(sites[i])}, addresses[i]));
  }
  return true;
}

// Binaries that the target text stands for; reports when there is none.
std::vector<std::string> find_binaries(ProbeContext& context, const AttachText& text, const Request& request) {
  if (request.target.empty()) {
    if (context.pid) {
      const std::string root = "/proc/" + std::to_string(*context.pid) + "/";
      std::error_code error;
      const std::string program = std::filesystem::read_symlink(root + "exe", error).string();
      if (!error) return {root + "root" + program};
    }
    context.diagnostics.emit<diag::Id::uprobe_target_missing>(text.range, request.provider.name);
    return {};
  }
  auto paths = context.binaries.resolve_path(request.target, request.provider.name, context.pid.value_or(0));
  if (!paths) {
    std::error_code error;
    if (context.unsafe && std::filesystem::exists(request.target, error)) return {request.target};
    context.diagnostics.emit<diag::Id::uprobe_binary>(text.range, paths.error().text());
    return {};
  }
  if (paths->size() > 1 && !has_wildcard(request.target)) {
    context.diagnostics.emit<diag::Id::uprobe_many_binaries>(text.range, request.provider.name, paths->front(),
                                                             paths->size());
    paths->resize(1);
  }
  return std::move(*paths);
}

// The kernel puts its own return address on the stack, which Go's runtime does not expect there.
void warn_of_go(ProbeContext& context, const AttachText& text, const Request& request, const std::string& path) {
  if (!request.on_return || !context.binaries.is_go(path)) return;
  auto& warning = context.diagnostics.emit<diag::Id::uretprobe_go>(text.range, path);
  warning.hints.push_back("Probe the entry, or the return instructions by their offsets, with uprobes.");
}

bool resolve_target(ProbeContext& context, const AttachText& text, const Request& request,
                    std::vector<ResolvedProbe>& out) {
  const std::string& function = request.function.name;
  const bool by_address = !function.empty() && std::isdigit(static_cast<unsigned char>(function[0]));
  if (by_address && has_wildcard(request.target)) {
    context.diagnostics.emit<diag::Id::uprobe_address_wildcard>(text.range);
    return false;
  }
  const std::vector<std::string> paths = find_binaries(context, text, request);
  if (paths.empty()) return false;
  for (const std::string& path : paths) warn_of_go(context, text, request, path);
  if (function.empty()) return report_no_function(context, text, request, paths.front());
  if (by_address) {
    const auto address = parse_number(function);
    if (!address) {
      context.diagnostics.emit<diag::Id::probe_address_invalid>(text.range, address.error());
      return false;
    }
    return add_address(context, text, request, paths.front(), *address, out);
  }
  const bool expand = has_wildcard(function) || request.cpp || has_wildcard(request.target);
  for (const std::string& path : paths) {
    const bool good =
        expand ? add_matches(context, text, request, path, out) : add_exact(context, text, request, path, out);
    if (!good) return false;
  }
  return true;
}

// A line or column number; reports what is none.
std::optional<uint64_t> source_number(ProbeContext& context, const AttachText& text, const std::string& part,
                                      const char* what) {
  const auto number = parse_number(part);
  if (number) return *number;
  context.diagnostics.emit<diag::Id::uprobe_source_number>(text.range, what, number.error());
  return std::nullopt;
}

// "TARGET@FILE:LINE[:COLUMN]": parts TARGET @ FILE LINE COLUMN.
bool resolve_line(const Provider& provider, bool on_return, ProbeContext& context, const AttachText& text,
                  std::vector<ResolvedProbe>& out) {
  const auto refuse = [&](const std::string& why) {
    context.diagnostics.emit<diag::Id::uprobe_source_line>(text.range, why);
    return false;
  };
  if (on_return) return refuse("Source code location not allowed");
  const size_t parts = text.parts.size() - 1;
  if (parts >= 1 && text.parts[1] == "@")
    return refuse("Unspecified target binary, cannot attach by source code location.");
  if (parts < 4 || parts > 5 || text.parts[2] != "@" || text.parts[3].empty() || text.parts[3] == "@")
    return refuse("Invalid uprobe arguments, expected format: uprobe:TARGET@FILE:LINE[:COL]");
  for (const std::string& part : text.parts)
    if (has_wildcard(part)) return refuse("Cannot use wildcards with source code location");
  const auto line = source_number(context, text, text.parts[4], "line");
  const auto column = parts == 5 ? source_number(context, text, text.parts[5], "column") : std::optional<uint64_t>(0);
  if (!line || !column) return false;
  const Request request{provider, on_return, text.parts[1], false, {}};
  if (request.target.empty()) return refuse("Unspecified target binary, cannot attach by source code location.");
  const std::vector<std::string> paths = find_binaries(context, text, request);
  if (paths.empty()) return false;
  const auto dwarf = context.binaries.debug_info(paths.front(), context.kernel.types());
  if (!dwarf)
    return refuse("No DWARF debug info found for '" + request.target + "', cannot attach by source code location.");
  const auto address = (*dwarf)->address_of_line(text.parts[3], *line, *column);
  if (!address) return refuse(address.error().text());
  return add_address(context, text, request, paths.front(), *address, out);
}

bool resolve_function(const Provider& provider, bool on_return, ProbeContext& context, const AttachText& text,
                      std::vector<ResolvedProbe>& out) {
  if (std::find(text.parts.begin(), text.parts.end(), "@") != text.parts.end())
    return resolve_line(provider, on_return, context, text, out);
  const size_t parts = text.parts.size() - 1;
  const bool process_only = context.pid && (parts == 1 || (parts == 2 && text.parts[1] == kCpp));
  if (!process_only && !check_parts(context, text, provider, 2, 3, "2 or 3")) return false;
  const std::string language = parts == 3 ? text.parts[2] : process_only && parts == 2 ? text.parts[1] : "";
  if (!language.empty() && language != kCpp) {
    context.diagnostics.emit<diag::Id::uprobe_language>(text.range, language);
    return false;
  }
  const auto function = split_offset(context, text, text.parts.back());
  if (!function) return false;
  if (on_return && function->offset) {
    context.diagnostics.emit<diag::Id::probe_offset_refused>(text.range);
    return false;
  }
  const Request request{provider, on_return, process_only ? "" : text.parts[1], !language.empty(), *function};
  return resolve_target(context, text, request, out);
}

bool resolve_uprobe(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_function(kUprobe, false, context, text, out);
}

bool resolve_uretprobe(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) {
  return resolve_function(kUretprobe, true, context, text, out);
}

// Pattern "TARGET:FUNCTION"; a target may contain colons only when quoted, which patterns of -l are not.
std::vector<std::string> list_functions(const Provider& provider, ProbeContext& context, std::string_view pattern) {
  std::vector<std::string> names;
  const size_t colon = pattern.find(':');
  if (colon == pattern.npos) return names;
  const std::vector<std::string> paths = listed_binaries(context, pattern.substr(0, colon), provider.name);
  for (const std::string& path : paths) {
    const auto functions = context.binaries.functions(path);
    if (!functions) continue;
    names.reserve(names.size() + (*functions)->size());
    const std::string prefix = path + ":";
    for (const kernel::BinarySymbol& symbol : **functions)
      if (matches(pattern.substr(colon + 1), symbol.name) && symbol.name.find(".part.") == symbol.name.npos)
        names.push_back(prefix + symbol.name);
  }
  // The functions of one file are sorted already.
  if (paths.size() > 1) std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<std::string> list_uprobe(ProbeContext& context, std::string_view pattern) {
  return list_functions(kUprobe, context, pattern);
}

std::vector<std::string> list_uretprobe(ProbeContext& context, std::string_view pattern) {
  return list_functions(kUretprobe, context, pattern);
}

// "PATH:FUNC", "PATH:cpp:FUNC", "PATH:ADDRESS"; paths may hold colons, functions of C do not.
std::vector<std::string> describe_uprobe(ProbeContext& context, std::string_view name) {
  const size_t colon = name.rfind(':');
  std::string_view path = name.substr(0, colon);
  constexpr std::string_view kLanguage = ":cpp";
  if (path.ends_with(kLanguage)) path.remove_suffix(kLanguage.size());
  return describe_dwarf_arguments(context, std::string(path), std::string(name.substr(colon + 1)));
}

constexpr std::array<std::string_view, 1> kUprobeAliases = {"u"};
constexpr std::array<std::string_view, 1> kUretprobeAliases = {"ur"};
constexpr uint32_t kCapabilities = kHasFunc | kHasCtx | kHasReg | kUserContext | kKernelStack | kSignals;

}  // namespace

const Provider kUprobe = {
    .name = "uprobe",
    .aliases = kUprobeAliases,
    .spec =
        "uprobe:BINARY:FUNC, uprobe:BINARY:FUNC+OFFSET, uprobe:BINARY:ADDRESS, uprobe:BINARY:cpp:NAME, "
        "uprobe:BINARY@FILE:LINE[:COLUMN]",
    .summary = "Entry of a function of a user binary, or an instruction inside.",
    .example = "uprobe:libc:malloc { @[comm] = sum(arg0); }",
    .proven = "Proven on Linux 6.18 and 6.1.",
    .capabilities = kCapabilities | kHasArgN | kHasArgs,
    .resolve = resolve_uprobe,
    .list = list_uprobe,
    .describe = describe_uprobe,
};

const Provider kUretprobe = {
    .name = "uretprobe",
    .aliases = kUretprobeAliases,
    .spec = "uretprobe:BINARY:FUNC, uretprobe:BINARY:cpp:NAME",
    .summary = "Return from a function of a user binary.",
    .example = "uretprobe:/bin/bash:readline { printf(\"%s\\n\", str(retval)); }",
    .proven = "Proven on Linux 6.18 and 6.1.",
    .capabilities = kCapabilities | kHasRetval | kHasArgs,
    .resolve = resolve_uretprobe,
    .list = list_uretprobe,
};

}  // namespace sonde::probes
