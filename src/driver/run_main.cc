// The order of a compilation and its run (cli.md 4.4). Everything that sonde prints about a compilation is printed
// here.
#include "driver/run_main.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <regex>
#include <utility>

#include "base/color.h"
#include "compile/compile.h"
#include "driver/compiler_bench.h"
#include "driver/container.h"
#include "driver/format_script.h"
#include "driver/info.h"
#include "driver/list.h"
#include "driver/privileges.h"
#include "driver/script.h"
#include "kernel/live_view.h"
#include "runtime/link_objects.h"
#include "runtime/print/sink.h"
#include "runtime/run.h"
#include "runtime/stand_alone.h"

namespace sonde::driver {
namespace {

constexpr int kExitEnvironment = 2;  // a configuration variable or a C definition that cannot be used

compile::Options compile_options(const Options& options, const runtime::Processes& processes) {
  compile::Options out;
  out.positional = options.positional;
  out.environment = environment();
  if (processes.child) out.pid = processes.child->pid();
  if (options.pid) out.pid = options.pid;
  out.pid_filter = options.pid.has_value();
  out.has_child = processes.child.has_value();
  out.cgroup = options.cgroup;
  out.unsafe = options.unsafe;
  out.portable = options.mode == Mode::build;
  out.include_dirs = options.include_dirs;
  out.includes = options.includes;
  out.runtime_warnings = options.runtime_warnings;
  out.verify_ir = options.verify_ir;
  out.want_ir =
      !options.emit_llvm.empty() || options.debug.contains("codegen") || options.debug.contains("codegen-opt");
  return out;
}

// -d: the stages that were reached, also of a program that failed later (cli.md 2.4).
void print_stages(const compile::Compilation& compilation, const Options& options) {
  if (options.debug.contains("ast"))
    std::fprintf(stderr, "AST after: parse\n-------------------\n%s\n", ast::dump(compilation.tree()).c_str());
  if (options.debug.contains("types")) std::printf("%s", sema::dump(compilation.typed()).c_str());
  if (options.debug.contains("codegen"))
    std::printf("LLVM IR before optimization\n---------------------------\n\n%s", compilation.ir_before().c_str());
  if (options.debug.contains("codegen-opt"))
    std::printf("\nLLVM IR after optimization\n----------------------------\n\n%s", compilation.ir_after().c_str());
  std::fflush(stdout);
}

// Joins the object with those of imported C files.
Result<> link_imports(compile::Compilation& compilation, const std::string& name) {
  const auto imported = compilation.c_objects();
  if (imported.empty()) return {};
  std::vector<runtime::ObjectFile> objects = {{name, compilation.image().object}};
  for (const auto& [path, elf] : imported) objects.push_back({path, std::as_bytes(elf)});
  auto linked = runtime::link_objects(objects);
  if (!linked) return std::unexpected(linked.error());
  compilation.set_object(std::move(*linked));
  return {};
}

Result<> write_file(const std::string& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) return base::fail_errno("write " + path);
  return {};
}

Result<> emit_files(const compile::Compilation& compilation, const Options& options) {
  if (!options.emit_elf.empty()) {
    const std::vector<std::byte>& object = compilation.image().object;
    SONDE_TRY(write_file(options.emit_elf, {reinterpret_cast<const char*>(object.data()), object.size()}));
  }
  if (!options.emit_llvm.empty()) {
    SONDE_TRY(write_file(options.emit_llvm + ".original.ll", compilation.ir_before()));
    SONDE_TRY(write_file(options.emit_llvm + ".optimized.ll", compilation.ir_after()));
  }
  return {};
}

// The runtime to build executables from: sonde-run beside this executable.
std::string runner_path() {
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self);
  const std::string path(self, length > 0 ? static_cast<size_t>(length) : 0);
  return path.substr(0, path.rfind('/') + 1) + "sonde-run";
}

int build_executable(const image::Image& image, const Options& options, const Console& console) {
  const auto written = runtime::write_stand_alone(runner_path(), image::write(image), options.output);
  if (written) return 0;
  console.error(written.error().text());
  return runtime::kExitUsage;
}

int run_compiled(const image::Image& image, const Options& options, runtime::Processes processes,
                 const Console& console) {
  runtime::RunOptions how;
  how.output = options.output;
  how.format = options.format;
  how.buffering = static_cast<print::Buffering>(options.buffering);
  how.quiet = options.quiet;
  how.verbose = options.verbose;
  how.warnings = options.runtime_warnings;
  how.no_warnings = options.no_warnings;
  how.dry_run = options.dry_run;
  if (options.mode == Mode::test) how.exercise = runtime::Exercise::tests;
  if (options.mode == Mode::bench) how.exercise = runtime::Exercise::benchmarks;
  how.color = console.color();
  how.debug_libbpf = options.debug.contains("libbpf");
  how.debug_verifier = options.debug.contains("verifier");
  how.dwarf_pids = options.dwarf_pids;
  how.debug_folders = options.debuginfo;
  how.parameters = options.named;
  how.no_kprobe_multi = std::ranges::find(options.disabled_features, "kprobe_multi") != options.disabled_features.end();
  how.no_uprobe_multi = std::ranges::find(options.disabled_features, "uprobe_multi") != options.disabled_features.end();
  if (!options.probe_filter.empty()) {
    try {
      how.probe_filter = [pattern = std::regex(options.probe_filter)](std::string_view name) {
        return std::regex_search(name.begin(), name.end(), pattern);
      };
    } catch (const std::regex_error& error) {  // the standard library's only way to refuse a pattern
      console.error("Invalid --probe-filter regex '" + options.probe_filter + "': " + error.what());
      return runtime::kExitFailed;
    }
  }
  print::FdSink err(STDERR_FILENO, print::Buffering::line);
  return runtime::run_image(image, how, std::move(processes), err);
}

