// What a builtin's check hook sees of one call: argument types, literal values and facts about the probe it stands in, but
// never the tree. Implemented by sema.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "diag/diagnostic.h"
#include "image/image.h"
#include "types/type.h"

namespace sonde::builtins {

struct Builtin;

// A map given as an argument. Key and value may still be unknown while inference runs (kind none).
struct MapArgument {
  std::string name;
  bool scalar = false;
  types::TypeRef key = nullptr;
  types::TypeRef value = nullptr;
};

struct Argument {
  types::TypeRef type = nullptr;  // null for maps and words
  source::Range range;
  std::optional<uint64_t> integer;  // literal after folding: its 64-bit two's complement bits
  bool negative = false;            // ... and whether it is below zero
  std::optional<std::string> text;  // string literal
  std::optional<bool> boolean;      // bool literal
  bool constant = false;            // known while compiling: any of these, or a tuple or record of such
  std::optional<std::string> word;  // bare identifier in a position of ParamKind::word ("boot", "perf")
  std::optional<MapArgument> map;   // `@m`, or `@m[k]` in a position of ParamKind::any (then `keyed_read`)
  bool keyed_read = false;          // the argument reads a map entry: `@m[k]`, or a scalar map by value
};

// A named parameter of the script: what getopt() declares.
struct ScriptOption {
  std::string name;
  std::string description;
  image::ParameterKind kind = image::ParameterKind::boolean;
  std::string default_text;
  bool operator==(const ScriptOption&) const = default;
};

// A symbol of the probed binary, both addresses as the file has them.
struct UserSymbol {
  uint64_t address = 0;
  uint64_t size = 0;           // bytes
  uint64_t probe_address = 0;  // of the instruction that the probe is on
};

// Facts about the probe and the compilation that hooks may ask for. Implemented by sema.
class CallEnvironment {
 public:
  virtual ~CallEnvironment() = default;
  virtual types::TypeContext& types() = 0;
  virtual diag::Diagnostics& diagnostics() = 0;
  // Probe: provider word ("tracepoint"), probetype word ("special"), full name, capability bits (types/capability.h),
  // address space of its values.
  virtual std::string provider() const = 0;
  virtual std::string probetype() const = 0;
  virtual std::string probe_name() const = 0;
  virtual bool capable(uint32_t capability) const = 0;
  virtual types::Space space() const = 0;
  // Configuration by key ("max_strlen", "stack_mode") as text.
  virtual std::string config(std::string_view key) const = 0;
  // The same without what the library is allowed regardless: what `config` shows.
  virtual std::string configured(std::string_view key) const { return config(key); }
  virtual bool unsafe_allowed() const = 0;
  // Kernel facts.
  virtual Result<uint64_t> symbol_address(std::string_view name) = 0;
  virtual Result<uint64_t> cgroup_id(std::string_view path) = 0;
  virtual types::TypeRef kernel_type(std::string_view tag, std::string_view name) = 0;
  virtual uint32_t possible_cpus() const = 0;
  virtual bool has_feature(std::string_view name) const = 0;
  // Whether the kernel's BTF has a function, and whether the probe's programs may call the kernel's functions for BPF.
  virtual bool has_kernel_function(std::string_view) const { return false; }
  virtual bool calls_kernel_functions() const { return false; }
  // How a program whose arguments the kernel types by BTF is attached.
  virtual std::optional<image::TracingKind> tracing() const { return {}; }
  // The binary of a user probe, and a symbol in it.
  virtual std::string probe_binary() const { return {}; }
  virtual Result<UserSymbol> user_symbol(std::string_view name) {
    return base::fail("no user probe: " + std::string(name));
  }
  // Makes a named script parameter known (getopt). Equal calls count once; a name with another default is reported.
  virtual void declare_option(source::Range, const ScriptOption&) {}
};

// One call of a row. Valid only during the hook.
struct CallView {
  const Builtin& row;
  source::Range range;
  const std::vector<Argument>& arguments;
  CallEnvironment& env;
};

}  // namespace sonde::builtins
