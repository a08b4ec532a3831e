// Tables of two columns, whose widths scripts rely on.
#include "driver/info.h"

#include <sys/utsname.h>

#include <algorithm>
#include <span>
#include <vector>

#include "driver/version.h"
#include "lower/lower.h"
#include "runtime/features.h"

namespace sonde::driver {
namespace {

constexpr size_t kColumn = 35;

std::string padded(std::string text) {
  if (text.size() < kColumn) text.resize(kColumn, ' ');
  return text;
}

std::string yes_no(bool value) { return value ? "yes" : "no"; }

// "  NAME: VALUE" cells, two in a line.
std::string table(const std::vector<std::string>& cells) {
  std::string out;
  for (size_t i = 0; i < cells.size(); ++i) {
    out += padded((i % 2 == 0 ? "  " : "") + cells[i]);
    if (i % 2 == 1 || i + 1 == cells.size()) out += '\n';
  }
  return out;
}

// A feature (runtime/features.h) and what the report calls it. The order is the report's.
struct Line {
  std::string_view feature, shown;
};
constexpr Line kHelpers[] = {{"dpath", "dpath"},
                             {"get_tai_ns", "get_tai_ns"},
                             {"get_func_ip", "get_func_ip"},
                             {"lookup_percpu_elem", "lookup_percpu_elem"},
                             {"bpf_loop", "loop"}};
constexpr Line kKernel[] = {{"btf", "btf"}, {"module_btf", "module btf"}};
constexpr Line kProbes[] = {{"kprobe_multi", "kprobe_multi"},
                            {"uprobe_multi", "uprobe_multi"},
                            {"kprobe_session", "kprobe_session"},
                            {"iter", "iter"}};
// What a build can be made of or without.
constexpr Line kBuild[] = {{"no", "bfd"},
                           {"no", "libdw (DWARF support)"},
                           {"yes", "libsystemd (systemd notify support)"},
                           {"no", "blazesym (advanced symbolization)"},
                           {"no", "dwunwind (DWARF stack unwinding)"}};

}  // namespace

std::string info_text(const Options& options) {
  utsname system{};
  ::uname(&system);
  std::string out = "System\n  OS: " + std::string(system.sysname) + " " + system.release + " " + system.version +
                    "\n  Arch: " + system.machine + "\n\nBuild\n  version: v" + kVersion +
                    "\n  LLVM: " + lower::llvm_version() + "\n";
  for (const Line& line : kBuild) out += "  " + std::string(line.shown) + ": " + std::string(line.feature) + "\n";

  runtime::Features features;
  const auto cells = [&](std::span<const Line> lines) {
    std::vector<std::string> list;
    for (const Line& line : lines) {
      const bool disabled =
          std::ranges::find(options.disabled_features, line.feature) != options.disabled_features.end();
      list.push_back(std::string(line.shown) + ": " + yes_no(!disabled && features.has(line.feature)));
    }
    return list;
  };
  out += "\nKernel helpers\n" + table(cells(kHelpers));
  std::vector<std::string> kernel = cells(kKernel);
  kernel.insert(kernel.begin(), "Instruction limit: " + std::to_string(runtime::instruction_limit()));
  out += "\n" + padded("Kernel features") + "\n" + table(kernel);
  out += "\n" + padded("Probe types") + "\n" + table(cells(kProbes)) + "\n";
  return out;
}

}  // namespace sonde::driver
