// Typed program + plan -> BPF object. The only folder that includes LLVM headers. Needs no root and no kernel.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "plan/plan.h"
#include "sema/typed_program.h"
#include "source/source_buffer.h"

namespace sonde::lower {

struct Options {
  bool portable = false;          // CO-RE relocations instead of resolved offsets
  bool runtime_warnings = false;  // -k: probe reads and lookups report their failures
  bool verify_ir = false;
  bool want_ir = false;  // keep texts below
  // Objects of more bytes are not kept on the kernel's stack; empty: as experience says.
  std::optional<uint64_t> stack_object = {};
  // Type of a kernel structure by tag ("struct") and name, for builtins that read kernel memory; null: no such type.
  std::function<types::TypeRef(std::string_view tag, std::string_view name)> kernel_type = {};
  // Whether the kernel's BTF has a function of this name.
  std::function<bool(std::string_view name)> has_kernel_function = {};
};

// Version of LLVM that this build links.
std::string llvm_version();

// A program with more maps than the kernel allows.
struct MapsLimit {
  source::Range probe;  // its attach point
  uint32_t maps = 0;
  uint32_t internal = 0;  // of those, the ones that no script names
  uint32_t allowed = 0;
};

struct Output {
  std::optional<MapsLimit> too_many_maps;  // the object is of no use then
  std::string ir_before;                   // with want_ir: the module before and after optimisation
  std::string ir_after;
};

// Completes plan.image: object, error sites, parameters, strings, size of the scratch map. Fails only on limits of the
// target (an object LLVM cannot emit, or the kernel cannot run), which the typed program should have excluded.
Result<Output> lower(const sema::TypedProgram& program, plan::Plan& plan, const source::SourceSet& sources,
                     const Options& options);

}  // namespace sonde::lower
