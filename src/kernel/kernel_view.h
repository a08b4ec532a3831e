// The only source of kernel facts for the compiler: a live system or a recorded folder. Const to its users; everything is
// read on first use, so a script pays only for what it touches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "types/type.h"

namespace sonde::kernel {

// One line of an event's `format` file.
struct TracepointField {
  std::string text;       // between `field:` and `;`: "const char * filename"
  std::string type_text;  // "const char *"
  std::string name;
  uint32_t offset = 0, size = 0;
  bool is_signed = false;
  std::optional<uint32_t> array_length;  // `name[N]`, 0 for `[]`
  bool data_loc = false;                 // `__data_loc T[] name`
  bool common = false;                   // common_type, ...
};
struct TracepointFormat {
  uint64_t id = 0;
  std::vector<TracepointField> fields;
};

struct Parameter {
  std::string name;
  types::TypeRef type = nullptr;
  std::string c_text;  // C declaration text of the type, for -lv
};
// A kernel function as BTF describes it.
struct FunctionProto {
  std::string name;
  std::string module;   // "vmlinux" or a module
  uint32_t btf_id = 0;  // of the FUNC in that module's BTF
  std::vector<Parameter> parameters;
  types::TypeRef result = nullptr;  // kind void_type for void
  std::string result_text;
};

// What BTF has under one name of a type.
struct TypeDefinition {
  std::string module;  // "vmlinux" or a module
  std::string text;    // C, lines separated by '\n', without one at the end
};

// A loaded BPF program, or one of its subprograms.
struct BpfFunction {
  uint32_t program = 0;  // id
  uint32_t btf_id = 0;   // of the FUNC in the program's own BTF
  std::string name;      // the whole one, from BTF
};

struct Enumerator {
  types::TypeRef type = nullptr;
  uint64_t value = 0;
};

class KernelView {
 public:
  virtual ~KernelView() = default;

  virtual types::TypeContext& types() const = 0;

  // --- BTF types; null / empty when BTF or the name is missing --------------------------------------------------------
  virtual bool has_btf() const = 0;
  // A type by its C name: tag "struct"/"union"/"enum", or "" for typedefs and base types ("u32", "pid_t", "int").
  virtual types::TypeRef find_type(std::string_view tag, std::string_view name) const = 0;
  virtual std::optional<Enumerator> find_enumerator(std::string_view name) const = 0;
  // Function by name; module "" or "*": any (vmlinux first). Errors say what is missing ("BTF data not available").
  virtual Result<FunctionProto> find_function(std::string_view module, std::string_view name) const = 0;
  // Prototype of a raw tracepoint (its first, void * parameter removed); btf_id is that of the typedef btf_trace_NAME.
  virtual Result<FunctionProto> find_raw_tracepoint(std::string_view name) const = 0;
  // `struct bpf_iter__NAME` and the BTF id of function bpf_iter_NAME.
  virtual Result<FunctionProto> find_iterator(std::string_view name) const = 0;

  // --- lists, for wildcards, listing and "did you mean"; sorted, unique -------------------------------------------------
  virtual Result<std::vector<std::string>> tracepoints() const = 0;          // "category:event"
  virtual Result<std::vector<std::string>> raw_tracepoints() const = 0;      // "module:event"
  virtual Result<std::vector<std::string>> traceable_functions() const = 0;  // "module:function"
  virtual Result<std::vector<std::string>> btf_functions() const = 0;        // "module:function", fentry candidates
  virtual std::vector<std::string> iterators() const = 0;
  // Loaded programs that have BTF, with their subprograms, in order of their ids.
  virtual std::vector<BpfFunction> bpf_functions() const = 0;
  virtual std::vector<std::string> type_names(std::string_view tag) const = 0;
  // Definitions of a struct, union or enum: vmlinux's, then those of modules where they differ from it.
  virtual std::vector<TypeDefinition> type_definitions(std::string_view tag, std::string_view name) const = 0;

  // --- tracefs --------------------------------------------------------------------------------------------------------
  virtual Result<TracepointFormat> tracepoint_format(std::string_view category, std::string_view event) const = 0;

  // --- the machine ----------------------------------------------------------------------------------------------------
  virtual std::string release() const = 0;  // uname -r
  virtual std::string arch() const = 0;     // "x86_64"
  virtual uint32_t possible_cpus() const = 0;
  virtual Result<uint64_t> symbol_address(std::string_view name) const = 0;  // kallsyms
  virtual Result<uint64_t> cgroup_id(std::string_view path) const = 0;
  // Steps from the root of the hierarchy down to the cgroup; 0: the root, or not known (inside a cgroup namespace).
  virtual uint32_t cgroup_depth(std::string_view path) const = 0;
  virtual bool module_loaded(std::string_view name) const = 0;
  // Named feature of the running kernel ("kprobe_multi", "uprobe_multi", "get_func_ip", "d_path", ...), probed lazily
  // without loading programs where the version or BTF tells.
  virtual bool has_feature(std::string_view name) const = 0;
  // Lockdown mode as the kernel names it ("none", "integrity", "confidentiality"); empty when unknown.
  virtual std::string lockdown() const = 0;
};

}  // namespace sonde::kernel
