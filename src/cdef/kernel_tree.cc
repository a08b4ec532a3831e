// A tree is two folders where the build was made apart from its sources, as distributions package it.
#include "cdef/kernel_tree.h"

#include <cstdlib>
#include <filesystem>

namespace sonde::cdef {
namespace {

std::string from_environment(const std::string& name) {
  for (const char* prefix : {"SONDE_", "BPFTRACE_"})
    if (const char* value = std::getenv((prefix + name).c_str()); value && *value) return value;
  return {};
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return !path.empty() && std::filesystem::is_directory(path, error);
}

// The folder below arch/.
std::string arch_folder(const std::string& machine) {
  if (const char* given = std::getenv("ARCH"); given && *given) return given;
  if (machine == "x86_64") return "x86";
  return machine == "aarch64" ? "arm64" : machine;
}

}  // namespace

std::vector<std::string> kernel_tree_folders(const std::string& machine, const std::string& release) {
  std::string source = from_environment("KERNEL_SOURCE");
  std::string build = from_environment("KERNEL_BUILD");
  if (build.empty()) build = source;
  const std::string modules = "/lib/modules/" + release;
  if (source.empty()) source = build.empty() ? modules + "/source" : build;
  if (build.empty()) build = modules + "/build";
  if (!is_folder(source)) source = build;
  if (!is_folder(build)) build = source;
  if (!is_folder(source)) return {};

  const std::string arch = "/arch/" + arch_folder(machine) + "/include";
  std::vector<std::string> folders;
  for (const std::string& folder :
       {source + arch, build + arch + "/generated", source + "/include", build + "/include", source + arch + "/uapi",
        build + arch + "/generated/uapi", source + "/include/uapi", build + "/include/generated/uapi"})
    if (is_folder(folder)) folders.push_back(folder);
  return folders;
}

std::string_view kernel_tree_preamble() {
  return "#define __KERNEL__ 1\n"
         "#define KBUILD_MODNAME \"sonde\"\n"
         "#include <linux/compiler_types.h>\n"
         "#include <linux/kconfig.h>\n";
}

}  // namespace sonde::cdef
