// A probe provider in exactly one place: src/probes/<name>.cc ends in one Provider row, registry.cc lists the rows. There is
// no attach function: resolve() answers with an AttachSpec, and the runtime visits that.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "diag/diagnostic.h"
#include "image/attach_spec.h"
#include "kernel/binary_view.h"
#include "kernel/kernel_view.h"
#include "probes/usdt_arguments.h"
#include "source/location.h"
#include "types/capability.h"
#include "types/type.h"

namespace sonde::probes {

// Where `args`, `argN` and `retval` of a program come from. Closed: lowering switches on it, never on a provider.
enum class ArgSource : uint8_t {
  none,
  registers,       // struct pt_regs *: argN, retval, reg(), ctx
  context_struct,  // fields at fixed offsets of the context (tracepoint format); `args` is `args_type`
  raw_words,   // u64 args[] of a BTF-typed program (raw tracepoint, fentry, fexit): member i of `args_type` at word i
  iterator,    // the context is struct bpf_iter__NAME *
  perf_event,  // struct bpf_perf_event_data *: ctx, reg()
  usdt,        // struct pt_regs *; argN where `usdt_arguments` says
  entry_registers,  // struct pt_regs * of a return; `args` are registers that a program at the entry has saved
};

// One bit each; `Provider::capabilities` is their union.
using types::Capability;
using enum types::Capability;

// A field of args_type in the registers of the context, unless empty.
struct ArgPieces {
  std::vector<debuginfo::RegisterPiece> pieces;
  bool by_reference = false;  // the only piece is the address of the field
};

// One program to be: a provider's answer for one match of one attach point.
struct ResolvedProbe {
  std::string provider;               // canonical name: "tracepoint"
  std::string probetype;              // what the `probetype` builtin gives: "special" for begin
  std::string full_name;              // probes.md 2.4: "tracepoint:syscalls:sys_enter_openat"
  std::string label;                  // user name in front of `=`, else empty
  uint32_t program_type = 0;          // enum bpf_prog_type (linux/bpf.h)
  uint32_t expected_attach_type = 0;  // enum bpf_attach_type
  image::AttachSpec attach;
  // For entry_registers: where the function is entered.
  std::optional<image::AttachSpec> entry_attach;
  ArgSource arg_source = ArgSource::none;
  uint32_t capabilities = 0;
  types::TypeRef args_type = nullptr;  // c_record named "FULLNAME_args"; null without arguments
  // Why args_type is null although the provider has arguments: the message for a script that uses `args`.
  std::string args_error;
  // Where each field of args_type is, in field order: for raw_words the index of its word, for registers and entry_registers
  // the number of its argument register. A by-value struct takes several.
  std::vector<uint32_t> arg_words;
  // For registers, in the same order, empty where all are as arg_words say: what is in other registers.
  std::vector<ArgPieces> arg_pieces;
  // For usdt: arguments by the attach cookie of the place that was reached; one entry where all places agree.
  std::vector<std::vector<UsdtArgument>> usdt_arguments;
  types::TypeRef retval_type = nullptr;     // fexit: BTF type; registers: uint64
  uint32_t retval_word = 0;                 // raw_words: index of the return value
  types::Space space = types::Space::none;  // of pointers read through args, argN, retval
  types::TypeRef context_type = nullptr;    // pointee of `ctx`
  uint64_t default_return = 0;              // when the block has no explicit return
  // context_struct in portable images: "category:event", so that offsets can be looked up on the target machine.
  std::string format_name;
};

// A raw attach point, split (parse/attach_spec.h has done quotes, `$N` and the label).
struct AttachText {
  std::string text;                // as written
  std::vector<std::string> parts;  // parts[0]: provider; `@` stands as a part of its own
  std::string label;
  source::Range range;
};

// What resolve() and list() may look at.
struct ProbeContext {
  const kernel::KernelView& kernel;
  const kernel::BinaryView& binaries;
  diag::Diagnostics& diagnostics;
  bool unsafe = false;
  std::optional<int> pid;   // -p, or the child of -c
  bool expand_all = false;  // the block reads `probe`: one program per match
  enum class Missing : uint8_t { error, warn, ignore } missing = Missing::error;
  uint64_t max_programs = 1024;
  bool wants_args = false;  // the block reads `args`: worth looking for their types where that is expensive
  // Left by resolve() when a name matched nothing without that being its own error: hints for the message that no attach
  // point of the probe is left.
  std::vector<std::string> hints;
  // Left by describe(): what could not be shown, each once.
  std::vector<std::string> warnings;
};

struct Provider {
  std::string_view name;                      // canonical, lower case
  std::span<const std::string_view> aliases;  // exact spellings: short names, kfunc
  std::string_view spec;                      // shape for the manual: "tracepoint:CATEGORY:EVENT"
  std::string_view summary;
  std::string_view example;  // one line of script
  std::string_view proven;   // what its tests show on which kernels, for the manual; empty: see the summary
  uint32_t capabilities = 0;
  bool in_kernel_list = false;  // takes part in `-l` without provider and in wildcarded providers
  // Appends one ResolvedProbe per program. Problems are reported to context.diagnostics at text.range; returns false when
  // an error was reported.
  bool (*resolve)(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out) = nullptr;
  // Names that match `pattern` (the part behind "PROVIDER:"), without the provider; sorted. For -l and suggestions.
  std::vector<std::string> (*list)(ProbeContext& context, std::string_view pattern) = nullptr;
  // Parameter lines of one listed name, for -lv; null: the provider has none.
  std::vector<std::string> (*describe)(ProbeContext& context, std::string_view name) = nullptr;
};

// All providers, in the order of the manual.
std::span<const Provider* const> providers();
// By name (any case) or by alias (exact); null when unknown.
const Provider* find_provider(std::string_view name);

// Resolves one attach point, wildcarded provider included (probes.md 2.7, 3, 4.1). False when an error was reported.
bool resolve(ProbeContext& context, const AttachText& text, std::vector<ResolvedProbe>& out);

}  // namespace sonde::probes
