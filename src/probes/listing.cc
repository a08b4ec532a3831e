// The search behind `-l`. What a provider can list and describe is in its row; here is only how search texts are read.
#include "probes/listing.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/demangle.h"
#include "probes/support.h"

namespace sonde::probes {
namespace {

constexpr std::string_view kIndent = "    ";

// Blanks around are dropped, runs of blanks inside become one.
std::string squeezed(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t';
    if (blank && (result.empty() || result.back() == ' ')) continue;
    result += blank ? ' ' : c;
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

// Providers whose names have two parts: a pattern with one of them means the second.
bool has_two_parts(std::string_view provider) {
  constexpr std::array<std::string_view, 7> kNames = {"tracepoint", "rawtracepoint", "fentry", "fexit",
                                                      "uprobe",     "uretprobe",     "usdt"};
  return std::find(kNames.begin(), kNames.end(), provider) != kNames.end();
}

void add_parameters(ProbeContext& context, const Provider& provider, std::string_view name,
                    std::vector<std::string>& lines) {
  if (!provider.describe) return;
  for (const std::string& line : provider.describe(context, name)) lines.push_back(std::string(kIndent) + line);
}

void add_lines(ProbeContext& context, const Provider& provider, std::string_view name, bool verbose,
               std::vector<std::string>& lines) {
  lines.push_back(std::string(provider.name).append(":").append(name));
  if (verbose) add_parameters(context, provider, name, lines);
}

std::vector<const Provider*> listed_providers(ProbeContext& context, const std::string& pattern,
                                              const std::string& rest) {
  std::vector<const Provider*> list;
  if (!has_wildcard(pattern)) {
    // More tolerant than attach points: short names may be written in any case where that leaves no doubt.
    const Provider* provider = find_provider(pattern);
    if (!provider) provider = find_provider(lower(pattern));
    if (provider) list.push_back(provider);
    return list;
  }
  std::error_code error;
  const bool user = context.pid || std::filesystem::is_regular_file(rest.substr(0, rest.find(':')), error);
  for (const Provider* provider : providers())
    if ((provider->in_kernel_list || (user && (provider->name == "uprobe" || provider->name == "usdt"))) &&
        matches(pattern, provider->name))
      list.push_back(provider);
  std::sort(list.begin(), list.end(), [](const Provider* a, const Provider* b) { return a->name < b->name; });
  return list;
}

void list_item(ProbeContext& context, const std::string& item, bool verbose, Listing& out) {
  const size_t colon = item.find(':');
  const std::string pattern = colon == item.npos ? "*" : item.substr(0, colon);
  const std::string rest = colon == item.npos ? item : item.substr(colon + 1);
  for (const Provider* provider : listed_providers(context, pattern, rest)) {
    if (!provider->list) continue;
    const bool completed = has_two_parts(provider->name) && rest.find(':') == rest.npos;
    for (const std::string& name : provider->list(context, completed ? "*:" + rest : rest))
      add_lines(context, *provider, name, verbose, out.lines);
  }
}

// "struct NAME": false when the item is no search for types.
bool list_types(ProbeContext& context, const std::string& item, bool verbose, Listing& out) {
  for (const std::string_view tag : {"struct", "union", "enum"}) {
    if (!item.starts_with(std::string(tag) + " ")) continue;
    for (const std::string& name : matching(item.substr(tag.size() + 1), context.kernel.type_names(tag))) {
      if (!verbose) {
        out.lines.push_back(std::string(tag).append(" ").append(name));
        continue;
      }
      for (const kernel::TypeDefinition& each : context.kernel.type_definitions(tag, name))
        out.lines.push_back(each.module + ": " + each.text + "\n");
    }
    return true;
  }
  return false;
}

// "uprobe:PATH:cpp:_ZN1A1fEv" -> `uprobe:PATH:cpp:"A::f()"`, which can be used as it stands.
std::string with_readable_name(const std::string& name) {
  constexpr std::string_view kLanguage = ":cpp:";
  const size_t at = name.rfind(kLanguage);
  if (at == name.npos) return name;
  const std::string symbol = name.substr(at + kLanguage.size());
  const auto readable = base::demangle(symbol);
  return readable ? name.substr(0, at + kLanguage.size()) + "\"" + readable->text + "\"" : name;
}

// One program at many functions, named by its pattern: the functions, each as an attach point of its own.
std::vector<std::string> site_lines(ProbeContext& context, const Provider& provider, const ResolvedProbe& probe,
                                    const image::UprobeAttach& attach, bool verbose) {
  const std::string target = attach.path + ":";
  const std::string prefix = probe.provider + ":" + target;
  const std::string language = probe.full_name.starts_with(prefix + "cpp:") ? "cpp:" : "";
  std::vector<std::string> lines;
  for (const image::UprobeSite& site : attach.sites) {
    lines.push_back(with_readable_name(prefix + language + site.symbol));
    if (verbose) add_parameters(context, provider, target + site.symbol, lines);
  }
  return lines;
}

}  // namespace

Listing list_probes(ProbeContext& context, std::string_view search, bool verbose) {
  Listing out;
  if (search.empty()) search = "*";
  if (search.find('.') != search.npos && search.find_first_of(":*") == search.npos)
    out.warnings.push_back("It appears that '" + std::string(search) +
                           "' is a filename but the file does not exist. Treating '" + std::string(search) +
                           "' as a search pattern.");
  while (!search.empty()) {
    const size_t comma = search.find(',');
    const std::string item = squeezed(search.substr(0, comma));
    search = comma == search.npos ? std::string_view() : search.substr(comma + 1);
    if (!item.empty() && !list_types(context, item, verbose, out)) list_item(context, item, verbose, out);
  }
  return out;
}

std::vector<std::string> list_resolved(ProbeContext& context, const ResolvedProbe& probe, bool verbose) {
  if (probe.probetype == "special") return {};
  const Provider* provider = find_provider(probe.provider);
  const size_t first = probe.full_name.find(':');
  if (!provider || first == probe.full_name.npos) return {};
  if (std::holds_alternative<image::PerfEventAttach>(probe.attach)) {
    // The count is left out: what is listed can be completed by the reader.
    return {probe.full_name.substr(0, probe.full_name.find(':', first + 1)) + ":"};
  }
  // A pattern stands for the functions that it matches, be it one; a static probe is one however often it was inlined.
  const bool by_pattern = has_wildcard(probe.full_name) || probe.full_name.find(":cpp:") != std::string::npos;
  const auto* uprobe = std::get_if<image::UprobeAttach>(&probe.attach);
  if (uprobe && by_pattern && probe.arg_source != ArgSource::usdt)
    return site_lines(context, *provider, probe, *uprobe, verbose);
  std::vector<std::string> lines;
  if (const auto* kprobe = std::get_if<image::KprobeAttach>(&probe.attach); kprobe && !kprobe->functions.empty()) {
    for (const std::string& function : kprobe->functions) add_lines(context, *provider, function, verbose, lines);
    return lines;
  }
  lines.push_back(with_readable_name(probe.full_name));
  if (verbose) add_parameters(context, *provider, probe.full_name.substr(first + 1), lines);
  return lines;
}

}  // namespace sonde::probes