// Reasons why nothing at all can be traced here, and doubts whether it works.
bool kernel_permits(const kernel::KernelView& kernel, const Console& console) {
  if (kernel.lockdown() == "confidentiality") {
    std::fputs(
        "Kernel lockdown is in 'confidentiality' mode. It blocks the parts of BPF that tracing needs:\n"
        "reading kernel memory and calling most helpers. Start the kernel with lockdown=integrity or\n"
        "without lockdown (it may have been switched on by UEFI secure boot), see\n"
        "https://man7.org/linux/man-pages/man7/kernel_lockdown.7.html\n",
        stderr);
    return false;
  }
  int major = 0, minor = 0;
  if (std::sscanf(kernel.release().c_str(), "%d.%d", &major, &minor) == 2 && (major < 5 || (major == 5 && minor < 15)))
    console.warning("Kernel version (" + kernel.release() +
                    ") is lower than the minimum supported kernel version (5.15.0). Some features/scripts may not "
                    "work as expected.");
  return true;
}

// Puts the container's cgroup in the place of its name. Fails when there is no such cgroup.
Result<> resolve_cgroup(Options& options, const kernel::KernelView& kernel) {
  if (!options.container.empty()) {
    auto folder = cgroup_of_container(options.container);
    if (!folder) return std::unexpected(folder.error());
    options.cgroup = std::move(*folder);
  }
  if (options.cgroup.empty()) return {};
  const auto id = kernel.cgroup_id(options.cgroup);
  return id ? Result<>() : std::unexpected(id.error());
}

int compile_and_run(Options options, const Console& console) {
  const auto script = read_script(options);
  if (!script) {
    console.error(script.error().text());
    return runtime::kExitUsage;
  }
  auto processes = runtime::open_processes(options.command, options.pid);
  if (!processes) {
    console.error(processes.error().text());
    return runtime::kExitUsage;
  }
  types::TypeContext types;
  const auto kernel = open_kernel(types, options, console);
  if (!kernel) return runtime::kExitUsage;
  if (options.mode != Mode::codegen && options.mode != Mode::build && !kernel_permits(*kernel, console))
    return runtime::kExitUsage;
  const kernel::BinaryView binaries(options.debuginfo);
  if (const auto known = resolve_cgroup(options, *kernel); !known) {
    console.error(known.error().text());
    return runtime::kExitUsage;
  }
  compile::Options how = compile_options(options, *processes);
  how.import_root = script->root;
  compile::Compilation compilation(*kernel, binaries, how);
  const bool done = compilation.run(script->name, script->text);
  print_diagnostics(compilation, options, console);
  if (!done) {
    if (compilation.bad_environment())
      std::fprintf(stderr, "%s\n", compilation.failure().c_str());
    else if (!compilation.failure().empty())
      console.error(compilation.failure());
    return compilation.bad_environment() || compilation.bad_c() ? kExitEnvironment : runtime::kExitUsage;
  }
  print_stages(compilation, options);
  if (const auto linked = link_imports(compilation, script->name); !linked) {
    console.error(linked.error().text());
    return runtime::kExitUsage;
  }
  if (const auto emitted = emit_files(compilation, options); !emitted) {
    console.error(emitted.error().text());
    return runtime::kExitUsage;
  }
  if (options.mode == Mode::codegen) return 0;
  if (options.mode == Mode::compiler_bench) {
    std::fputs(info_text(options).c_str(), stdout);
    const auto again = [&](compile::PassTimer timer) {
      types::TypeContext own_types;
      const auto own_kernel = open_kernel(own_types, options, console);
      compile::Options timed = how;
      timed.on_pass = std::move(timer);
      return own_kernel &&
             compile::Compilation(*own_kernel, binaries, std::move(timed)).run(script->name, script->text);
    };
    return bench_compiler(again) ? 0 : runtime::kExitUsage;
  }
  if (options.mode == Mode::build) return build_executable(compilation.image(), options, console);
  return run_compiled(compilation.image(), options, std::move(*processes), console);
}

}  // namespace

int run_main(const Options& options) {
  std::string complaint;
  const Console console(base::wants_color(complaint));
  if (!complaint.empty()) console.warning(complaint);
  const bool needs_kernel =
      options.mode != Mode::codegen && options.mode != Mode::build && options.mode != Mode::format;
  if (const auto missing = missing_privileges(); needs_kernel && missing) {
    console.error(*missing);
    return runtime::kExitUsage;
  }
  if (options.mode == Mode::info) {
    std::fputs(info_text(options).c_str(), stdout);
    return 0;
  }
  if (options.mode == Mode::format) return format_script(options, console);
  return options.mode == Mode::list ? list_probes(options, console) : compile_and_run(options, console);
}

}  // namespace sonde::driver
